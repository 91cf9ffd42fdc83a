"""Inflection: the forms of an English word. It gives rather too many than too few; not all of them exist."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

_VOWELS = "aeiou"


def forms(word: str) -> frozenset[str]:
    """Return the forms of a word in small letters, itself among them.

    >>> sorted(form for form in forms("stab") if "'" not in form)[:4]
    ['stab', 'stabbed', 'stabber', 'stabbers']
    """
    found = {word}
    for stem in _stems(word):
        found |= _regular(stem)
        for family in _families().get(stem, ()):
            found |= family
    return frozenset(found | {form + "'s" for form in found})


def _stems(word: str) -> set[str]:
    """Return what a word may be a form of."""
    stems = {word}
    if len(word) > 4 and word.endswith("ies"):
        stems.add(word[:-3] + "y")
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        stems.add(word[:-1])
        if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
            stems.add(word[:-2])
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and any(letter in "aeiouy" for letter in stem):
            stems |= {stem, stem + "e"}
            if stem[-1] == stem[-2]:
                stems.add(stem[:-1])
            if stem.endswith("i"):
                stems.add(stem[:-1] + "y")
    return stems


def _regular(stem: str) -> set[str]:
    """Return the regular forms of a noun or a verb."""
    if len(stem) > 2 and stem.endswith("y") and stem[-2] not in _VOWELS:
        base = stem[:-1]
        return {stem, base + "ies", base + "ied", stem + "ing", base + "ier", base + "iers"}
    if stem.endswith("e"):
        base = stem[:-1]
        return {stem, stem + "s", stem + "d", base + "ing", stem + "r", stem + "rs"}
    endings = ("ed", "ing", "er", "ers")
    found = {stem, stem + "s", *(stem + ending for ending in endings)}
    if stem.endswith(("s", "x", "z", "ch", "sh", "o")):
        found.add(stem + "es")
    if len(stem) > 2 and stem[-1] not in _VOWELS + "wxy" and stem[-2] in _VOWELS and stem[-3] not in _VOWELS:
        found |= {stem + stem[-1] + ending for ending in endings}
    return found


@lru_cache(maxsize=1)
def _families() -> Mapping[str, tuple[frozenset[str], ...]]:
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for line in files(__package__).joinpath("inflection.txt").read_text(encoding="utf-8").splitlines():
        family = frozenset(() if line.startswith("#") else line.split())
        for word in family:
            found[word] = (*found.get(word, ()), family)
    return found
