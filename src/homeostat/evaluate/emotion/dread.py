"""Dread: how near a text is in meaning to scenes of nightmares, and how far from others."""

import math
import tomllib
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder

_SPREAD = 6.0
"""The logistic goes from .05 to .95 between the means of the other scenes and of the nightmares."""


class Dread:
    """The direction from other scenes to nightmares in an embedder's space, from 44 that we wrote.

    Where on it a text is half dreadful, and how steep that is, comes from those scenes themselves, each left
    out of its own mean. Made once: it embeds them. English, as far as the embedder is. With one that does not
    tell them apart every text is half dreadful.
    """

    __slots__ = ("_direction", "_embedder", "_middle", "_scale")

    def __init__(self, embedder: Embedder) -> None:
        """Embed the scenes. Raises EmbedderError where it cannot."""
        scenes = tomllib.loads(
            files("homeostat.evaluate.emotion").joinpath("nightmares.toml").read_text("utf-8")
        )
        bad, other = (embedder.embed(scenes[of].strip().splitlines()) for of in ("nightmares", "others"))
        self._embedder = embedder
        self._direction = bad.mean(axis=0) - other.mean(axis=0)
        high = float(np.mean([row @ (mean - other.mean(axis=0)) for row, mean in _left_out(bad)]))
        low = float(np.mean([row @ (bad.mean(axis=0) - mean) for row, mean in _left_out(other)]))
        self._middle = (high + low) / 2.0
        self._scale = (high - low) / _SPREAD if high > low else math.inf

    def of(self, text: str) -> float:
        """Return how dreadful a text is, 0 to 1. Costs what embedding costs. Raises EmbedderError."""
        found = float(self._embedder.embed([text])[0] @ self._direction)
        return 1.0 / (1.0 + math.exp(-max(-30.0, min((found - self._middle) / self._scale, 30.0))))


def _left_out(
    rows: NDArray[np.float32],
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return each row with the mean of the others."""
    total, n = rows.sum(axis=0), len(rows)
    return [(row, (total - row) / (n - 1)) for row in rows]
