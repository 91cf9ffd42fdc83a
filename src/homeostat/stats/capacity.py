"""Capacity: when a forecast reaches a limit, and how sure that is."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeToLimit:
    """When a limit is reached: times from now, in the units of the times given.

    `expected` is when the forecast itself gets there, `earliest` and `latest` when the two ends of its
    interval do; infinite for what does not happen within the horizon, 0 for a limit that is reached already.
    """

    expected: float
    earliest: float
    latest: float
    horizon: float
    limit: float
    confidence: float

    @property
    def verdict(self) -> Literal["reached", "expected", "possible", "not within the horizon"]:
        """Whether the limit is reached now, is expected within the horizon, may be, or is not."""
        if self.expected == 0.0:
            return "reached"
        if math.isfinite(self.expected):
            return "expected"
        return "possible" if math.isfinite(self.earliest) else "not within the horizon"


def _first_crossing(times: Floats, above: Floats) -> float:
    """Return when a line through the points first is at 0 or above, infinite where never."""
    at = np.flatnonzero(above >= 0.0)
    if at.size == 0:
        return math.inf
    i = int(at[0])
    if i == 0:
        return float(times[0])
    share = above[i - 1] / (above[i - 1] - above[i])
    return float(times[i - 1] + share * (times[i] - times[i - 1]))


def time_to_limit(
    now: float,
    times: ArrayLike,
    point: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    limit: float,
    confidence: float = 0.95,
    bound: Literal["upper", "lower"] = "upper",
) -> TimeToLimit | NotKnown:
    """Return when a quantity of value `now` reaches `limit`, from its forecast with interval.

    `times` are those of the forecast, from now, ascending and above 0. An `upper` limit is reached from
    below (disk, memory, rate), a `lower` one from above (budget left).

    Guarantee: that of the interval, end by end. The ends hold for each time by itself, so that a path which
    wanders can touch the limit before `earliest` twice as often as one end is missed: simulated on random
    walks with drift, a 95% interval holds the first touch in more than 95% of cases. Does not hold for
    growth that changes its nature.

    >>> found = time_to_limit(70.0, [5, 10, 20], [75, 80, 90], [73, 76, 82], [77, 84, 98], 82.0)
    >>> found.earliest, found.expected, found.latest
    (8.571428571428571, 12.0, 20.0)
    """
    t = np.concatenate(([0.0], np.asarray(times, dtype=np.float64)))
    paths = np.array([np.asarray(p, dtype=np.float64) for p in (point, low, high)])
    if paths.shape != (3, t.size - 1):
        raise ValueError(f"there must be one forecast for each of {t.size - 1} times, not {paths.shape}")
    if bool((np.diff(t) <= 0.0).any()):
        raise ValueError("times must ascend from above 0")
    if not (math.isfinite(now) and math.isfinite(limit) and bool(np.isfinite(paths).all())):
        return NotKnown("the value now, the limit or the forecast is not a finite number")
    sign = 1.0 if bound == "upper" else -1.0
    above = sign * (np.concatenate((np.full((3, 1), now), paths), axis=1) - limit)
    expected, first, second = (_first_crossing(t, row) for row in above)
    earliest, latest = min(first, second, expected), max(first, second, expected)
    return TimeToLimit(expected, earliest, latest, float(t[-1]), limit, confidence)
