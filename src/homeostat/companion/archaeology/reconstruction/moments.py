"""Moments: places in a person's past that were like this one, and what they said there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.archaeology.reconstruction.surroundings import Floats, Surroundings
from homeostat.runtime.embed.rows import cosines, to_rows, to_vectors

Ints = NDArray[np.int64]
Rows = NDArray[np.int8]
Vectors = NDArray[np.float32]

MOMENTS_MAX = 256
OTHERS_MAX = 1_024
NEAREST = 10
_SHARPNESS = 4.0
_NOISE = 0.5
"""Of the regression: how fast likeness falls with the angle, and what of a reply its moment does not tell."""


@dataclass(frozen=True, slots=True)
class Past:
    """The vectors of a person's messages, by seq; turns that follow one another in seq stand side by side."""

    seqs: Ints
    rows: Rows

    def vectors(self, places: Sequence[int] | Ints) -> Vectors:
        """Return the vectors at some places."""
        return to_vectors(self.rows[np.asarray(places, dtype=np.intp)])

    def place(self, seq: int) -> int | None:
        """Return where a message's vector stands."""
        at = int(np.searchsorted(self.seqs, seq))
        return at if at < self.seqs.size and self.seqs[at] == seq else None


def alike(past: Past, around: Surroundings) -> Floats:
    """Return for each message how much what stood before and after it is like what stands here."""
    found = np.zeros(past.seqs.size)
    before = around.before[0].vector if around.before else None
    after = around.after[0].vector if around.after else None
    if before is not None and found.size:
        found[1:] += cosines(past.rows, to_rows(before))[:-1]
    if after is not None and found.size:
        found[:-1] += cosines(past.rows, to_rows(after))[1:]
    return found


def replies(past: Past, around: Surroundings, moments: Ints) -> Vectors | None:
    """Return where what the person says at such moments lies, as a direction; None without any.

    Kernel ridge regression from the turns on both sides to the turn between, on the moments given (their
    places in `past`), relative to their mean. Cost: 4 ms for 256.
    """
    moments = moments[(moments > 0) & (moments < past.seqs.size - 1)]
    if not moments.size:
        return None
    kernel = np.zeros((moments.size, moments.size))
    here = np.zeros(moments.size)
    for side, turns in ((-1, around.before), (1, around.after)):
        vectors = past.vectors(moments + side)
        kernel += np.exp(_SHARPNESS * (vectors @ vectors.T - 1.0))
        if turns and turns[0].vector is not None:
            here += np.exp(_SHARPNESS * (vectors @ turns[0].vector - 1.0))
    weights = np.linalg.solve(kernel + _NOISE * np.eye(moments.size), here)
    said = past.vectors(moments)
    return np.asarray((said - said.mean(axis=0)).T @ weights, dtype=np.float32)


def near_anything(vectors: Vectors, past: Past, places: Ints) -> Floats:
    """Return for each vector the mean cosine of the ten nearest of some messages.

    Cross-domain similarity is corrected by it (Conneau et al., "Word translation without parallel data",
    ICLR 2018).
    """
    if not places.size:
        return np.zeros(len(vectors))
    products = vectors @ past.vectors(places).T
    nearest = min(NEAREST, places.size)
    best = np.partition(products, places.size - nearest, axis=1)[:, -nearest:]
    return np.asarray(best.mean(axis=1), dtype=np.float64)
