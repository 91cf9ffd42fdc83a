"""Traits of a sentence: who is spoken of, how, and whether it is denied, quoted or answered; by words."""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.folding import Folding, Place
from homeostat.evaluate.safety.sentence import NO_WORDS, Sentence
from homeostat.evaluate.safety.terms import automaton, patterns_of, words_of
from homeostat.evaluate.safety.verdict import Finding, severities

NAMES = (
    "group", "referred", "you", "hostile", "harm", "praise", "negated hostile", "negated praise", "quoted",
    "reported", "counter", "question", "slur", "rude", "profane", "sexual", "violent", "self-harm",
    "group hostile", "group harm", "group negated hostile", "group negated praise", "group quoted",
    "group reported", "group counter", "group praise", "group profane", "you hostile", "you group counter",
)  # fmt: skip
_NEAR = 4
_QUOTES = re.compile(r"[\"“”«»„][^\"“”«»„]{3,}[\"“”«»„]|(?<!\w)['‘][^'‘’]{3,}['’](?!\w)")
_QUOTE = re.compile("[\"“”«»„'‘’]")
_BREAKS = frozenset(("but", "that", "because", "if", "when", "why", "how", "only"))
_THEY = re.compile(r" (?:they|them|their|theirs|themselves|these|those|kind|you|your) ")
_YOU = re.compile(r" (?:you|your|u|ur|you're|yourself) ")
_TERMS = (
    Category.HATE, Category.HARASSMENT, Category.PROFANITY,
    Category.SEXUAL, Category.VIOLENCE, Category.SELF_HARM,
)  # fmt: skip


_NOTHING_SAID = [0.0] * len(_TERMS)
_NO_MORE = (0.0,) * (len(NAMES) - 3)


class Traits:
    """Counts the traits of sentences. It is built once, and safe for threads; some 10 us a sentence."""

    def __init__(self, folding: Folding) -> None:
        text = files(__package__).joinpath("terms.toml").read_text(encoding="utf-8")
        listed = [
            (pattern, role)
            for role, words in tomllib.loads(text)["roles"].items()
            for entry in words.split()
            for pattern in patterns_of(entry, folding)
        ]
        self._roles = tuple(role for _, role in listed)
        self._found = automaton(pattern for pattern, _ in listed)

    def of(self, sentences: Sequence[Sentence], terms: Sequence[Sequence[Finding]]) -> NDArray[np.float64]:
        """Return the traits of each sentence, shape (n, len(NAMES)), given the terms found in it."""
        return np.array([self._of(one, found) for one, found in zip(sentences, terms, strict=True)])

    def refers(self, sentence: Sentence) -> bool:
        """Whether a sentence speaks of a group of people that only the one before it names."""
        if sentence.line_before == NO_WORDS or _THEY.search(sentence.lines[0].text) is None:
            return False
        return "group" in self._roles_in(sentence.line_before) and "group" not in self._roles_in(
            sentence.lines[0].text
        )

    def _roles_in(self, line: str) -> dict[str, list[int]]:
        """Return where each role stands in a line, by the number of the word."""
        found: dict[str, list[int]] = {}
        for number, start, end in self._found.find_matches_as_indexes(line, overlapping=True):
            found.setdefault(self._roles[number], []).append(words_of(line, start, end)[0])
        return found

    def _of(self, sentence: Sentence, terms: Sequence[Finding]) -> list[float]:
        line = sentence.lines[-1 if len(sentence.lines) == 1 else 1]
        roles = self._roles_in(line.text)
        group = float("group" in roles)
        referred = float(not group and self.refers(sentence))
        if not roles and not terms and not referred:
            return [0.0, 0.0, float(_YOU.search(line.text) is not None), *_NO_MORE]
        quotes = quoted_places(sentence.text)
        places = sentence.places(line) if quotes else ()
        words = line.text.split() if roles.get("negator") else []
        negators, reports = roles.get("negator", []), roles.get("report", [])
        counts = {"hostile": 0.0, "harm": 0.0, "praise": 0.0}
        negated = {"hostile": 0.0, "harm": 0.0, "praise": 0.0}
        quoted = reported = 0.0
        for role in counts:
            for word in roles.get(role, ()):
                if any(0 < word - n <= _NEAR and not _broken(words, n, word) for n in negators):
                    negated[role] += 1
                elif any(start <= places[word][0] < end for start, end in quotes):
                    quoted += role != "praise"
                else:
                    counts[role] += 1
                    reported += role != "praise" and any(r < word for r in reports)
        hostile, harm, praise = (min(counts[role], 2.0) for role in counts)
        denied, unpraised = min(negated["hostile"] + negated["harm"], 2.0), min(negated["praise"], 2.0)
        quoted, reported = min(quoted, 2.0), min(reported, 2.0)
        counter = min(len(roles.get("counter", ())), 2.0)
        you = float(_YOU.search(line.text) is not None)
        worst = severities(terms)
        said = [worst.get(category, 0.0) / 10 for category in _TERMS] if worst else _NOTHING_SAID
        some = max(group, referred)
        return [
            group, referred, you, hostile, harm, praise, denied, unpraised, quoted, reported, counter,
            float("?" in sentence.text), *said,
            some * hostile, some * harm, some * denied, some * unpraised, some * quoted, some * reported,
            some * counter, some * praise, some * said[2], you * hostile, you * some * counter,
        ]  # fmt: skip


def quoted_places(text: str) -> list[Place]:
    """Return where a text quotes."""
    return [match.span() for match in _QUOTES.finditer(text)] if _QUOTE.search(text) else []


def _broken(words: Sequence[str], negator: int, word: int) -> bool:
    """Whether what a negator denies ends before a word: `nothing but contempt`, `not obvious that I hate`."""
    return not _BREAKS.isdisjoint(words[negator + 1 : word])
