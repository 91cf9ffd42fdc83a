"""Likeness of texts by their words, as a warning: it proves nothing about what was kept."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from homeostat.prompts.extraction.words import words

EMBEDDED = (
    "it proves nothing: measured elsewhere, embeddings have a random extraction at .815 and one that keeps "
    "all constraints at .817"
)
NOTE = "the cosine of TF-IDF vectors, so the same words are there; it proves nothing about what was kept"


class Likeness(msgspec.Struct, frozen=True):
    """How like the text of a module is to what it was, from 0 to 1; 1 for the same words as often."""

    path: str
    cosine: float


def likenesses(before: Mapping[str, str], after: Mapping[str, str]) -> list[Likeness]:
    """Return for each module that changed how like it is to what it was, the least like first.

    Words weigh less the more modules have them, by the library before. Modules without words are left out.
    """
    found_in = Counter(word for text in before.values() for word in set(words(text)))
    idf = {word: math.log(1 + len(before) / n) for word, n in found_in.items()}
    found = []
    for path, text in before.items():
        if path in after and after[path] != text:
            vectors = [_weighed(words(t), idf) for t in (text, after[path])]
            if all(vectors):
                found.append(Likeness(path, cosine(*vectors)))
    return sorted(found, key=lambda one: (one.cosine, one.path))


def likeness_notes(found: Sequence[Likeness], note: str = NOTE) -> tuple[str, ...]:
    """Return one line that warns of the least like module, and of what the figure is worth; none for none."""
    if not found:
        return ()
    median = statistics.median(one.cosine for one in found)
    return (f"likeness: median {median:.2f}, least {found[0].cosine:.2f} ({found[0].path}); {note}",)


def cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Return the cosine of two vectors that are not zero.

    >>> round(cosine({"a": 1.0, "b": 1.0}, {"a": 2.0}), 3)
    0.707
    """
    lengths = (math.sqrt(math.fsum(x * x for x in v.values())) for v in (a, b))
    return min(math.fsum(x * b.get(k, 0.0) for k, x in a.items()) / math.prod(lengths), 1.0)


def _weighed(found: Sequence[str], idf: Mapping[str, float]) -> dict[str, float]:
    return {word: n * idf.get(word, math.log(2)) for word, n in Counter(found).items()}
