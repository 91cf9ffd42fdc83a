"""The schema of the SQLite file, as the steps that lead to it.

`PRAGMA user_version` says how many steps a file has taken. A step is never changed once it was released:
what comes later is a further step.
"""

import sqlite3
from collections.abc import Sequence

from homeostat.core.errors import StoreError

APPLICATION_ID = 0x484D5354  # "HMST"

Step = tuple[str, ...]

FIRST: Step = (
    # Ids are never used twice (AUTOINCREMENT), so that a stale cache of another process cannot mislead.
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        metric TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT NOT NULL, attributes TEXT NOT NULL,
        seen_ns INTEGER NOT NULL,
        UNIQUE (metric, kind, unit, attributes)
    )""",
    # Points of up to 256 neighbouring series (a band) at one level, within one slot of time.
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY,
        level INTEGER NOT NULL, slot_ns INTEGER NOT NULL, band INTEGER NOT NULL,
        start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
        points INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, packed INTEGER NOT NULL,
        rows BLOB NOT NULL, bins BLOB
    )""",
    "CREATE INDEX segments_by_time ON segments (level, slot_ns, band)",
    "CREATE INDEX segments_loose ON segments (level, slot_ns, band) WHERE packed = 0",
    # Segments that are not yet part of the next level. Not a column of segments: changing that would
    # write the blobs again.
    """CREATE TABLE pending (
        segment INTEGER PRIMARY KEY, level INTEGER NOT NULL, due_ns INTEGER NOT NULL
    )""",
    "CREATE INDEX pending_by_due ON pending (level, due_ns)",
    "CREATE TABLE horizons (level INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL)",
    """CREATE TABLE spans (
        id INTEGER PRIMARY KEY,
        trace_id BLOB NOT NULL, spans INTEGER NOT NULL, failed INTEGER NOT NULL, body BLOB NOT NULL
    )""",
    "CREATE INDEX spans_by_trace ON spans (trace_id)",
    """CREATE TABLE traces (
        trace_id BLOB PRIMARY KEY,
        start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, failed INTEGER NOT NULL,
        rooted INTEGER NOT NULL, head_ns INTEGER NOT NULL, operation TEXT NOT NULL, service TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX traces_by_start ON traces (start_ns)",
    """CREATE TABLE logs (
        id INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, trace_id BLOB, body BLOB NOT NULL
    )""",
    "CREATE INDEX logs_by_time ON logs (time_ns)",
    "CREATE INDEX logs_by_trace ON logs (trace_id) WHERE trace_id IS NOT NULL",
    """CREATE TABLE totals (
        points INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL,
        spans INTEGER NOT NULL, logs INTEGER NOT NULL, forgotten_series INTEGER NOT NULL
    )""",
    "INSERT INTO totals VALUES (0, 0, 0, 0, 0, 0)",
    """CREATE TRIGGER segment_added AFTER INSERT ON segments BEGIN
        UPDATE totals SET points = points + new.points, raw_bytes = raw_bytes + new.raw_bytes,
            stored_bytes = stored_bytes + length(new.rows) + ifnull(length(new.bins), 0);
    END""",
    """CREATE TRIGGER segment_removed AFTER DELETE ON segments BEGIN
        UPDATE totals SET points = points - old.points, raw_bytes = raw_bytes - old.raw_bytes,
            stored_bytes = stored_bytes - length(old.rows) - ifnull(length(old.bins), 0);
    END""",
)

RECORDS: Step = (
    """CREATE TABLE records (
        kind TEXT NOT NULL, key TEXT NOT NULL,
        time_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) WITHOUT ROWID""",
    "CREATE INDEX records_by_time ON records (kind, time_ns)",
    "CREATE INDEX records_by_expiry ON records (expires_ns) WHERE expires_ns > 0",
)

STEPS: tuple[Step, ...] = (FIRST, RECORDS)


def check_ours(connection: sqlite3.Connection, name: str, known: int = len(STEPS)) -> int:
    """Return the file's version.

    Raises StoreError for a file of another application or of a newer Homeostat.
    """
    # One transaction, or a step that another process takes meanwhile would be seen in part.
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        filled = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    finally:
        if alone:
            connection.execute("ROLLBACK")
    if application != APPLICATION_ID and (version or application or filled):
        raise StoreError(f"{name} is the SQLite file of another application; choose another path")
    if version > known:
        raise StoreError(
            f"{name} has schema {version}, written by a newer Homeostat; this one knows up to {known}: "
            "upgrade Homeostat, or choose another path"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, name: str, steps: Sequence[Step] = STEPS) -> int:
    """Take the steps that a file still lacks, each in a transaction of its own; return how many.

    Several processes may do so at once: each step is taken by one of them.
    """
    taken = 0
    while check_ours(connection, name, len(steps)) < len(steps):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = check_ours(connection, name, len(steps))
            if version < len(steps):
                for statement in steps[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version + 1}")
                taken += 1
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return taken
