"""Compressed rows: vectors of long-term memories in 4 bits a number, with their signs beside them.

Signs find candidates (the angle between two vectors is about the share of signs that differ, Charikar 2002),
4 bits order them. Of 384 numbers a row takes 244 bytes, against 384 in int8 and 1,536 in float32.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEVELS = 7
STEP = 0.35
CANDIDATES = 64
CANDIDATES_A_RESULT = 12
_WORD = 64


class CompressedRows:
    """Rows (n, d) that are asked for the best for a query."""

    def __init__(
        self,
        dimensions: int,
        scale: NDArray[np.float32],
        levels: NDArray[np.uint8],
        signs: NDArray[np.uint64],
    ) -> None:
        self.dimensions = dimensions
        self._scale = scale
        self._levels = levels
        self._signs = signs

    @classmethod
    def of(cls, rows: NDArray[np.float32]) -> "CompressedRows":
        """Compress rows: each number becomes one of 15 levels, `STEP` of the row's rms apart.

        That step loses least of what is spread like a normal distribution (Max 1960). Each row is scaled so
        that its product with what it was is right.
        """
        n, dimensions = rows.shape
        full = np.zeros((n, _padded(dimensions)), np.float32)
        full[:, :dimensions] = rows
        squares = np.einsum("ij,ij->i", full, full)
        step = np.float32(STEP) * np.sqrt(squares / max(dimensions, 1)) + np.float32(1e-12)
        rounded = np.clip(np.rint(full / step[:, None]), -LEVELS, LEVELS)
        scale = squares / np.maximum(np.einsum("ij,ij->i", full, rounded), 1e-12)
        level = (rounded + LEVELS).astype(np.uint8)
        levels = level[:, 0::2] << 4 | level[:, 1::2]
        return cls(dimensions, scale, levels, np.packbits(full >= 0, axis=1).view(np.uint64))

    @classmethod
    def joined(cls, parts: Sequence["CompressedRows"], dimensions: int) -> "CompressedRows":
        """Return the rows of all parts, in their order."""
        if not parts:
            return cls.of(np.zeros((0, dimensions), np.float32))
        return cls(
            parts[0].dimensions,
            np.concatenate([part._scale for part in parts]),
            np.concatenate([part._levels for part in parts]),
            np.concatenate([part._signs for part in parts]),
        )

    def __len__(self) -> int:
        return len(self._scale)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return int(self._levels.nbytes + self._signs.nbytes + self._scale.nbytes)

    def rows(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return rows as they are kept, (m, d)."""
        packed = self._levels[places]
        level = np.empty((len(packed), 2 * packed.shape[1]), np.float32)
        level[:, 0::2] = packed >> 4
        level[:, 1::2] = packed & 15
        level -= LEVELS
        level *= self._scale[places][:, None]
        return level[:, : self.dimensions]

    def best(self, query: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the places of the `k` rows whose products with the query are largest, and the products."""
        k = min(k, len(self))
        if k <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        candidates = np.arange(len(self))
        most = CANDIDATES + CANDIDATES_A_RESULT * k
        if most < len(self):
            padded = np.zeros(self._signs.shape[1] * _WORD, np.float32)
            padded[: self.dimensions] = query
            signs = np.packbits(padded >= 0).view(np.uint64)
            differ = np.bitwise_count(self._signs ^ signs).sum(1, dtype=np.int64)
            candidates = np.argpartition(differ, most)[:most]
        products = self.rows(candidates) @ query
        order = np.lexsort((candidates, -products))[:k]
        return candidates[order], products[order]


def _padded(dimensions: int) -> int:
    return -(-dimensions // _WORD) * _WORD
