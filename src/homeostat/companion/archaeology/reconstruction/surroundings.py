"""The surroundings: what was said before and after a place in a talk, and what may have been said there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Floats = NDArray[np.float64]
Rarity = Callable[[Sequence[str]], Floats]
"""Tells how rare words are among the person's messages: log((messages + 1) / (messages with it + 0.5))."""

REACH = 3
"""Turns of the talk that are looked at on either side."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one author said: the text, and its vector of length one where there is an embedder."""

    text: str
    vector: Vector | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Up to `REACH` turns of the same talk on either side, the nearest first; none at its begin or end.

    In a `crowd` more than two talk: what stands beside the place is often of another talk.
    """

    before: tuple[Turn, ...]
    after: tuple[Turn, ...]
    crowd: bool = False
