"""Wilson's score interval for a proportion."""

import math
from statistics import NormalDist

from homeostat.core.interval import Interval


def wilson_interval(hits: float, n: float, confidence: float = 0.95) -> Interval | None:
    """Return Wilson's interval for the share of hits among `n` trials, None without trials.

    Both may be numbers of effective trials, which need not be whole.

    Guarantee: covers the share with about the given probability for independent trials looked at once,
    also near 0 and 1 and for small `n` (Wilson, JASA 1927; Brown, Cai and DasGupta 2001).
    Does not hold under continuous looking, nor on trials that depend on one another.

    >>> found = wilson_interval(0, 100)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0, 0.037)
    """
    if n <= 0 or not 0 <= hits <= n:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = hits / n
    scale = 1.0 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return Interval(low, high, confidence)
