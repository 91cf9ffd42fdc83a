"""The span table: one row for the spans of a trace that came in one batch, and an outline a trace to find it.

A row a span costs twice as much to write: an index over the ids of spans grows in random places.
"""

import sqlite3
from collections.abc import Iterator, Sequence

from homeostat.core.query import TraceQuery, TracesQuery, TraceSummary
from homeostat.core.span import Span
from homeostat.store.span_rows import by_trace, decoded, encoded, without_known

_ADD_SPANS = "INSERT INTO spans (trace_id, spans, failed, body) VALUES (?, ?, ?, ?)"
_BODIES = "SELECT body FROM spans WHERE trace_id = ?"

IDS_A_QUESTION = 500

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
    asked = by_trace(spans)
    new = without_known(asked, _known(connection, list(asked)))
    rows, outlines = encoded(new)
    connection.executemany(_ADD_SPANS, [(row.trace_id, row.spans, row.failed, row.body) for row in rows])
    connection.executemany(
        _ADD_TRACE,
        [
            (o.trace_id, o.start_ns, o.end_ns, o.failed, o.rooted, o.head_ns, o.operation, o.service)
            for o in outlines
        ],
    )
    added = sum(map(len, new.values()))
    connection.execute("UPDATE totals SET spans = spans + ?", (added,))
    return added


def _known(connection: sqlite3.Connection, ids: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the rows of those traces that are kept already, as trace and body."""
    for start in range(0, len(ids), IDS_A_QUESTION):
        asked = ids[start : start + IDS_A_QUESTION]
        marks = ",".join("?" * len(asked))
        known = connection.execute(f"SELECT trace_id FROM traces WHERE trace_id IN ({marks})", asked)  # noqa: S608 - marks only
        for (trace_id,) in known.fetchall():
            for (body,) in connection.execute(_BODIES, (trace_id,)):
                yield trace_id, body


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
    count = "SELECT total(spans), total(failed) FROM spans WHERE trace_id = ?"
    summaries = []
    for trace_id, operation, service, start_ns, duration_ns in found:
        spans, errors = connection.execute(count, (trace_id,)).fetchone()
        summaries.append(
            TraceSummary(trace_id, operation, service, start_ns, duration_ns, int(spans), int(errors))
        )
    return tuple(summaries)


def trace(connection: sqlite3.Connection, query: TraceQuery) -> tuple[Span, ...]:
    """Answer a TraceQuery."""
    rows = connection.execute(_BODIES, (query.trace_id,)).fetchall()
    spans = decoded(body for (body,) in rows)
    return tuple(sorted(spans, key=lambda s: (s.start_ns, s.span_id)))
