"""The waterfall: the spans of one trace as bars on one time axis, the critical path marked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.core.span import LlmCall, Scalar, Span
from homeostat.judge.views.critical_path import children_of, critical_path, time_by_operation

DEPTH_MAX = 64
"""Deeper spans are drawn at this depth."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One span: where it lies on the axis as shares of the whole, and how much the trace waited for it.

    `critical_ns` is the time of its own that lies on the critical path.
    """

    span_id: str
    parent_id: str
    depth: int
    name: str
    operation: str
    service: str
    kind: str
    start_ns: int
    duration_ns: int
    offset: float
    width: float
    critical: bool
    critical_ns: int
    error: str
    llm: LlmCall | None
    attributes: dict[str, Scalar]
    events: int


@dataclass(frozen=True, slots=True)
class TimeShare:
    """The share of the critical path that is one operation's own work."""

    operation: str
    duration_ns: int
    share: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One trace, its bars in the order of the tree, and its critical path by operation."""

    trace_id: str
    operation: str
    service: str
    start_ns: int
    duration_ns: int
    errors: int
    bars: tuple[Bar, ...]
    shares: tuple[TimeShare, ...]


def time_shares(spent: dict[str, int]) -> tuple[TimeShare, ...]:
    """Return each operation's share of the time spent, the largest first."""
    whole = sum(spent.values())
    if whole == 0:
        return ()
    ordered = sorted(spent.items(), key=lambda kv: (-kv[1], kv[0]))
    return tuple(TimeShare(name, ns, ns / whole) for name, ns in ordered)


def waterfall(spans: Sequence[Span]) -> Waterfall | None:
    """Lay out a trace; None where no span of it is kept."""
    roots, below = children_of(spans)
    if not roots:
        return None
    start_ns = min(s.start_ns for s in spans)
    duration_ns = max(1, max(s.start_ns + s.duration_ns for s in spans) - start_ns)
    critical: dict[bytes, int] = defaultdict(int)
    for stretch in critical_path(spans):
        critical[stretch.span_id] += stretch.end_ns - stretch.start_ns
    bars = []
    pending = [(root, 0) for root in reversed(roots)]
    while pending:
        span, depth = pending.pop()
        bars.append(_bar(span, depth, start_ns, duration_ns, critical))
        pending.extend((child, depth + 1) for child in reversed(below.get(span.span_id, ())))
    root = max(roots, key=lambda s: s.duration_ns)
    return Waterfall(
        trace_id=root.trace_id.hex(),
        operation=root.operation or root.name,
        service=root.service,
        start_ns=start_ns,
        duration_ns=duration_ns,
        errors=sum(bool(s.error) for s in spans),
        bars=tuple(bars),
        shares=time_shares(time_by_operation((spans,))),
    )


def _bar(span: Span, depth: int, start_ns: int, duration_ns: int, critical: dict[bytes, int]) -> Bar:
    return Bar(
        span_id=span.span_id.hex(),
        parent_id=span.parent_id.hex(),
        depth=min(depth, DEPTH_MAX),
        name=span.name,
        operation=span.operation,
        service=span.service,
        kind=span.kind,
        start_ns=span.start_ns,
        duration_ns=span.duration_ns,
        offset=(span.start_ns - start_ns) / duration_ns,
        width=span.duration_ns / duration_ns,
        critical=span.span_id in critical,
        critical_ns=critical.get(span.span_id, 0),
        error=span.error,
        llm=span.llm,
        attributes=dict(span.attributes),
        events=len(span.events),
    )
