"""The segment table: where tables of points lie in the file, by level, slot of time and band of series."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from homeostat.store.points import Points
from homeostat.store.segments import SLOTS_NS, TOP, Loaded, Segment, Stretch, cut, laid_out, with_bins


def add_segments(connection: sqlite3.Connection, level: int, points: Points, pending: bool = True) -> None:
    """Write collapsed points as segments of a level, `pending` or not."""
    for segment in cut(level, points):
        _insert(connection, segment, pending)


def _insert(connection: sqlite3.Connection, segment: Segment, pending: bool) -> None:
    number = connection.execute(
        "INSERT INTO segments (level, slot_ns, band, start_ns, end_ns, points, raw_bytes, packed, rows, bins)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            segment.level,
            segment.slot_ns,
            segment.band,
            segment.start_ns,
            segment.end_ns,
            segment.points,
            segment.raw_bytes,
            segment.packed,
            segment.rows,
            segment.bins,
        ),
    ).lastrowid
    if pending and segment.level < TOP:
        connection.execute("INSERT INTO pending VALUES (?, ?, ?)", (number, segment.level, segment.due_ns))


_IN_LEVEL = """SELECT id, packed, points, rows FROM segments
    WHERE level = :level AND slot_ns >= :slot_ns AND slot_ns < :end_ns
      AND end_ns > :start_ns AND start_ns < :end_ns {bands} ORDER BY id"""
_BELOW_LEVEL = """SELECT s.id, s.packed, s.points, s.rows FROM pending p JOIN segments s ON s.id = p.segment
    WHERE p.level < :level AND s.end_ns > :start_ns AND s.start_ns < :end_ns {bands} ORDER BY s.id"""


class SqliteSegments:
    """The segments as one transaction sees them; a place is an id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def horizons(self) -> tuple[int, ...]:
        """Return, for each level, the time before which it has expired."""
        found: dict[int, int] = dict(
            self._connection.execute("SELECT level, start_ns FROM horizons").fetchall()
        )
        return tuple(found.get(level, 0) for level in range(TOP + 1))

    def load(self, stretch: Stretch, bands: Sequence[int] | None) -> Loaded[int]:
        """Return the rows of the segments that reach into a stretch: of its level, and finer pending ones."""
        values = {
            "level": stretch.level,
            "slot_ns": stretch.start_ns - stretch.start_ns % SLOTS_NS[stretch.level],
            "start_ns": stretch.start_ns,
            "end_ns": stretch.end_ns,
        }
        only = "" if bands is None else f"AND band IN ({','.join(str(int(b)) for b in bands)})"
        found = self._connection.execute(_IN_LEVEL.format(bands=only), values).fetchall()
        if stretch.level:
            found += self._connection.execute(_BELOW_LEVEL.format(bands=only), values).fetchall()
        return laid_out(found)

    def bins(self, places: Sequence[int]) -> list[bytes | None]:
        """Return the bins of segments, in the order asked."""
        one = "SELECT bins FROM segments WHERE id = ?"
        return [self._connection.execute(one, (place,)).fetchone()[0] for place in places]


def load_segments(connection: sqlite3.Connection, ids: Sequence[int]) -> Points:
    """Return the points of whole segments."""
    found = connection.execute(
        f"SELECT id, packed, points, rows FROM segments WHERE id IN ({','.join(str(int(i)) for i in ids)})"  # noqa: S608 - integers
        " ORDER BY id"
    ).fetchall()
    loaded = laid_out(found)
    return with_bins(SqliteSegments(connection), loaded, np.arange(loaded.rows.size))


def delete_segments(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete segments, and that they were pending."""
    rows = [(i,) for i in ids]
    connection.executemany("DELETE FROM segments WHERE id = ?", rows)
    connection.executemany("DELETE FROM pending WHERE segment = ?", rows)
