"""Injection: orders to the model in a text that should be data, told by their turns of phrase.

English, German, and plain orders to forget the rules in five other languages. A filter of phrases is a
fence and no wall: what must never follow orders takes no text as an order.
"""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.terms import automaton
from homeostat.evaluate.safety.verdict import Finding


class Injection:
    """Finds orders to the model. It keeps nothing, and is safe for threads."""

    def __init__(self) -> None:
        text = files(__package__).joinpath("injection.toml").read_text(encoding="utf-8")
        document = tomllib.loads(text)
        self._cues = automaton(document["cues"])
        self._phrases = tuple(
            (one["kind"], float(one["severity"]), re.compile(one["pattern"], re.MULTILINE))
            for one in document["phrases"]
        )

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence; the place is the whole of it."""
        return [
            self._of(one.plain, len(one.text))
            or (self._of(one.lines[1].text, len(one.text)) if len(one.lines) > 1 else [])
            for one in sentences
        ]

    def _of(self, plain: str, length: int) -> list[Finding]:
        if self._cues.find_matches_as_indexes(plain):
            for kind, severity, phrase in self._phrases:
                if phrase.search(plain) is not None:
                    return [Finding(Category.INJECTION, severity, 0, length, "pattern", kind)]
        return []
