"""The span table: one row for the spans of a trace that came in one batch, and an outline a trace to find it.

All spans of a trace lie in the day in which it was first seen to begin, its *home*.
"""

from collections.abc import Sequence
from operator import attrgetter

from homeostat.core.clock import DAY_NS
from homeostat.core.query import TraceQuery, TracesQuery, TraceSummary
from homeostat.core.span import Span
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.horizons import spans_horizon
from homeostat.store.postgres.text import storable
from homeostat.store.span_rows import Outline, by_trace, decoded, encoded, without_known

# Every part of an outline is a minimum, a maximum or the head's, so that a batch sent twice changes nothing.
_BETTER = "(excluded.rooted, -excluded.head_ns) > (t.rooted, -t.head_ns)"
_ADD_TRACES = f"""INSERT INTO homeostat.traces AS t
    SELECT trace_id, home, 1, start_ns, end_ns, failed, rooted, head_ns, operation, service
    FROM unnest(%b::bytea[], %b::integer[], %b::bigint[], %b::bigint[], %b::boolean[], %b::boolean[],
                %b::bigint[], %s::text[], %s::text[])
        AS new (trace_id, home, start_ns, end_ns, failed, rooted, head_ns, operation, service)
    ON CONFLICT (trace_id) DO UPDATE SET
        batches = t.batches + 1,
        start_ns = least(t.start_ns, excluded.start_ns), end_ns = greatest(t.end_ns, excluded.end_ns),
        failed = t.failed OR excluded.failed, rooted = t.rooted OR excluded.rooted,
        head_ns = CASE WHEN {_BETTER} THEN excluded.head_ns ELSE t.head_ns END,
        operation = CASE WHEN {_BETTER} THEN excluded.operation ELSE t.operation END,
        service = CASE WHEN {_BETTER} THEN excluded.service ELSE t.service END
    RETURNING trace_id, home, batches"""  # noqa: S608 - constant text
_COPY_SPANS = "COPY homeostat.spans (home, trace_id, spans, failed, body) FROM STDIN (FORMAT BINARY)"
_SPAN_TYPES = ("int4", "bytea", "int4", "int4", "bytea")

_HOME_MAX = (1 << 31) - 1


def home_of(start_ns: int) -> int:
    """Return the day of a time, counted from 1970; what is no day of ours lies at the borders."""
    return max(0, min(start_ns // DAY_NS, _HOME_MAX))


def add_spans(connection: Connection, spans: Sequence[Span]) -> int:
    """Keep spans that are not there yet, known by the ids of trace and span; return how many were new."""
    if not spans:
        return 0
    asked = by_trace(spans)
    rows, outlines = encoded({trace_id: list(held.values()) for trace_id, held in asked.items()})
    homes = _add_outlines(connection, outlines)
    known = {trace_id: home for trace_id, home, batches in homes if batches > 1}
    if known:
        rows, _ = encoded(without_known(asked, _bodies(connection, known)))
    home_by_trace = {trace_id: home for trace_id, home, _ in homes}
    with connection.cursor().copy(_COPY_SPANS) as copy:
        copy.set_types(_SPAN_TYPES)
        for row in rows:
            copy.write_row((home_by_trace[row.trace_id], row.trace_id, row.spans, row.failed, row.body))
    return sum(row.spans for row in rows)


def _add_outlines(connection: Connection, outlines: Sequence[Outline]) -> list[tuple[bytes, int, int]]:
    """Merge outlines into those that are kept; return trace, home and number of batches of each.

    Each row stays locked to the end of the transaction, so that two nodes do not both keep one span. They
    are taken in one order, or two transactions could wait for each other.
    """
    ordered = sorted(outlines, key=attrgetter("trace_id"))
    return connection.execute(
        _ADD_TRACES,
        (
            [o.trace_id for o in ordered],
            [home_of(o.start_ns) for o in ordered],
            [o.start_ns for o in ordered],
            [o.end_ns for o in ordered],
            [o.failed for o in ordered],
            [o.rooted for o in ordered],
            [o.head_ns for o in ordered],
            [storable(o.operation) for o in ordered],
            [storable(o.service) for o in ordered],
        ),
    ).fetchall()


def _bodies(connection: Connection, homes: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Return the rows of traces, as trace and body."""
    return [
        row
        for home in sorted(set(homes.values()))
        for row in connection.cursor(binary=True).execute(
            "SELECT trace_id, body FROM homeostat.spans WHERE home = %s AND trace_id = ANY(%b::bytea[])",
            (home, [trace_id for trace_id, at in homes.items() if at == home]),
        )
    ]


def traces(connection: Connection, query: TracesQuery) -> tuple[TraceSummary, ...]:
    """Answer a TracesQuery from the outlines, and count spans and errors of those asked for."""
    statement = (
        "SELECT trace_id, home, operation, service, start_ns, end_ns - start_ns AS duration_ns"
        " FROM homeostat.traces WHERE start_ns >= %(start_ns)s AND start_ns < %(end_ns)s"
    )
    if query.operation is not None:
        statement += " AND operation = %(operation)s"
    if query.failed_only:
        statement += " AND failed"
    statement += " ORDER BY duration_ns DESC" if query.order == "slowest" else " ORDER BY start_ns DESC"
    found = connection.execute(
        statement + " LIMIT %(limit)s",
        {
            "start_ns": max(query.start_ns, spans_horizon(connection)),
            "end_ns": query.end_ns,
            "operation": None if query.operation is None else storable(query.operation),
            "limit": max(query.limit, 0),
        },
    ).fetchall()
    counts = _counts(connection, {row[0]: row[1] for row in found})
    return tuple(
        TraceSummary(trace_id, operation, service, start_ns, duration_ns, *counts.get(trace_id, (0, 0)))
        for trace_id, _, operation, service, start_ns, duration_ns in found
    )


def _counts(connection: Connection, homes: dict[bytes, int]) -> dict[bytes, tuple[int, int]]:
    """Return how many spans and errors each trace has."""
    return {
        trace_id: (spans, errors)
        for home in sorted(set(homes.values()))
        for trace_id, spans, errors in connection.execute(
            "SELECT trace_id, sum(spans)::bigint, sum(failed)::bigint FROM homeostat.spans"
            " WHERE home = %s AND trace_id = ANY(%b::bytea[]) GROUP BY trace_id",
            (home, [trace_id for trace_id, at in homes.items() if at == home]),
        )
    }


def trace(connection: Connection, query: TraceQuery) -> tuple[Span, ...]:
    """Answer a TraceQuery."""
    home = connection.execute(
        "SELECT home FROM homeostat.traces WHERE trace_id = %s AND start_ns >= %s",
        (query.trace_id, spans_horizon(connection)),
    ).fetchone()
    if home is None:
        return ()
    spans = decoded(body for _, body in _bodies(connection, {query.trace_id: home[0]}))
    return tuple(sorted(spans, key=lambda s: (s.start_ns, s.span_id)))


def spans_of_oldest(connection: Connection, traces_max: int) -> list[tuple[bytes, int, int]]:
    """Return the oldest traces, oldest first: id, home, number of spans."""
    found = connection.execute(
        "SELECT trace_id, home FROM homeostat.traces ORDER BY start_ns LIMIT %s", (traces_max,)
    ).fetchall()
    counts = _counts(connection, dict(found))
    return [(trace_id, home, counts.get(trace_id, (0, 0))[0]) for trace_id, home in found]


def delete_traces(connection: Connection, homes: dict[bytes, int]) -> int:
    """Delete traces whole; return how many spans they had.

    Outlines go first: that waits for those who add to them, so that their spans are seen and deleted too.
    """
    connection.execute("DELETE FROM homeostat.traces WHERE trace_id = ANY(%b::bytea[])", (list(homes),))
    deleted = 0
    for home in sorted(set(homes.values())):
        row = connection.execute(
            "WITH gone AS (DELETE FROM homeostat.spans WHERE home = %s AND trace_id = ANY(%b::bytea[])"
            " RETURNING spans) SELECT coalesce(sum(spans), 0)::bigint FROM gone",
            (home, [trace_id for trace_id, at in homes.items() if at == home]),
        ).fetchone()
        assert row is not None
        deleted += row[0]
    return deleted


def traces_before(connection: Connection, home: int, most: int) -> dict[bytes, int]:
    """Return the homes of so many traces that began before a day."""
    return dict(
        connection.execute(
            "SELECT trace_id, home FROM homeostat.traces WHERE home < %s LIMIT %s", (home, most)
        ).fetchall()
    )


def delete_outlines(connection: Connection, home: int, most: int) -> int:
    """Delete so many outlines of traces of a day; return how many. Their spans are left."""
    return connection.execute(
        "DELETE FROM homeostat.traces WHERE trace_id IN"
        " (SELECT trace_id FROM homeostat.traces WHERE home = %s LIMIT %s)",
        (home, most),
    ).rowcount
