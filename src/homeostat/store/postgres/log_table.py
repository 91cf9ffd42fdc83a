"""The log table: log records as they came, found by time and by trace."""

from collections.abc import Sequence

from homeostat.core.query import LogsQuery
from homeostat.core.span import LogRecord
from homeostat.store.log_rows import log_record, log_rows
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.horizons import spans_horizon

_COPY_LOGS = "COPY homeostat.logs (time_ns, trace_id, body) FROM STDIN (FORMAT BINARY)"


def add_logs(connection: Connection, records: Sequence[LogRecord]) -> None:
    """Keep log records."""
    if not records:
        return
    rows = log_rows(records)
    with connection.cursor().copy(_COPY_LOGS) as copy:
        copy.set_types(("int8", "bytea", "bytea"))
        for row in rows:
            copy.write_row(row)


def logs(connection: Connection, query: LogsQuery) -> tuple[LogRecord, ...]:
    """Answer a LogsQuery."""
    of_trace = "" if query.trace_id is None else " AND trace_id = %(trace_id)s"
    rows = connection.cursor(binary=True).execute(
        f"SELECT body FROM homeostat.logs WHERE time_ns >= %(start_ns)s AND time_ns < %(end_ns)s{of_trace}"  # noqa: S608 - constant text
        " ORDER BY time_ns DESC, id DESC LIMIT %(limit)s",
        {
            "start_ns": max(query.start_ns, spans_horizon(connection)),
            "end_ns": query.end_ns,
            "trace_id": query.trace_id,
            "limit": max(query.limit, 0),
        },
    )
    return tuple(log_record(body) for (body,) in rows)


def delete_oldest_logs(connection: Connection, most: int, *, before_ns: int | None = None) -> int:
    """Delete so many of the oldest records, of those before a time if one is given; return how many."""
    where = "" if before_ns is None else "WHERE time_ns < %(before_ns)s"
    return connection.execute(
        "DELETE FROM homeostat.logs WHERE (time_ns, id) IN"  # noqa: S608 - constant text
        f" (SELECT time_ns, id FROM homeostat.logs {where} ORDER BY time_ns, id LIMIT %(most)s)",
        {"most": most, "before_ns": before_ns},
    ).rowcount
