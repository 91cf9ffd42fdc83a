"""The log table: log records as they came, found by time and by trace."""

import sqlite3
from collections.abc import Sequence

import msgspec

from homeostat.core.query import LogsQuery
from homeostat.core.span import LogRecord
from homeostat.store.mend import mended

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(LogRecord)


def add_logs(connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
    """Keep log records."""
    if not records:
        return
    try:
        rows = _rows(records)
    except (OverflowError, UnicodeEncodeError):
        rows = _rows(mended(records))
    connection.executemany("INSERT INTO logs (time_ns, trace_id, body) VALUES (?, ?, ?)", rows)
    connection.execute("UPDATE totals SET logs = logs + ?", (len(records),))


def _rows(records: Sequence[LogRecord]) -> list[tuple[int, bytes | None, bytes]]:
    return [(r.time_ns, r.trace_id or None, _encoder.encode(r)) for r in records]


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
    return tuple(_decoder.decode(body) for (body,) in rows)
