"""BM25 (Robertson and Zaragoza 2009) with the constants of SQLite's FTS5: the same scores by any index."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
IDF_MIN = 1e-6
"""What a word counts that is in more than half of all messages."""


def idf(count: int, holding: Any) -> NDArray[np.float64]:
    """Return what words count of which each is in `holding` of `count` messages.

    >>> idf(9, np.array([1, 5])).round(3).tolist()
    [1.735, 0.0]
    """
    counts: NDArray[np.float64] = np.maximum(np.log((count - holding + 0.5) / (holding + 0.5)), IDF_MIN)
    return counts


def norms(lengths: NDArray[Any], mean: float) -> NDArray[np.float64]:
    """Return by how much the length of each message, in words, dampens how often it has a word."""
    shares: NDArray[np.float64] = K1 * (1 - B + B * lengths / mean) if mean > 0 else np.zeros(len(lengths))
    return shares
