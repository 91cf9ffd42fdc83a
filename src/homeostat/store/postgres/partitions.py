"""Partitions: tables of one stretch of time each, made when it is first written to, dropped when it is old.

What has no partition lies in that of the rest, from which it is deleted row by row: times that senders
make up cannot make partitions without end.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.store.postgres.connections import Connection, Connections
from homeostat.store.postgres.locks import Lock, take
from homeostat.store.postgres.schema import is_table
from homeostat.store.segments import SLOTS_NS

WIDTHS_NS = (HOUR_NS, 6 * HOUR_NS, DAY_NS, 10 * DAY_NS)
"""The length of a partition of segments at each level: some slots of it."""

assert all(width % slot == 0 for width, slot in zip(WIDTHS_NS, SLOTS_NS, strict=True))

LEVEL_NAMES = ("1s", "10s", "1m", "1h")
AHEAD_NS = DAY_NS
"""How far ahead of the server's clock a partition may begin."""

MAX_OF_A_TABLE = 1_000
MADE_AT_ONCE_MAX = 50


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a table: the keys from `first` up to `end`. Of segments, those of one level."""

    table: str
    name: str
    first: int
    end: int
    begins_ns: int
    level: int | None = None

    @property
    def bounds(self) -> str:
        """The bounds as PostgreSQL wants them."""
        before = "" if self.level is None else f"{self.level}, "
        return f"FROM ({before}{self.first}) TO ({before}{self.end})"


def of_segments(level: int, slot_ns: int) -> Partition:
    """Return the partition of a slot."""
    first = slot_ns - slot_ns % WIDTHS_NS[level]
    name = f"segments_{LEVEL_NAMES[level]}_{_when(first):%Y%m%d_%H}"
    return Partition("segments", name, first, first + WIDTHS_NS[level], first, level)


def of_spans(home: int) -> Partition:
    """Return the partition of a day, counted from 1970."""
    begins_ns = home * DAY_NS
    return Partition("spans", f"spans_{_when(begins_ns):%Y%m%d}", home, home + 1, begins_ns)


def of_logs(time_ns: int) -> Partition:
    """Return the partition of a time."""
    first = time_ns - time_ns % DAY_NS
    return Partition("logs", f"logs_{_when(first):%Y%m%d}", first, first + DAY_NS, first)


def _when(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC)


class Partitions:
    """Makes the partitions that are needed, and remembers which there are. Any thread may ask."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: set[str] = set()

    def ensure(self, wanted: Iterable[Partition]) -> None:
        """Make partitions that are missing, outside of any transaction of the caller's.

        Not made are those of the future and those beyond a bound, those whose rows lie in the rest already,
        and those for which a lock could not be had.
        """
        missing = [p for p in dict.fromkeys(wanted) if p.name not in self._known][:MADE_AT_ONCE_MAX]
        if not missing:
            return
        with self._connections.outside() as connection:
            for partition in missing:
                try:
                    with connection.transaction():
                        there = _made(connection, partition)
                except psycopg.errors.LockNotAvailable:
                    there = False
                except psycopg.errors.CheckViolation:
                    there = True  # rows of it lie in the rest, and so will all others
                if there:
                    self._known.add(partition.name)
        if len(self._known) > 10 * MAX_OF_A_TABLE:
            self._known.clear()

    def drop(self, connection: Connection, partition: Partition) -> None:
        """Drop a partition, within the caller's transaction. Raises psycopg.errors.LockNotAvailable."""
        connection.execute(f"DROP TABLE IF EXISTS homeostat.{partition.name}")
        self._known.discard(partition.name)


def _made(connection: Connection, partition: Partition) -> bool:
    """Make a partition unless it is there or may not be; return whether it is there."""
    take(connection, Lock.PARTITIONS)
    if is_table(connection, partition.name):
        return True
    row = connection.execute(
        "SELECT count(*), extract(epoch FROM clock_timestamp())::bigint FROM pg_inherits"
        " WHERE inhparent = %s::regclass",
        (f"homeostat.{partition.table}",),
    ).fetchone()
    assert row is not None
    there, now_s = row
    if there > MAX_OF_A_TABLE or partition.begins_ns > now_s * SECOND_NS + AHEAD_NS:
        return False
    # Attached rather than made as a part: that would wait for all who read or write the table.
    connection.execute(
        f"CREATE TABLE homeostat.{partition.name} (LIKE homeostat.{partition.table} INCLUDING ALL)"
    )
    connection.execute(
        f"ALTER TABLE homeostat.{partition.table} ATTACH PARTITION homeostat.{partition.name}"
        f" FOR VALUES {partition.bounds}"
    )
    return True


def partitions_of(connection: Connection, table: str) -> list[Partition]:
    """Return the partitions of a table, oldest first, without that of the rest."""
    found = []
    for name, bounds in connection.execute(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass",
        (f"homeostat.{table}",),
    ):
        numbers = [int(n) for n in re.findall(r"-?\d+", bounds)]
        if len(numbers) == 2:
            first, end = numbers
            begins_ns = first * DAY_NS if table == "spans" else first
            found.append(Partition(table, name, first, end, begins_ns))
        elif len(numbers) == 4:
            level, first, _, end = numbers
            found.append(Partition(table, name, first, end, first, level))
    return sorted(found, key=lambda p: p.end)
