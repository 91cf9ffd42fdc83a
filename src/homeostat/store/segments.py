"""Segments: how tables of points are cut into the pieces that a store keeps, and laid together again.

A segment holds points of up to `BAND` neighbouring series at one level, within one slot of time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

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

Place = TypeVar("Place")
"""What a store finds one of its segments by."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The buckets of one level that begin in `[start_ns, end_ns)`: both are multiples of its width."""

    level: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece as it is kept: where it belongs, what it covers, and its two blobs."""

    level: int
    slot_ns: int
    band: int
    start_ns: int
    end_ns: int
    points: int
    raw_bytes: int
    packed: bool
    rows: bytes
    bins: bytes | None

    @property
    def due_ns(self) -> int:
        """The time at which all buckets of the next level that it reaches into have closed."""
        width = LEVELS_NS[self.level + 1]
        return -(-self.end_ns // width) * width

    @property
    def stored_bytes(self) -> int:
        """The bytes of its blobs."""
        return len(self.rows) + len(self.bins or b"")


@dataclass(frozen=True, slots=True, eq=False)
class Loaded(Generic[Place]):
    """Rows of several segments laid end to end; the segment at `places[i]` gave `sizes[i]` of them."""

    rows: Rows
    places: tuple[Place, ...]
    sizes: tuple[int, ...]


class Segments(Protocol[Place]):
    """One state of the segments of a store, for reading."""

    def horizons(self) -> tuple[int, ...]:
        """Return, for each level, the time before which it has expired."""
        ...

    def load(self, stretch: Stretch, bands: Sequence[int] | None) -> Loaded[Place]:
        """Return the rows of the segments that reach into a stretch: of its level, and finer pending ones."""
        ...

    def bins(self, places: Sequence[Place]) -> Sequence[bytes | None]:
        """Return the bins of segments, in the order asked."""
        ...


def cut(level: int, points: Points) -> Iterator[Segment]:
    """Cut collapsed points of a level into segments, none across the border of a slot or a band."""
    rows = points.rows
    if rows.size == 0:
        return
    slot = rows["start_ns"] // SLOTS_NS[level]
    band = (rows["series"] // BAND).astype(np.int64)
    order = np.lexsort((band, slot)) if slot.min() != slot.max() or band.min() != band.max() else None
    if order is not None:
        points = take(points, order)
        slot, band = slot[order], band[order]
    cuts = np.flatnonzero((slot[1:] != slot[:-1]) | (band[1:] != band[:-1])) + 1
    borders = [0, *cuts.tolist(), rows.size]
    for begin, end in pairwise(borders):
        for first in range(begin, end, SEGMENT_MAX):
            part = points
            if len(borders) > 2 or end > SEGMENT_MAX:
                part = take(points, np.arange(first, min(first + SEGMENT_MAX, end)))
            yield _segment(level, int(slot[begin]) * SLOTS_NS[level], int(band[begin]), part)


def _segment(level: int, slot_ns: int, band: int, points: Points) -> Segment:
    rows = points.rows
    packed, summary = encode_rows(rows)
    return Segment(
        level,
        slot_ns,
        band,
        start_ns=int(rows["start_ns"].min()),
        end_ns=int(rows["start_ns"].max()) + LEVELS_NS[level],
        points=rows.size,
        raw_bytes=points.raw_bytes,
        packed=packed,
        rows=summary,
        bins=encode_bins(points),
    )


def laid_out(found: Sequence[tuple[Place, bool, int, bytes]]) -> Loaded[Place]:
    """Decode segments, each given as place, whether it is packed, number of rows, and rows."""
    rows = np.empty(sum(size for _, _, size, _ in found), dtype=ROW)
    at = 0
    for _, packed, size, blob in found:
        decode_rows(packed, blob, rows[at : at + size])
        at += size
    return Loaded(rows, tuple(f[0] for f in found), tuple(f[2] for f in found))


def with_bins(segments: Segments[Place], loaded: Loaded[Place], wanted: Ints) -> Points:
    """Return the rows at the indices `wanted` with their bins, reading only those of the segments needed."""
    ends = np.cumsum(loaded.sizes, dtype=np.int64)
    needed = np.unique(np.searchsorted(ends, wanted, side="right")).tolist()
    blobs = dict(zip(needed, segments.bins([loaded.places[i] for i in needed]), strict=True))
    parts = []
    for i, (size, end) in enumerate(zip(loaded.sizes, ends.tolist(), strict=True)):
        blob = blobs.get(i)
        parts.append(decode_bins(blob, loaded.rows[end - size : end]) if blob is not None else no_bins())
    return take(Points(loaded.rows, concatenate_bins(parts, loaded.sizes)), wanted)


def up_to(sizes: Sequence[int], most: int) -> int:
    """Return how many of the first sizes add up to at most so much, at least one of any.

    >>> up_to([3, 4, 5], 8), up_to([9, 1], 8)
    (2, 1)
    """
    total = 0
    for count, size in enumerate(sizes):
        total += size
        if count and total > most:
            return count
    return len(sizes)
