"""The segment table: where tables of points lie in the file, by level, slot of time and band of series."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS
from homeostat.core.query import LEVELS_NS
from homeostat.store.bins import Ints, concatenate_bins, no_bins
from homeostat.store.points import ROW, Points, Rows, take
from homeostat.store.segment import decode_bins, decode_rows, encode_bins, encode_rows

SLOTS_NS = (10 * MINUTE_NS, 2 * HOUR_NS, 12 * HOUR_NS, 10 * DAY_NS)
"""The length of a slot at each level. No segment crosses a slot's border; each is a whole number of
buckets of the next level, and is what expires at a time."""

TOP = len(LEVELS_NS) - 1
BAND = 256
SEGMENT_MAX = 8_192


@dataclass(frozen=True, slots=True)
class Stretch:
    """The buckets of one level that begin in `[start_ns, end_ns)`: both are multiples of its width."""

    level: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Rows of several segments laid end to end; segment `ids[i]` gave `sizes[i]` of them."""

    rows: Rows
    ids: tuple[int, ...]
    sizes: tuple[int, ...]


def add_segments(connection: sqlite3.Connection, level: int, points: Points, pending: bool = True) -> int:
    """Write collapsed points as segments of a level, `pending` or not, and return how many."""
    rows = points.rows
    if rows.size == 0:
        return 0
    slot = rows["start_ns"] // SLOTS_NS[level]
    band = (rows["series"] // BAND).astype(np.int64)
    order = np.lexsort((band, slot)) if slot.min() != slot.max() or band.min() != band.max() else None
    if order is not None:
        points = take(points, order)
        slot, band = slot[order], band[order]
    cuts = np.flatnonzero((slot[1:] != slot[:-1]) | (band[1:] != band[:-1])) + 1
    borders = [0, *cuts.tolist(), rows.size]
    written = 0
    for begin, end in pairwise(borders):
        for first in range(begin, end, SEGMENT_MAX):
            part = points
            if len(borders) > 2 or end > SEGMENT_MAX:
                part = take(points, np.arange(first, min(first + SEGMENT_MAX, end)))
            _insert(connection, level, int(slot[begin]) * SLOTS_NS[level], int(band[begin]), part, pending)
            written += 1
    return written


def _insert(
    connection: sqlite3.Connection, level: int, slot_ns: int, band: int, points: Points, pending: bool
) -> None:
    rows = points.rows
    packed, summary = encode_rows(rows)
    start_ns = int(rows["start_ns"].min())
    end_ns = int(rows["start_ns"].max()) + LEVELS_NS[level]
    segment = connection.execute(
        "INSERT INTO segments (level, slot_ns, band, start_ns, end_ns, points, raw_bytes, packed, rows, bins)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            level,
            slot_ns,
            band,
            start_ns,
            end_ns,
            rows.size,
            points.raw_bytes,
            packed,
            summary,
            encode_bins(points),
        ),
    ).lastrowid
    if pending and level < TOP:
        coarse = LEVELS_NS[level + 1]
        due_ns = -(-end_ns // coarse) * coarse
        connection.execute("INSERT INTO pending VALUES (?, ?, ?)", (segment, level, due_ns))


_IN_LEVEL = """SELECT id, packed, points, rows FROM segments
    WHERE level = :level AND slot_ns >= :slot_ns AND slot_ns < :end_ns
      AND end_ns > :start_ns AND start_ns < :end_ns {bands} ORDER BY id"""
_BELOW_LEVEL = """SELECT s.id, s.packed, s.points, s.rows FROM pending p JOIN segments s ON s.id = p.segment
    WHERE p.level < :level AND s.end_ns > :start_ns AND s.start_ns < :end_ns {bands} ORDER BY s.id"""


def load_rows(connection: sqlite3.Connection, stretch: Stretch, bands: Sequence[int] | None) -> Loaded:
    """Return the rows of the segments that reach into a stretch: of its level, and finer pending ones."""
    values = {
        "level": stretch.level,
        "slot_ns": stretch.start_ns - stretch.start_ns % SLOTS_NS[stretch.level],
        "start_ns": stretch.start_ns,
        "end_ns": stretch.end_ns,
    }
    only = "" if bands is None else f"AND band IN ({','.join(str(int(b)) for b in bands)})"
    found = connection.execute(_IN_LEVEL.format(bands=only), values).fetchall()
    if stretch.level:
        found += connection.execute(_BELOW_LEVEL.format(bands=only), values).fetchall()
    rows = np.empty(sum(f[2] for f in found), dtype=ROW)
    at = 0
    for _, packed, size, blob in found:
        decode_rows(bool(packed), blob, rows[at : at + size])
        at += size
    return Loaded(rows, tuple(f[0] for f in found), tuple(f[2] for f in found))


def with_bins(connection: sqlite3.Connection, loaded: Loaded, wanted: Ints) -> Points:
    """Return the rows at the indices `wanted` with their bins, reading only the segments needed."""
    ends = np.cumsum(loaded.sizes) if loaded.sizes else np.zeros(0, dtype=np.int64)
    needed = set(np.searchsorted(ends, wanted, side="right").tolist())
    parts = []
    for i, (segment, size, end) in enumerate(zip(loaded.ids, loaded.sizes, ends.tolist(), strict=True)):
        blob = None
        if i in needed:
            (blob,) = connection.execute("SELECT bins FROM segments WHERE id = ?", (segment,)).fetchone()
        parts.append(decode_bins(blob, loaded.rows[end - size : end]) if blob is not None else no_bins())
    return take(Points(loaded.rows, concatenate_bins(parts, loaded.sizes)), wanted)


def load_segments(connection: sqlite3.Connection, ids: Sequence[int]) -> Points:
    """Return the points of whole segments."""
    found = connection.execute(
        f"SELECT id, packed, points, rows FROM segments WHERE id IN ({','.join(str(int(i)) for i in ids)})"  # noqa: S608 - integers
        " ORDER BY id"
    ).fetchall()
    rows = np.empty(sum(f[2] for f in found), dtype=ROW)
    at = 0
    for _, packed, size, blob in found:
        decode_rows(bool(packed), blob, rows[at : at + size])
        at += size
    loaded = Loaded(rows, tuple(f[0] for f in found), tuple(f[2] for f in found))
    return with_bins(connection, loaded, np.arange(rows.size))


def delete_segments(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete segments, and that they were pending."""
    rows = [(i,) for i in ids]
    connection.executemany("DELETE FROM segments WHERE id = ?", rows)
    connection.executemany("DELETE FROM pending WHERE segment = ?", rows)
