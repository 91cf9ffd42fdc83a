"""The tally: how much there is, as the sum of what each transaction added and took away."""

from dataclasses import astuple, dataclass

from homeostat.store.postgres.connections import Connection


@dataclass(frozen=True, slots=True)
class Tally:
    """Points and their bytes, spans and log records."""

    points: int = 0
    raw_bytes: int = 0
    stored_bytes: int = 0
    spans: int = 0
    logs: int = 0


def note(connection: Connection, change: Tally) -> None:
    """Write down what this transaction changes."""
    if change != Tally():
        connection.execute("INSERT INTO homeostat.tally VALUES (%s, %s, %s, %s, %s)", astuple(change))


def total(connection: Connection) -> Tally:
    """Return how much there is."""
    row = connection.execute(
        "SELECT coalesce(sum(points), 0)::bigint, coalesce(sum(raw_bytes), 0)::bigint,"
        " coalesce(sum(stored_bytes), 0)::bigint, coalesce(sum(spans), 0)::bigint,"
        " coalesce(sum(logs), 0)::bigint FROM homeostat.tally"
    ).fetchone()
    assert row is not None
    return Tally(*row)


def fold(connection: Connection) -> None:
    """Make one row of all."""
    rows = connection.execute("SELECT count(*) FROM homeostat.tally").fetchone()
    if rows is not None and rows[0] > 1:
        connection.execute(
            "WITH gone AS (DELETE FROM homeostat.tally RETURNING *) INSERT INTO homeostat.tally"
            " SELECT sum(points), sum(raw_bytes), sum(stored_bytes), sum(spans), sum(logs) FROM gone"
        )
