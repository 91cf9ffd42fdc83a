"""Autocorrelation of first order in a series whose level may jump, and its removal."""

import math

import numpy as np
from numpy.typing import NDArray

from homeostat.stats.normal_scores import normal_scores

Floats = NDArray[np.float64]

PHI_MAX = 0.98

VALUE_MAX = 1e300
"""Larger values are treated like infinite ones: their differences would not be finite."""


def phi_of_differences(values: Floats) -> float:
    """Return the coefficient of AR(1) from the medians of |x[t+2] - x[t]| and |x[t+1] - x[t]|.

    Guarantee: consistent for normal AR(1) noise, whatever jumps the level makes, since few differences
    contain one (Chakar, Lebarbier, Levy-Leduc and Robin, "A robust approach for estimating
    change-points in the mean of an AR(1) process", Bernoulli 23, 2017); 0 for independent noise
    of any distribution. Its standard error is about 2 / sqrt(n). Does not hold on a trend, which looks like
    `PHI_MAX`. Cost: two medians.
    """
    if values.size < 3:
        return 0.0
    one = float(np.median(np.abs(values[1:] - values[:-1])))
    two = float(np.median(np.abs(values[2:] - values[:-2])))
    if one == 0.0:
        return 0.0
    ratio = two / one
    return min(max(ratio * ratio - 1.0, 0.0), PHI_MAX)


def phi_of_residuals(residuals: Floats, levels: int, caution: float = 0.0) -> float:
    """Return the coefficient of AR(1) of what is left of a series after `levels` levels were taken off.

    It is the autocorrelation of the normal scores at lag 1, freed of its bias, which is (1 + 3 phi) / n
    with one mean taken off (Kendall, Biometrika 41, 1954) and about 1 / n for each further one; plus
    `caution` standard errors; between 0 and `PHI_MAX`.
    """
    n = residuals.size
    if n < 3:
        return 0.0
    scores = normal_scores(residuals[None])[0]
    power = float(scores @ scores)
    if power == 0.0:
        return 0.0
    phi = float(scores[1:] @ scores[:-1]) / power
    phi += (levels + 3.0 * max(phi, 0.0)) / n + caution / math.sqrt(n)
    return min(max(phi, 0.0), PHI_MAX)


def whiten(values: Floats, phi: float) -> Floats:
    """Return x[t] - phi x[t-1]: independent where x is AR(1) noise about levels; the first is (1 - phi) x[0].

    A jump of the level by d becomes d at its first value and (1 - phi) d at the following ones.
    """
    innovations = values.copy()
    innovations[1:] -= phi * values[:-1]
    innovations[:1] *= 1.0 - phi
    return innovations
