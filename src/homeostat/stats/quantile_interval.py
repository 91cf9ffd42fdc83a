"""The order-statistics interval for a quantile."""

import math
from statistics import NormalDist

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.interval import Interval
from homeostat.stats.sketch import count, quantiles


def samples_needed(probability: float, confidence: float = 0.95) -> int:
    """Return how many samples a quantile's interval needs before both of its ends are samples.

    >>> samples_needed(0.95), samples_needed(0.99)
    (73, 381)
    """
    tail = min(probability, 1.0 - probability)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return math.ceil(z * z * (1.0 - tail) / tail)


def quantile_interval(
    histogram: ExponentialHistogram,
    probability: float,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the interval between two order statistics that holds the quantile, None on too few samples.

    Guarantee: whatever the distribution, covers the quantile with about the given probability (normal
    approximation to the binomial ranks) for independent samples looked at once, widened by at most the
    sketch's own error. Does not hold under continuous looking, nor on autocorrelated samples.
    """
    n = count(histogram)
    if n < samples_needed(probability, confidence):
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    half = z * math.sqrt(probability * (1.0 - probability) / n)
    ends = quantiles(
        histogram, (max(0.0, probability - half), min(1.0, probability + half + 1.0 / n)), minimum, maximum
    )
    return Interval(float(ends[0]), float(ends[1]), confidence)
