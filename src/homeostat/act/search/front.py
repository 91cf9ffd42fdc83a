"""The front: what no other is better than in every objective, and how crowded it is there."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def ranks(values: ArrayLike, broken: ArrayLike | None = None) -> NDArray[np.intp]:
    """Return the number of the front of each row of objectives (low is good), 0 for the best.

    Front 0 is dominated by nobody, front 1 by rows of front 0 only, and so on. A row that holds its targets
    dominates each that breaks them (`broken` above 0), one that breaks less each that breaks more.
    Cost: O(n²) in time and memory. Source: Deb, Pratap, Agarwal and Meyarivan, IEEE Transactions on
    Evolutionary Computation 6, 2002.

    >>> ranks([[1, 4], [2, 2], [3, 3]]).tolist()
    [0, 0, 1]
    """
    rows = np.asarray(values, dtype=np.float64)
    lost = np.zeros(len(rows)) if broken is None else np.asarray(broken, dtype=np.float64)
    no_worse = (rows[:, None, :] <= rows[None, :, :]).all(axis=2)
    better = (rows[:, None, :] < rows[None, :, :]).any(axis=2)
    dominates = np.where(lost[:, None] == lost[None, :], no_worse & better, lost[:, None] < lost[None, :])
    found = np.zeros(len(rows), dtype=np.intp)
    left = np.ones(len(rows), dtype=np.bool_)
    number = 0
    while left.any():
        first = left & ~dominates[left].any(axis=0)
        found[first] = number
        left &= ~first
        number += 1
    return found


def crowding(values: ArrayLike) -> Floats:
    """Return how much room each row of one front has: the sum of the gaps about it, infinite at the ends.

    >>> crowding([[0, 4], [1, 3], [4, 0]]).tolist()
    [inf, 2.0, inf]
    """
    rows = np.asarray(values, dtype=np.float64)
    found = np.zeros(len(rows))
    for column in rows.T:
        order = np.argsort(column, kind="stable")
        spread = column[order[-1]] - column[order[0]]
        found[order[[0, -1]]] = np.inf
        if len(rows) > 2 and spread > 0:
            found[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / spread
    return found


def front(values: ArrayLike, broken: ArrayLike | None = None) -> list[int]:
    """Return the indices of front 0, the lowest first objective first; of equal rows the first only."""
    rows = np.asarray(values, dtype=np.float64)
    first = np.flatnonzero(ranks(rows, broken) == 0)
    _, kept = np.unique(rows[first], axis=0, return_index=True)
    return [int(i) for i in first[kept]]
