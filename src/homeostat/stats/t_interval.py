"""Student's t-interval for a mean."""

import math
from dataclasses import dataclass
from statistics import NormalDist

MINIMUM_SAMPLES = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval for an unknown number, at a confidence level."""

    low: float
    high: float
    confidence: float


def t_quantile(probability: float, degrees: float) -> float:
    """Return Student's t quantile by the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).

    Within 1e-6 of the exact value from 29 degrees of freedom on, at probabilities of .9 to .995.

    >>> round(t_quantile(0.975, 29), 4)
    2.0452
    """
    x = NormalDist().inv_cdf(probability)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return sum(term / degrees**power for power, term in enumerate(terms))


def t_interval(n: int, mean: float, variance: float, confidence: float = 0.95) -> Interval | None:
    """Return the t-interval of a mean from `n` samples, or None below `MINIMUM_SAMPLES`.

    Guarantee: covers the mean with the given probability for independent samples, looked at once.
    Does not hold when it is looked at again and again until it says something (it then misses up to
    41% of the time), nor on autocorrelated samples.
    """
    if n < MINIMUM_SAMPLES or not math.isfinite(mean) or not math.isfinite(variance):
        return None
    half = t_quantile(0.5 + confidence / 2, n - 1) * math.sqrt(max(variance, 0.0) / n)
    return Interval(mean - half, mean + half, confidence)
