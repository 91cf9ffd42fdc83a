"""Roles of words: what the words of a sentence do in it, in the language that it is written in.

English, and German: the same roles, so that what was learned of the one says something about the other.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

from homeostat.evaluate.function_words import FUNCTION_WORDS
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.terms import automaton, patterns_of

Found = tuple[dict[str, list[int]], int]
"""Where each counted role stands, by the number of the word, and bits of the roles that are only there."""

TELLS = "tells"
"""The role of words that tell another language than English."""


class Roles:
    """Finds the roles of a line's words. It is built once, and safe for threads; 2 us a line.

    `bits` gives the roles that are not counted, with the bit of each.
    """

    def __init__(self, folding: Folding, bits: Mapping[str, int]) -> None:
        text = files(__package__).joinpath("roles.toml").read_text(encoding="utf-8")
        document = tomllib.loads(text)
        english, german = document["en"], document["de"]
        self.negators = frozenset([*english["negator"].split(), *german["negator"].split()])
        self._abroad = bits[TELLS]
        self._tells = frozenset(folding.plain(word) for word in german[TELLS].split())
        self._english = _Language({**english, TELLS: german[TELLS]}, folding, bits)
        self._german = _Language(german, folding, bits)

    def of(self, line: str) -> Found:
        """Return the roles of a line; the bit of `tells` is set where it is not read as English."""
        found, seen = self._english.of(line)
        if seen & self._abroad:
            words = frozenset(line.split())
            if len(words & self._tells) > len(words & FUNCTION_WORDS):
                return self._german.of(line)
            seen &= ~self._abroad
        return found, seen


class _Language:
    def __init__(self, roles: Mapping[str, str], folding: Folding, bits: Mapping[str, int]) -> None:
        listed = [
            (pattern, role)
            for role, words in roles.items()
            for entry in words.split()
            for pattern in patterns_of(entry, folding)
        ]
        self._roles = tuple((role, bits.get(role, 0)) for _, role in listed)
        self._found = automaton(pattern for pattern, _ in listed)

    def of(self, line: str) -> Found:
        found: dict[str, list[int]] = {}
        seen = 0
        for number, start, _ in self._found.find_matches_as_indexes(line, overlapping=True):
            role, bit = self._roles[number]
            if bit:
                seen |= bit
            else:
                found.setdefault(role, []).append(line.count(" ", 0, start + 1) - 1)
        return found, seen
