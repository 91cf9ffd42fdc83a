"""The record table: small documents by kind and key, each replaced whole."""

from collections.abc import Sequence

from homeostat.core.query import RecordsQuery
from homeostat.core.record import Record
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.text import storable

RECORDS_STEP = 5_000


def put_records(connection: Connection, records: Sequence[Record]) -> None:
    """Keep records, of one key the last; one with an empty body is forgotten.

    They are written in one order, or two transactions could wait for each other.
    """
    newest = sorted({(storable(r.kind), storable(r.key)): r for r in records}.items())
    kept = [(*key, r.time_ns, r.expires_ns, r.body) for key, r in newest if r.body]
    forgotten = [key for key, r in newest if not r.body]
    cursor = connection.cursor()
    if kept:
        cursor.executemany(
            "INSERT INTO homeostat.records VALUES (%s, %s, %s, %s, %s) ON CONFLICT (kind, key) DO UPDATE SET"
            " time_ns = excluded.time_ns, expires_ns = excluded.expires_ns, body = excluded.body",
            kept,
        )
    if forgotten:
        cursor.executemany("DELETE FROM homeostat.records WHERE kind = %s AND key = %s", forgotten)


def records(connection: Connection, query: RecordsQuery) -> tuple[Record, ...]:
    """Answer a RecordsQuery."""
    rows = connection.execute(
        "SELECT kind, key, time_ns, body, expires_ns FROM homeostat.records"
        " WHERE kind = %s AND time_ns >= %s AND time_ns < %s AND starts_with(key, %s)"
        " ORDER BY time_ns DESC, key DESC LIMIT %s",
        (storable(query.kind), query.start_ns, query.end_ns, storable(query.prefix), max(query.limit, 0)),
    )
    return tuple(Record(*row) for row in rows)


def expire_records(connection: Connection, now_ns: int) -> int:
    """Drop records that have expired; return how many."""
    return connection.execute(
        "DELETE FROM homeostat.records WHERE (kind, key) IN (SELECT kind, key FROM homeostat.records"
        " WHERE expires_ns > 0 AND expires_ns <= %s LIMIT %s)",
        (now_ns, RECORDS_STEP),
    ).rowcount
