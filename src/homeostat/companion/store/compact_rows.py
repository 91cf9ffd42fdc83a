"""Compact rows: vectors of old memories on the disk, three numbers a byte: a third of int8.

Each number becomes one of six levels, those that lose least of what is spread like a normal distribution
(Max 1960). They are scaled so that a product with a row is right on average; at 384 dimensions it moves by
0.013 at one standard deviation. What that does to recall is in decision 0085.
"""

import numpy as np
from numpy.typing import NDArray

_LEVELS = np.array([-43, -22, -7, 7, 22, 43], np.int8)
"""In steps of int8 (`runtime.embed.rows`), in which a row's numbers have a standard deviation of 21.2."""

_BOUNDS = np.array([-30.6, -13.9, 0.0, 13.9, 30.6])
_BASE = len(_LEVELS)
_A_BYTE = 3


def width(dimensions: int) -> int:
    """Return the bytes of a compact row."""
    return -(-dimensions // _A_BYTE)


def compacted(rows: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return rows (n, d) as (n, width(d))."""
    count, dimensions = rows.shape
    digits = np.zeros((count, width(dimensions) * _A_BYTE), np.uint8)
    digits[:, :dimensions] = np.searchsorted(_BOUNDS, rows)
    first, second, third = digits.reshape(count, -1, _A_BYTE).transpose(2, 0, 1)
    found: NDArray[np.uint8] = first + np.uint8(_BASE) * second + np.uint8(_BASE * _BASE) * third
    return found


def expanded(rows: NDArray[np.uint8], dimensions: int) -> NDArray[np.int8]:
    """Return compact rows (n, width(d)) as (n, d), coarser than they were."""
    found: NDArray[np.int8] = _TABLE[rows].reshape(len(rows), -1)[:, :dimensions]
    return found


def _table() -> NDArray[np.int8]:
    """Return the three numbers that each byte stands for."""
    byte = np.arange(256)[:, None] // np.array([1, _BASE, _BASE * _BASE]) % _BASE
    levels: NDArray[np.int8] = _LEVELS[byte]
    return levels


_TABLE = _table()
