"""First passage: the chance that a statistic which is watched has crossed its boundary by now."""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_FAR = 500.0


def crossing_chance(drift: float, height: float) -> float:
    """Return the chance that a Brownian motion with a drift has passed a boundary that grows like its root.

    Both are in standard deviations of the motion now: where it is on average, and the boundary. The
    boundary is replaced by its tangent, for a line is what such chances are known for exactly (Jennen
    and Lerche, Zeitschrift fuer Wahrscheinlichkeitstheorie 55, 1981).

    >>> round(crossing_chance(3.0, 3.0), 2), round(crossing_chance(2.67, 3.0), 2)
    (0.62, 0.5)
    """
    earlier = height * (drift - height / 2.0)
    if earlier > _FAR:
        return 1.0
    return min(1.0, _NORMAL.cdf(drift - height) + math.exp(earlier) * _NORMAL.cdf(-drift))
