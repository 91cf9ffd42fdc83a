"""The horizons: the times before which a level of points, or spans and logs, have expired.

What lies before is not read, though its partition is dropped only when all of it does.
"""

from homeostat.store.postgres.connections import Connection

SPANS = -1
"""The level that stands for spans and logs."""


def spans_horizon(connection: Connection) -> int:
    """Return the time before which spans and logs have expired."""
    row = connection.execute("SELECT start_ns FROM homeostat.horizons WHERE level = %s", (SPANS,)).fetchone()
    return int(row[0]) if row is not None else 0


def move(connection: Connection, level: int, start_ns: int) -> None:
    """Set a horizon, which only ever moves on."""
    connection.execute(
        "INSERT INTO homeostat.horizons AS h VALUES (%s, %s) ON CONFLICT (level) DO UPDATE"
        " SET start_ns = excluded.start_ns WHERE h.start_ns < excluded.start_ns",
        (level, start_ns),
    )
