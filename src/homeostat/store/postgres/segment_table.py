"""The segment table: where points lie in the database, by level, slot of time and band of series."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np

from homeostat.store.points import Points
from homeostat.store.postgres.connections import Connection
from homeostat.store.postgres.tally import Tally
from homeostat.store.segments import SLOTS_NS, TOP, Loaded, Segment, Stretch, laid_out, with_bins

BLOCK = 1_000
"""Numbers that the sequence gives at a time."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What a segment is found by: the columns of its key."""

    level: int
    slot_ns: int
    band: int
    number: int


class Numbers:
    """Numbers of segments, taken from the sequence a block at a time. Used by one thread at a time."""

    def __init__(self) -> None:
        self._next = self._end = 0

    def take(self, connection: Connection, count: int) -> list[int]:
        """Return so many numbers that no other segment has."""
        taken: list[int] = []
        while len(taken) < count:
            if self._next == self._end:
                row = connection.execute("SELECT nextval('homeostat.numbers')").fetchone()
                assert row is not None
                self._next, self._end = row[0], row[0] + BLOCK
            end = min(self._end, self._next + count - len(taken))
            taken += range(self._next, end)
            self._next = end
        return taken


_COPY_SEGMENTS = (
    "COPY homeostat.segments (level, slot_ns, band, id, start_ns, end_ns, points, raw_bytes, stored_bytes,"
    " packed, rows, bins) FROM STDIN (FORMAT BINARY)"
)
_SEGMENT_TYPES = (
    "int2",
    "int8",
    "int4",
    "int8",
    "int8",
    "int8",
    "int4",
    "int8",
    "int4",
    "bool",
    "bytea",
    "bytea",
)
_COPY_PENDING = (
    "COPY homeostat.pending (segment, level, slot_ns, band, start_ns, end_ns, due_ns, points)"
    " FROM STDIN (FORMAT BINARY)"
)
_PENDING_TYPES = ("int8", "int2", "int8", "int4", "int8", "int8", "int8", "int4")


def add_segments(
    connection: Connection, numbers: Numbers, segments: Sequence[Segment], *, pending: bool = True
) -> Tally:
    """Write segments of one level, `pending` or not; return what that adds."""
    if not segments:
        return Tally()
    taken = numbers.take(connection, len(segments))
    cursor = connection.cursor()
    with cursor.copy(_COPY_SEGMENTS) as copy:
        copy.set_types(_SEGMENT_TYPES)
        for n, s in zip(taken, segments, strict=True):
            copy.write_row(
                (
                    s.level, s.slot_ns, s.band, n, s.start_ns, s.end_ns, s.points, s.raw_bytes,
                    s.stored_bytes, s.packed, s.rows, s.bins,
                )
            )  # fmt: skip
    if pending and segments[0].level < TOP:
        with cursor.copy(_COPY_PENDING) as copy:
            copy.set_types(_PENDING_TYPES)
            for n, s in zip(taken, segments, strict=True):
                copy.write_row((n, s.level, s.slot_ns, s.band, s.start_ns, s.end_ns, s.due_ns, s.points))
    return Tally(
        points=sum(s.points for s in segments),
        raw_bytes=sum(s.raw_bytes for s in segments),
        stored_bytes=sum(s.stored_bytes for s in segments),
    )


_ROWS = "SELECT level, slot_ns, band, id, packed, points, rows FROM homeostat.segments"
_IN_LEVEL = (
    " WHERE level = %(level)s AND slot_ns >= %(slot_ns)s AND slot_ns < %(end_ns)s"
    " AND end_ns > %(start_ns)s AND start_ns < %(end_ns)s"
)
_BELOW_LEVEL = (
    "SELECT level, slot_ns, band, segment FROM homeostat.pending"
    " WHERE level < %(level)s AND end_ns > %(start_ns)s AND start_ns < %(end_ns)s"
)
_OF_BANDS = " AND band = ANY(%(bands)s)"
# The range lets the planner leave out partitions, which a list does not.
_AT_PLACES = (
    " WHERE level = %(level)s AND slot_ns >= %(first_ns)s AND slot_ns <= %(last_ns)s"
    " AND band = ANY(%(bands)s) AND id = ANY(%(numbers)s)"
)
_BINS = f"SELECT level, slot_ns, band, id, bins FROM homeostat.segments{_AT_PLACES}"  # noqa: S608 - constant text
_DELETE = f"""WITH gone AS
        (DELETE FROM homeostat.segments{_AT_PLACES} RETURNING points, raw_bytes, stored_bytes)
    SELECT -coalesce(sum(points), 0)::bigint, -coalesce(sum(raw_bytes), 0)::bigint,
        -coalesce(sum(stored_bytes), 0)::bigint FROM gone"""  # noqa: S608 - constant text


def _at(places: Sequence[Place]) -> dict[str, Any]:
    """Return the values that find segments of one level."""
    return {
        "level": places[0].level,
        "first_ns": min(place.slot_ns for place in places),
        "last_ns": max(place.slot_ns for place in places),
        "bands": sorted({place.band for place in places}),
        "numbers": [place.number for place in places],
    }


def _by_level(places: Iterable[Place]) -> Iterator[list[Place]]:
    for _, held in groupby(sorted(places), key=attrgetter("level")):
        yield list(held)


def _loaded(found: Iterable[tuple[Any, ...]]) -> Loaded[Place]:
    """Lay out what was selected: the columns of the place, then what a segment is decoded from."""
    return laid_out([(Place(*row[:4]), *row[4:]) for row in sorted(found, key=lambda row: row[3])])


class PostgresSegments:
    """The segments as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)

    def horizons(self) -> tuple[int, ...]:
        """Return, for each level, the time before which it has expired."""
        found = dict(self._connection.execute("SELECT level, start_ns FROM homeostat.horizons").fetchall())
        return tuple(found.get(level, 0) for level in range(TOP + 1))

    def load(self, stretch: Stretch, bands: Sequence[int] | None) -> Loaded[Place]:
        """Return the rows of the segments that reach into a stretch: of its level, and finer pending ones."""
        values = {
            "level": stretch.level,
            "slot_ns": stretch.start_ns - stretch.start_ns % SLOTS_NS[stretch.level],
            "start_ns": stretch.start_ns,
            "end_ns": stretch.end_ns,
            "bands": bands,
        }
        only = "" if bands is None else _OF_BANDS
        found = self._cursor.execute(_ROWS + _IN_LEVEL + only, values).fetchall()
        if stretch.level:
            pending = self._cursor.execute(_BELOW_LEVEL + only, values).fetchall()
            for places in _by_level(Place(*row) for row in pending):
                found += self._cursor.execute(_ROWS + _AT_PLACES, _at(places)).fetchall()
        return _loaded(found)

    def bins(self, places: Sequence[Place]) -> list[bytes | None]:
        """Return the bins of segments, in the order asked."""
        found: dict[Place, bytes | None] = {}
        for held in _by_level(places):
            self._cursor.execute(_BINS, _at(held))
            found |= {Place(*row[:4]): row[4] for row in self._cursor}
        return [found[place] for place in places]


def load_segments(connection: Connection, places: Sequence[Place]) -> Points:
    """Return the points of whole segments of one level."""
    loaded = _loaded(connection.cursor(binary=True).execute(_ROWS + _AT_PLACES, _at(places)))
    return with_bins(PostgresSegments(connection), loaded, np.arange(loaded.rows.size))


def delete_segments(connection: Connection, places: Sequence[Place]) -> Tally:
    """Delete segments of one level; return what that takes away."""
    row = connection.execute(_DELETE, _at(places)).fetchone()
    assert row is not None
    return Tally(*row)
