"""The critical path: the pieces of a trace that its end waited for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from homeostat.core.span import Span


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which the trace waited for one span's own work."""

    span_id: bytes
    start_ns: int
    end_ns: int


def children_of(spans: Sequence[Span]) -> tuple[list[Span], dict[bytes, list[Span]]]:
    """Return the roots and each span's children, in order of start.

    A span whose parent was not kept, or that is its own ancestor, counts as a root.
    """
    known = {s.span_id: s for s in spans}
    circular = _circular(known)
    below: dict[bytes, list[Span]] = defaultdict(list)
    roots = []
    for span in sorted(known.values(), key=lambda s: (s.start_ns, s.span_id)):
        if span.parent_id in known and span.span_id not in circular:
            below[span.parent_id].append(span)
        else:
            roots.append(span)
    return roots, below


def _circular(known: dict[bytes, Span]) -> set[bytes]:
    """Return the spans that are their own ancestors. Each span is visited once."""
    circular: set[bytes] = set()
    visited: set[bytes] = set()
    for start in known:
        path: dict[bytes, int] = {}
        at = start
        while at in known and at not in visited:
            visited.add(at)
            path[at] = len(path)
            at = known[at].parent_id
        if at in path:
            circular.update(list(path)[path[at] :])
    return circular


def critical_path(spans: Sequence[Span]) -> tuple[Stretch, ...]:
    """Return the critical path of the trace's longest root, in order of time.

    Walking back from the end, the path goes into the child that ended last, and between children it is
    the parent's own work. Children that outlast their parent count up to its end. Cost: O(n log n).
    Does not hold where a parent did not wait for its child: such a child is taken as waited for.
    """
    roots, below = children_of(spans)
    if not roots:
        return ()
    root = max(roots, key=lambda s: s.duration_ns)
    path: list[Stretch] = []
    pending = [(root, root.start_ns, root.start_ns + root.duration_ns)]
    while pending:
        span, start_ns, cursor = pending.pop()
        for child in sorted(below.get(span.span_id, ()), key=_end_ns, reverse=True):
            end_ns = min(_end_ns(child), cursor)
            begin_ns = max(child.start_ns, start_ns)
            if end_ns <= begin_ns or end_ns <= start_ns:
                continue
            if cursor > end_ns:
                path.append(Stretch(span.span_id, end_ns, cursor))
            pending.append((child, begin_ns, end_ns))
            cursor = begin_ns
        if cursor > start_ns:
            path.append(Stretch(span.span_id, start_ns, cursor))
    return tuple(sorted(path, key=lambda s: s.start_ns))


def _end_ns(span: Span) -> int:
    return span.start_ns + span.duration_ns


def time_by_operation(traces: Iterable[Sequence[Span]]) -> dict[str, int]:
    """Return the nanoseconds on the critical paths of some traces for each operation's own work."""
    spent: dict[str, int] = defaultdict(int)
    for spans in traces:
        names = {s.span_id: s.operation or s.name for s in spans}
        for stretch in critical_path(spans):
            spent[names[stretch.span_id]] += stretch.end_ns - stretch.start_ns
    return dict(spent)
