"""The batch inflation: by how much dependence within batches of time widens what is known of a window."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BATCHES_MIN = 8


def mean_inflation(count: Floats, mean: Floats, variance: float) -> float:
    """Return the variance of the mean of batches over what it would be for independent values, at least 1.

    `count` and `mean` are those of each batch, `variance` that of all values. Values that come together
    and resemble each other are worth fewer: n / inflation. It never exceeds the values in a batch, so
    that a window of k batches is worth about k values at least: a step within the window is seen soon.

    Guarantee: none for a given window; consistent where the memory of the values is short beside a batch.
    Does not hold for longer memory, which it sees in part. Source: the ratio estimate of survey sampling
    over clusters (Cochran 1977, 9.4). Cost: 10 us.

    >>> round(mean_inflation(np.full(50, 10.0), np.random.default_rng(1).normal(0, 0.1 ** 0.5, 50), 1.0), 1)
    1.0
    >>> mean_inflation(np.full(50, 10.0), np.arange(50) % 2 * 2.0 - 1.0, 1.0) > 9
    True
    """
    seen = count > 0
    k, n = int(seen.sum()), float(count.sum())
    if k < BATCHES_MIN or not variance > 0.0:
        return 1.0
    centre = float((count[seen] * mean[seen]).sum()) / n
    between = float(((count[seen] * (mean[seen] - centre)) ** 2).sum()) * k / (k - 1) / n**2
    return min(max(between / (variance / n), 1.0), n / k)


def total_inflation(totals: Floats, squares: float) -> float:
    """Return the variance of a sum of batches over `squares`, that of independent increments, at least 1.

    `totals` are the sums of all batches of the window, zeros included; `squares` is the sum of the squared
    increments. It is the index of dispersion where every increment is 1 (Cox and Lewis 1966).

    >>> total_inflation(np.array([40.0, 0.0] * 10), 400.0)
    20.0
    """
    k = totals.size
    if k < BATCHES_MIN or not squares > 0.0:
        return 1.0
    return min(max(float(totals.var(ddof=1)) * k / squares, 1.0), max(squares / k, 1.0))
