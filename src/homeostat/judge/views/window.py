"""The window: the stretch of time that is looked at, and the width of the buckets it is seen in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.query import Frame

Floats = NDArray[np.float64]

POINTS_MAX = 400
"""Buckets that a plot shows at most."""

SPARK_POINTS = 60

GAP_MAX = 12
"""Points that a level is held over."""

LAG_NS = 2 * SECOND_NS
"""How long it may take until what was recorded is in the store: a flush interval and a write."""


@dataclass(frozen=True, slots=True)
class Window:
    """`[start_ns, end_ns)` in buckets of `level_ns`; `name` is how people choose it, such as `15m`.

    It ends with a whole bucket; `now_ns` is when it is looked at, before the end of that one. `since_ns`
    says from when on a service has been observed, for those that came later than the start.
    """

    name: str
    start_ns: int
    end_ns: int
    level_ns: int
    now_ns: int
    since_ns: tuple[tuple[str, int], ...] = ()

    def seconds(self, service: str = "") -> float:
        """How long a service has been observed in it; without one, how much of it has passed."""
        first_ns = next((ns for name, ns in self.since_ns if name == service), self.start_ns)
        return max(self.now_ns - max(first_ns, self.start_ns), SECOND_NS) / 1e9

    @property
    def buckets(self) -> int:
        """How many buckets touch the window."""
        first = self.start_ns // self.level_ns
        return max(1, -(-self.end_ns // self.level_ns) - first)


def values_of(frame: Frame, statistic: str, window: Window) -> Floats:
    """Return the values of one statistic in each bucket of a frame; `rate` is the increase a second.

    What was recorded in the last `LAG_NS` may not have arrived: the rate of a bucket is unknown until half of
    it lies before that.
    """
    match statistic:
        case "rate":
            passed = np.minimum(window.now_ns - LAG_NS - frame.start_ns, window.level_ns) / 1e9
            known = np.where(passed >= window.level_ns / 2e9, passed, np.nan)
            return frame.mean * frame.count / known
        case "total":
            return frame.mean * frame.count
        case "p50" | "p90" | "p95" | "p99" | "last" | "minimum" | "maximum" | "mean":
            found: Floats = getattr(frame, statistic)
            return found if np.isfinite(found).any() else frame.mean
        case "min" | "max":
            return frame.minimum if statistic == "min" else frame.maximum
        case _:
            return frame.mean


def line_of(frame: Frame, statistic: str, window: Window, points_max: int) -> tuple[float | None, ...]:
    """Return one statistic evenly spaced over the window.

    A bucket without increments has the rate 0, from the first increment on.
    """
    points = on_grid(frame, values_of(frame, statistic, window), window, points_max)
    if statistic != "rate":
        return points
    first = next((i for i, p in enumerate(points) if p is not None), len(points))
    arrived = (window.now_ns - LAG_NS - window.start_ns) * len(points) // (window.buckets * window.level_ns)
    return tuple(0.0 if p is None and first < i < arrived else p for i, p in enumerate(points))


def held(points: tuple[float | None, ...]) -> tuple[float | None, ...]:
    """Return the points of a level with short gaps closed: it stays as it was until it is measured again.

    >>> held((1.0, None, None, 2.0, None))
    (1.0, 1.0, 1.0, 2.0, None)
    """
    closed = list(points)
    last: int | None = None
    for i, value in enumerate(points):
        if value is None:
            continue
        if last is not None and i - last <= GAP_MAX:
            closed[last + 1 : i] = [points[last]] * (i - last - 1)
        last = i
    return tuple(closed)


def on_grid(frame: Frame, values: Floats, window: Window, points_max: int) -> tuple[float | None, ...]:
    """Return values evenly spaced over the window, at most `points_max`; None where nothing was measured."""
    buckets = window.buckets
    step = -(-buckets // points_max)
    slots = -(-buckets // step)
    slot = (frame.start_ns // window.level_ns - window.start_ns // window.level_ns) // step
    kept = (slot >= 0) & (slot < slots) & np.isfinite(values)
    sums = np.bincount(slot[kept], weights=values[kept], minlength=slots)
    counts = np.bincount(slot[kept], minlength=slots)
    return tuple(float(s) / int(c) if c else None for s, c in zip(sums, counts, strict=True))
