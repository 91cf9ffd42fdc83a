"""The lexicon of feeling: the words of `lexicon.toml` with the forms that they take.

What they are worth is what `benchmarks/evaluate_senses.py` measures.
"""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec


class Feeling(msgspec.Struct, frozen=True, gc=False):
    """What a word feels like."""

    valence: float
    arousal: float


_VOWELS = "aeiou"


def verb_forms(verb: str) -> Iterator[str]:
    """Give a regular verb's forms; a `!` at its end says that the last letter is doubled.

    >>> " ".join(verb_forms("hug!")), " ".join(verb_forms("cry"))
    ('hug hugs hugged hugging', 'cry cries cried crying')
    """
    stem = verb.rstrip("!")
    yield stem
    yield noun_plural(stem)
    longer = stem + (stem[-1].replace("c", "k") if verb.endswith("!") else "")
    if longer.endswith("e"):
        yield longer + "d"
        yield longer[:-1] + "ing"
    elif longer.endswith("y") and longer[-2] not in _VOWELS:
        yield longer[:-1] + "ied"
        yield longer + "ing"
    else:
        yield longer + "ed"
        yield longer + "ing"


def noun_plural(noun: str) -> str:
    """Return a regular noun's plural, which is a verb's third person as well.

    >>> noun_plural("enemy"), noun_plural("crash"), noun_plural("joy")
    ('enemies', 'crashes', 'joys')
    """
    if noun.endswith(("s", "x", "z", "sh", "ch")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in _VOWELS:
        return noun[:-1] + "ies"
    return noun + "s"


def _read() -> dict[str, Any]:
    text = files("homeostat.evaluate.emotion").joinpath("lexicon.toml").read_text("utf-8")
    return tomllib.loads(text)


def _feelings(table: dict[str, Any]) -> dict[str, Feeling]:
    found: dict[str, Feeling] = {}
    for row in table["feeling"]:
        feeling = Feeling(row["valence"], row["arousal"])
        for verb in row.get("verbs", "").split():
            found.update(dict.fromkeys(verb_forms(verb), feeling))
        for noun in row.get("nouns", "").split():
            found.update(dict.fromkeys((noun, noun_plural(noun)), feeling))
        found.update(dict.fromkeys(row.get("words", "").split(), feeling))
    found.update((form, found[of]) for form, of in table["irregular"].items())
    return found


_TABLE = _read()
_PARTICLES = _TABLE["particles"]

LEXICON = MappingProxyType(_feelings(_TABLE))
"""Feelings by word, in lower case."""

NEGATORS = frozenset(_PARTICLES["negators"].split())
"""Words after which a feeling is denied."""

STRENGTHS = MappingProxyType(
    dict.fromkeys(_PARTICLES["stronger"].split(), 1.3) | dict.fromkeys(_PARTICLES["weaker"].split(), 0.7)
)
"""How much stronger the feeling of the next word is; where it is a feeling itself, it counts as that."""
