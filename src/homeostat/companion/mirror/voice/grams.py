"""Hashed character n-grams: how often each run of 2 to 5 characters occurs, in a table of fixed size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = 8_192
ORDERS = (2, 3, 4, 5)
_MULTIPLIER = np.uint32(1_000_003)
_SPREAD = np.uint32(2_654_435_769)
_SHIFT = np.uint32(32 - 13)

Counts = NDArray[np.int64]
CodePoints = NDArray[np.uint32]


def code_points(texts: Sequence[str]) -> tuple[CodePoints, Counts]:
    """Return the characters of all texts, each text between line breaks, and the places of these breaks."""
    joined = "\n".join(("", *texts, ""))
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    breaks = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(text) + 1 for text in texts], out=breaks[1:])
    return points, breaks


def grams(points: CodePoints, breaks: Counts) -> Counts:
    """Return the counts of all n-grams by bucket, shape (BUCKETS,).

    The break before and after a text is part of it; no n-gram reaches over one, so that texts together count
    what they count one by one. Cost: about 1 us for a message of 60 characters among many, 15 us alone.
    """
    inner = breaks[1:-1]
    found = []
    rolled = points
    for order in ORDERS:
        rolled = rolled[:-1] * _MULTIPLIER + points[order - 1 :]
        buckets = ((rolled + np.uint32(order)) * _SPREAD) >> _SHIFT
        if inner.size:
            for back in range(1, order - 1):
                over = inner - back
                buckets[over[(over >= 0) & (over < buckets.size)]] = BUCKETS
        found.append(buckets)
    return np.bincount(np.concatenate(found), minlength=BUCKETS)[:BUCKETS]
