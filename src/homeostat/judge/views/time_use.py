"""The time use: where the time of recent traces went, with the median and the slowest one to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.core.span import Span
from homeostat.judge.views.critical_path import time_by_operation
from homeostat.judge.views.waterfall import TimeShare, Waterfall, time_shares, waterfall


@dataclass(frozen=True, slots=True)
class TimeUse:
    """Shares of the critical paths of so many traces, the largest first."""

    traces: int
    shares: tuple[TimeShare, ...]
    median: Waterfall | None
    slowest: Waterfall | None
    words: str


def time_use(traces: Sequence[Sequence[Span]]) -> TimeUse:
    """Return where the time of some traces went.

    Does not hold for all traffic where only slow and failed traces are kept whole: it is about those.
    """
    kept = sorted((t for t in traces if t), key=_extent_ns)
    shares = time_shares(time_by_operation(kept))
    median = waterfall(kept[(len(kept) - 1) // 2]) if kept else None
    slowest = waterfall(kept[-1]) if len(kept) > 1 else None
    return TimeUse(len(kept), shares, median, slowest, _words(shares))


def _extent_ns(spans: Sequence[Span]) -> int:
    return max(s.start_ns + s.duration_ns for s in spans) - min(s.start_ns for s in spans)


def _words(shares: Sequence[TimeShare]) -> str:
    if not shares:
        return ""
    first = shares[0]
    lead = "most of the" if first.share > 0.5 else "the largest part of the"
    return f"{lead} time goes to {first.operation} ({first.share:.0%} of the critical path)"
