"""The span table: spans as they came, and beside them one outline a trace for finding it."""

import sqlite3
from collections.abc import Sequence

import msgspec

from homeostat.core.query import TraceQuery, TracesQuery, TraceSummary
from homeostat.core.span import Span
from homeostat.store.mend import mended

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Span)

_ADD_SPAN = "INSERT OR IGNORE INTO spans (trace_id, span_id, failed, body) VALUES (?, ?, ?, ?)"

# Every part of an outline is a minimum, a maximum or the head's, so that a batch sent twice changes nothing.
_ADD_TRACE = """INSERT INTO traces VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (trace_id) DO UPDATE SET
        start_ns = min(start_ns, ?2), end_ns = max(end_ns, ?3), failed = max(failed, ?4),
        rooted = max(rooted, ?5),
        head_ns = CASE WHEN (?5, -?6) > (rooted, -head_ns) THEN ?6 ELSE head_ns END,
        operation = CASE WHEN (?5, -?6) > (rooted, -head_ns) THEN ?7 ELSE operation END,
        service = CASE WHEN (?5, -?6) > (rooted, -head_ns) THEN ?8 ELSE service END"""


def add_spans(connection: sqlite3.Connection, spans: Sequence[Span]) -> int:
    """Keep spans that are not there yet, known by the ids of trace and span; return how many were new."""
    if not spans:
        return 0
    try:
        rows = _rows(spans)
    except (OverflowError, UnicodeEncodeError):
        spans = mended(spans)
        rows = _rows(spans)
    added = connection.executemany(_ADD_SPAN, rows).rowcount
    connection.executemany(_ADD_TRACE, _outlines(spans))
    connection.execute("UPDATE totals SET spans = spans + ?", (added,))
    return added


def _rows(spans: Sequence[Span]) -> list[tuple[bytes, bytes, int, bytes]]:
    encode = _encoder.encode
    return [(s.trace_id, s.span_id, 1 if s.error else 0, encode(s)) for s in spans]


def _outlines(spans: Sequence[Span]) -> list[tuple[bytes, int, int, int, int, int, str, str]]:
    """Return (id, start, end, failed, rooted, head's start, its operation, its service) for each trace."""
    heads: dict[bytes, Span] = {}
    starts: dict[bytes, int] = {}
    ends: dict[bytes, int] = {}
    failed: set[bytes] = set()
    for span in spans:
        trace = span.trace_id
        start, end = span.start_ns, span.start_ns + span.duration_ns
        head = heads.get(trace)
        if head is None:
            heads[trace], starts[trace], ends[trace] = span, start, end
        else:
            if start < starts[trace]:
                starts[trace] = start
            if end > ends[trace]:
                ends[trace] = end
            if (not span.parent_id, -start) > (not head.parent_id, -head.start_ns):
                heads[trace] = span
        if span.error:
            failed.add(trace)
    return [
        (t, starts[t], ends[t], t in failed, not h.parent_id, h.start_ns, h.operation, h.service)
        for t, h in heads.items()
    ]


def traces(connection: sqlite3.Connection, query: TracesQuery) -> tuple[TraceSummary, ...]:
    """Answer a TracesQuery from the outlines, and count spans and errors of those asked for."""
    statement = (
        "SELECT trace_id, operation, service, start_ns, end_ns - start_ns AS duration_ns FROM traces"
        " WHERE start_ns >= :start_ns AND start_ns < :end_ns"
    )
    if query.operation is not None:
        statement += " AND operation = :operation"
    if query.failed_only:
        statement += " AND failed"
    statement += " ORDER BY duration_ns DESC" if query.order == "slowest" else " ORDER BY start_ns DESC"
    found = connection.execute(
        statement + " LIMIT :limit",
        {
            "start_ns": query.start_ns,
            "end_ns": query.end_ns,
            "operation": query.operation,
            "limit": max(query.limit, 0),
        },
    ).fetchall()
    count = "SELECT count(*), total(failed) FROM spans WHERE trace_id = ?"
    summaries = []
    for trace_id, operation, service, start_ns, duration_ns in found:
        spans, errors = connection.execute(count, (trace_id,)).fetchone()
        summaries.append(
            TraceSummary(trace_id, operation, service, start_ns, duration_ns, spans, int(errors))
        )
    return tuple(summaries)


def trace(connection: sqlite3.Connection, query: TraceQuery) -> tuple[Span, ...]:
    """Answer a TraceQuery."""
    rows = connection.execute("SELECT body FROM spans WHERE trace_id = ?", (query.trace_id,))
    return tuple(sorted((_decoder.decode(body) for (body,) in rows), key=lambda s: (s.start_ns, s.span_id)))
