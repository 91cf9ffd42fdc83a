"""The cover: which stretches of which levels together make up one window of time."""

from collections.abc import Sequence

from homeostat.core.query import LEVELS_NS
from homeostat.store.points import START_NS_MAX
from homeostat.store.segments import TOP, Stretch


def _up(time_ns: int, width_ns: int) -> int:
    return -(-time_ns // width_ns) * width_ns


def cover(start_ns: int, end_ns: int, horizons: Sequence[int], level: int = TOP) -> list[Stretch]:
    """Return disjoint stretches that hold what begins in a window: coarse within, fine at the edges.

    `horizons[k]` is the time before which level k has expired (a multiple of the next width). Where finer
    buckets have expired, the coarse ones that begin within the window count whole.

    >>> found = cover(50 * 10**9, 180 * 10**9, (0, 0, 0, 0))
    >>> [(s.level, s.start_ns // 10**9, s.end_ns // 10**9) for s in found]
    [(1, 50, 60), (2, 60, 180)]
    """
    start_ns, end_ns = max(start_ns, 0), min(end_ns, START_NS_MAX)
    width = LEVELS_NS[level]
    if level == 0:
        start, end = _up(start_ns, width), _up(end_ns, width)
        return [Stretch(0, start, end)] if start < end else []
    finer_from = horizons[level - 1]
    start, end = _up(start_ns, width), end_ns - end_ns % width
    if end < finer_from:
        end = _up(end_ns, width)
    if start >= end:
        return cover(max(start_ns, finer_from), end_ns, horizons, level - 1)
    head = cover(max(start_ns, finer_from), start, horizons, level - 1)
    tail = cover(end, end_ns, horizons, level - 1)
    return [*head, Stretch(level, start, end), *tail]
