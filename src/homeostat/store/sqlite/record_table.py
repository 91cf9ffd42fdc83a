"""The record table: small documents by kind and key, each replaced whole."""

import sqlite3
from collections.abc import Sequence

from homeostat.core.query import RecordsQuery
from homeostat.core.record import Record

RECORDS_STEP = 5_000
LAST = chr(0x10FFFF)
"""Sorts after every other character."""


def put_records(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Keep records in their order; one with an empty body is forgotten."""
    for r in records:
        if r.body:
            connection.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET"
                " time_ns = excluded.time_ns, expires_ns = excluded.expires_ns, body = excluded.body",
                (r.kind, r.key, r.time_ns, r.expires_ns, r.body),
            )
        else:
            connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (r.kind, r.key))


def records(connection: sqlite3.Connection, query: RecordsQuery) -> tuple[Record, ...]:
    """Answer a RecordsQuery."""
    where = "kind = ? AND time_ns >= ? AND time_ns < ?"
    values: list[object] = [query.kind, query.start_ns, query.end_ns]
    if query.prefix:  # the plus has them looked up by their key
        where = "kind = ? AND +time_ns >= ? AND +time_ns < ? AND key >= ? AND key < ?"
        values += [query.prefix, query.prefix + LAST]
    rows = connection.execute(
        f"SELECT kind, key, time_ns, body, expires_ns FROM records WHERE {where}"  # noqa: S608 - of two texts
        " ORDER BY time_ns DESC, key DESC LIMIT ?",
        (*values, max(query.limit, 0)),
    )
    return tuple(Record(*row) for row in rows)


def expire_records(connection: sqlite3.Connection, now_ns: int) -> int:
    """Drop records that have expired; return how many."""
    return connection.execute(
        "DELETE FROM records WHERE (kind, key) IN (SELECT kind, key FROM records"
        " WHERE expires_ns > 0 AND expires_ns <= ? LIMIT ?)",
        (now_ns, RECORDS_STEP),
    ).rowcount
