"""Traits: how well each candidate fits the surroundings of a place in a talk, as numbers."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.archaeology.reconstruction.acts import NO_ACTS, Acts, acts
from homeostat.companion.archaeology.reconstruction.surroundings import Floats, Rarity, Surroundings, Turn

Vectors = NDArray[np.float32]

MEANING = ("near_before", "near_after", "near_second_before", "near_second_after", "near_all", "as_replied")
WORDS = ("shared_before", "shared_after", "rarest_shared", "rarest_alone", "shared_around")
ACTS = (
    "greets",
    "praises",
    "of_self",
    "asks",
    "length",
    "greets_first",
    "greets_second",
    "thanks_second",
    "answers_of_self",
    "thanks_for_praise",
    "praises_of_self",
    "length_as_before",
    "thanks_back",
    "asked_of_self",
    "of_self_of_other",
    "of_other_thanked",
)
NAMES = (*MEANING, *WORDS, *ACTS)

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ENDINGS = ("ingly", "edly", "ings", "ing", "ies", "ied", "ed", "es", "s", "ly", "e", "y")
_STEM_MIN = 3
TEXT_CHARS_MAX = 4_000


def traits(
    around: Surroundings,
    candidates: Sequence[Turn],
    rarity: Rarity,
    near_all: Floats | None = None,
    replied: Vectors | None = None,
) -> Floats:
    """Return one row a candidate, with the columns of `NAMES`; zero where a side or the vectors are missing.

    `near_all` says how near each candidate is to what others say anywhere (a turn that is near to
    everything is near to this by chance), `replied` where the person's replies at like moments lie.
    """
    columns = {**_words(around, candidates, rarity), **_acts(around, [acts(c.text) for c in candidates])}
    vectors = [c.vector for c in candidates if c.vector is not None]
    if vectors and len(vectors) == len(candidates):
        columns |= _meaning(around, np.array(vectors), near_all, replied)
    nothing = np.zeros(len(candidates))
    return np.stack([columns.get(name, nothing) for name in NAMES], axis=1)


def _meaning(
    around: Surroundings, vectors: Vectors, near_all: Floats | None, replied: Vectors | None
) -> dict[str, Floats]:
    def near(turns: tuple[Turn, ...], place: int) -> Floats:
        turn = turns[place] if len(turns) > place else None
        if turn is None or turn.vector is None:
            return np.zeros(len(vectors))
        return (vectors @ turn.vector).astype(np.float64)

    sides = float(bool(around.before)) + float(bool(around.after))
    return {
        "near_before": near(around.before, 0),
        "near_after": near(around.after, 0),
        "near_second_before": near(around.before, 1),
        "near_second_after": near(around.after, 1),
        "near_all": np.zeros(len(vectors)) if near_all is None else near_all * sides,
        "as_replied": np.zeros(len(vectors)) if replied is None else (vectors @ replied).astype(np.float64),
    }


def _words(around: Surroundings, candidates: Sequence[Turn], rarity: Rarity) -> dict[str, Floats]:
    said = [content(c.text) for c in candidates]
    before = [content(t.text) for t in around.before]
    after = [content(t.text) for t in around.after]
    surfaces = {stem: surface for words in (*said, *before, *after) for stem, surface in words.items()}
    found: list[float] = rarity(list(surfaces.values())).tolist()
    rare = dict(zip(surfaces, found, strict=True))
    first = set(before[0]) if before else set()
    last = set(after[0]) if after else set()
    around_all = {stem for words in (*before, *after) for stem in words}
    rows = []
    for words in said:
        shared = words.keys() & around_all
        rows.append(
            (
                sum(rare[w] ** 2 for w in words.keys() & first),
                sum(rare[w] ** 2 for w in words.keys() & last),
                max((rare[w] for w in shared), default=0.0),
                max((rare[w] for w in words.keys() - around_all), default=0.0),
                sum(rare[w] for w in shared) / (1.0 + len(words)) ** 0.5,
            )
        )
    return dict(zip(WORDS, np.array(rows, dtype=np.float64).reshape(-1, len(WORDS)).T, strict=True))


def _acts(around: Surroundings, found: Sequence[Acts]) -> dict[str, Floats]:
    before = acts(around.before[0].text) if around.before else NO_ACTS
    after = acts(around.after[0].text) if around.after else NO_ACTS
    first = 0.0 if around.before else 1.0
    second = 1.0 if len(around.before) == 1 else 0.0
    rows = [
        (
            a.greets,
            a.praises,
            a.of_self,
            a.asks,
            a.length,
            a.greets * first,
            a.greets * second,
            a.thanks * second,
            a.of_self * before.asks,
            a.thanks * before.praises,
            a.praises * before.of_self,
            a.length * before.length,
            a.thanks * before.thanks,
            a.asks * after.of_self,
            a.of_self * after.of_other,
            a.of_other * after.thanks,
        )
        for a in found
    ]
    return dict(zip(ACTS, np.array(rows, dtype=np.float64).reshape(-1, len(ACTS)).T, strict=True))


def content(text: str) -> dict[str, str]:
    """Return the words of a text by their stems: what is left without the common English endings.

    >>> content("She paints, I painted")
    {'she': 'she', 'paint': 'painted', 'i': 'i'}
    """
    text = text[:TEXT_CHARS_MAX].lower().replace("\u2019", "'")
    return {_stem(word): word for word in _WORD.findall(text)}


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    for ending in _ENDINGS:
        if len(word) - len(ending) >= _STEM_MIN and word.endswith(ending):
            return word[: -len(ending)]
    return word
