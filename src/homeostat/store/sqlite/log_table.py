"""The log table: log records as they came, found by time and by trace."""

import sqlite3
from collections.abc import Sequence

from homeostat.core.query import LogsQuery
from homeostat.core.span import LogRecord
from homeostat.store.log_rows import log_record, log_rows


def add_logs(connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
    """Keep log records."""
    if not records:
        return
    connection.executemany("INSERT INTO logs (time_ns, trace_id, body) VALUES (?, ?, ?)", log_rows(records))
    connection.execute("UPDATE totals SET logs = logs + ?", (len(records),))


def logs(connection: sqlite3.Connection, query: LogsQuery) -> tuple[LogRecord, ...]:
    """Answer a LogsQuery."""
    of_trace = "" if query.trace_id is None else " AND trace_id = ?"
    rows = connection.execute(
        f"SELECT body FROM logs WHERE time_ns >= ? AND time_ns < ?{of_trace}"  # noqa: S608 - constant text
        " ORDER BY time_ns DESC, id DESC LIMIT ?",
        (
            query.start_ns,
            query.end_ns,
            *(() if query.trace_id is None else (query.trace_id,)),
            max(query.limit, 0),
        ),
    )
    return tuple(log_record(body) for (body,) in rows)
