"""The score interval for a rate of independent events."""

import math
from statistics import NormalDist

from homeostat.core.interval import Interval


def rate_interval(events: float, seconds: float, confidence: float = 0.95) -> Interval | None:
    """Return the score interval for events a second, None where no time has passed.

    Guarantee: covers the rate with about the given probability for events that come independently (a
    Poisson process), looked at once. Does not hold for bursts, where it is too narrow.

    >>> found = rate_interval(100, 10)
    >>> round(found.low, 2), round(found.high, 2)
    (8.22, 12.16)
    """
    if seconds <= 0 or events < 0 or not math.isfinite(events):
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = events + z * z / 2
    half = z * math.sqrt(events + z * z / 4)
    return Interval(max(0.0, centre - half) / seconds, (centre + half) / seconds, confidence)
