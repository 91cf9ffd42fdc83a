"""The seasonal naive forecast: what it was one season ago."""

from homeostat.stats.forecast.path import Floats, Indices, same_phase


def seasonal_naive(values: Floats, origins: Indices, horizon: int, season: int = 1) -> Floats:
    """Return for each origin the last season before it, repeated: `(len(origins), horizon)`.

    With a season of 1 it is the naive forecast, the last value. Origins must be at least `season`.
    Guarantee: optimal for a (seasonal) random walk, and the measure of all others. Cost: a copy.
    Does not hold where noise is large against what changes from season to season: it repeats the noise.

    >>> import numpy as np
    >>> seasonal_naive(np.array([1.0, 2.0, 3.0, 4.0]), np.array([4]), 3, 2)
    array([[3., 4., 3.]])
    """
    return values[same_phase(origins, horizon, season)]
