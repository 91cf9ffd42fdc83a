"""The interval for the mean of skewed values: Hall's correction of the t-interval."""

import math

import numpy as np

from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.core.interval import Interval
from homeostat.stats.t_interval import MINIMUM_SAMPLES, t_quantile


def _cubes(buckets: Buckets, scale: int, sign: float, mean: float) -> float:
    width = 2.0**-scale
    middle = 2.0 * 2.0**width / (1.0 + 2.0**width)
    values = sign * np.exp2((np.arange(buckets.counts.size) + buckets.offset) * width) * middle
    return float((buckets.counts * (values - mean) ** 3).sum())


def skewness(histogram: ExponentialHistogram, n: int, mean: float, variance: float) -> float:
    """Return the skewness of the values of a histogram, within its sketch's error; 0 without spread."""
    if n < 2 or not variance > 0.0:
        return 0.0
    cubes = (
        _cubes(histogram.positive, histogram.scale, 1.0, mean)
        + _cubes(histogram.negative, histogram.scale, -1.0, mean)
        + histogram.zero_count * (-mean) ** 3
    )
    found: float = cubes / n / variance**1.5
    return found


def skewed_mean_interval(
    n: int, mean: float, variance: float, skew: float, confidence: float
) -> Interval | None:
    """Return an interval for a mean that reaches further towards the long tail, None below 30 values.

    The t-statistic is straightened by the cubic of Hall (JRSS B 54, 1992, 221-228), whose inverse is exact:
    t + g t^2 / 3 + g^2 t^3 / 27 + g / (6 n), with g the skewness and t the mean's error over the spread.

    Guarantee: covers with about the given probability for independent values whose skewness the sample
    shows, looked at once. Does not hold where the tail is so long that a few hundred values do not
    show it. `n` may be a number of effective values.
    """
    if n < MINIMUM_SAMPLES or not math.isfinite(mean) or not math.isfinite(variance):
        return None
    spread = math.sqrt(max(variance, 0.0))
    y = t_quantile(0.5 + confidence / 2, n - 1) / math.sqrt(n)
    if abs(skew) < 1e-9:
        return Interval(mean - y * spread, mean + y * spread, confidence)

    def inverse(value: float) -> float:
        return 3.0 / skew * (math.cbrt(1.0 + skew * (value - skew / (6.0 * n))) - 1.0)

    return Interval(mean - inverse(y) * spread, mean - inverse(-y) * spread, confidence)
