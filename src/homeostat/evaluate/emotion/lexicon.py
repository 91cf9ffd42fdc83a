"""The lexicon of feeling: the words of `lexicon.toml` with the forms that they take.

What they are worth is what `benchmarks/evaluate_senses.py` measures.
"""

import tomllib
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import msgspec

from homeostat.evaluate.word_forms import noun_plural, verb_forms


class Feeling(msgspec.Struct, frozen=True, gc=False):
    """What a word feels like."""

    valence: float
    arousal: float


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

STRENGTHS = MappingProxyType(
    dict.fromkeys(_PARTICLES["stronger"].split(), 1.3) | dict.fromkeys(_PARTICLES["weaker"].split(), 0.7)
)
"""How much stronger the feeling of the next word is; where it is a feeling itself, it counts as that."""
