"""Triggers: what a person asked to be spared, by word in any form and disguise, and by meaning."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder
from homeostat.core.errors import ConfigError
from homeostat.evaluate.function_words import FUNCTION_WORDS
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.inflection import forms
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.terms import automaton, words_of
from homeostat.evaluate.safety.verdict import Finding

TRIGGERS_MAX = 200
NAMED, MEANT = 9.0, 5.0
"""Severity of a trigger that is named, and of one that is only meant."""

NEAR = 0.28
"""From this cosine on a sentence is about a trigger; see docs/decisions/0082-guard.md for what that costs."""


class Triggers:
    """Finds a person's triggers. It is built for the person, keeps nothing else, and is safe for threads.

    Each trigger is a word or a short description. Its last word is found in all its forms, those before it as
    they stand; by meaning, the whole. The kind of a finding is the number of its trigger, from 0. Raises
    ConfigError for more than 200 of them or an empty one, EmbedderError where they cannot be embedded.
    """

    def __init__(self, triggers: Sequence[str], folding: Folding, embedder: Embedder | None) -> None:
        if len(triggers) > TRIGGERS_MAX:
            raise ConfigError(f"{len(triggers)} triggers are more than {TRIGGERS_MAX}: name fewer")
        listed: list[tuple[str, int]] = []
        for number, trigger in enumerate(triggers):
            line = next(iter(folding.lines(folding.plain(trigger)))).text
            if not line.strip():
                raise ConfigError(f"trigger {number} has no words: say what is to be avoided")
            listed += [(pattern, number) for pattern in _patterns(line)]
        self._numbers = tuple(number for _, number in listed)
        self._found = automaton(pattern for pattern, _ in listed)
        self._vectors: NDArray[np.float32] | None = None
        if embedder is not None and triggers:
            self._vectors = embedder.embed([t.encode("utf-8", "replace").decode("utf-8") for t in triggers])

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence."""
        return [self._of(one) for one in sentences]

    def _of(self, sentence: Sentence) -> list[Finding]:
        found: dict[tuple[int, int, int], Finding] = {}
        for line in sentence.lines:
            for number, start, end in self._found.find_matches_as_indexes(line.text, overlapping=True):
                first, last = words_of(line.text, start, end)
                places = sentence.places(line)
                key = (self._numbers[number], places[first][0], places[last][1])
                found[key] = Finding(Category.TRIGGER, NAMED, key[1], key[2], "trigger", str(key[0]))
        if sentence.vector is not None and self._vectors is not None:
            named = {key[0] for key in found}
            for number in np.flatnonzero(self._vectors @ sentence.vector >= NEAR).tolist():
                if number not in named:
                    key = (number, 0, len(sentence.text))
                    found[key] = Finding(Category.TRIGGER, MEANT, 0, key[2], "meaning", str(number))
        return list(found.values())


def _patterns(line: str) -> set[str]:
    """Return what a trigger's line is looked for as: its last word that means something, in all forms."""
    words = [word for word in line.split() if word not in FUNCTION_WORDS] or line.split()
    head = " ".join(words[:-1])
    lead = f" {head} " if head else " "
    return {f"{lead}{form} " for form in forms(words[-1])} | {line}
