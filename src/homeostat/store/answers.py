"""The answers to queries about series: which there are, their frames, their totals."""

from itertools import pairwise

import numpy as np

from homeostat.core.errors import InputError
from homeostat.core.point import Moments
from homeostat.core.query import LEVELS_NS, Frame, FrameQuery, SeriesQuery, Total, TotalQuery
from homeostat.core.series import SeriesKey
from homeostat.store.bins import Ints, histograms_of
from homeostat.store.cover import cover
from homeostat.store.points import START_NS_MAX, Points, Rows, bucket_codes, collapse, concatenate
from homeostat.store.segments import BAND, Loaded, Place, Segments, Stretch, with_bins

ALL_TIME_NS = 1 << 62


def _bands(ids: Ints) -> list[int] | None:
    """Return the bands to look into, or None where looking into all costs no more."""
    bands = np.unique(ids // BAND).tolist()
    return bands if len(bands) < 500 else None


def _within(rows: Rows, stretch: Stretch, ids: Ints) -> Ints:
    """Return the indices of the rows that begin in a stretch and belong to these series (ascending)."""
    width = LEVELS_NS[stretch.level]
    start = rows["start_ns"] - rows["start_ns"] % width
    inside = (start >= stretch.start_ns) & (start < stretch.end_ns)
    if not rows.size:
        return np.flatnonzero(inside)
    wanted = np.zeros(max(int(rows["series"].max()), int(ids[-1])) + 1, dtype=np.bool_)
    wanted[ids] = True
    return np.flatnonzero(inside & wanted[rows["series"]])


def _ids(keys: dict[int, SeriesKey]) -> Ints:
    return np.sort(np.fromiter(keys, dtype=np.int64, count=len(keys)))


def series(
    segments: Segments[Place], query: SeriesQuery, keys: dict[int, SeriesKey]
) -> tuple[SeriesKey, ...]:
    """Answer a SeriesQuery from the rows alone."""
    ids = _ids(keys)
    if not ids.size:
        return ()
    seen: set[int] = set()
    for stretch in cover(query.start_ns, query.end_ns, segments.horizons()):
        rows = segments.load(stretch, _bands(ids)).rows
        seen.update(np.unique(rows["series"][_within(rows, stretch, ids)]).tolist())
    return tuple(sorted(keys[i] for i in seen))


def frames(
    segments: Segments[Place], query: FrameQuery, keys: dict[int, SeriesKey]
) -> dict[SeriesKey, Frame]:
    """Answer a FrameQuery: histograms are read only for buckets that lie in several fragments."""
    if query.level_ns not in LEVELS_NS:
        raise InputError(f"level_ns must be one of {LEVELS_NS}, not {query.level_ns}")
    ids = _ids(keys)
    width = query.level_ns
    start_ns, end_ns = (
        -(-min(max(t, 0), START_NS_MAX) // width) * width for t in (query.start_ns, query.end_ns)
    )
    if not ids.size or start_ns >= end_ns:
        return {}
    stretch = Stretch(LEVELS_NS.index(width), start_ns, end_ns)
    loaded = segments.load(stretch, _bands(ids))
    rows = _whole_rows(segments, loaded, _within(loaded.rows, stretch, ids), width)
    borders = np.flatnonzero(np.diff(rows["series"], prepend=-1, append=-1)).tolist() if rows.size else []
    columns = {name: np.ascontiguousarray(rows[name]) for name in Frame.__dataclass_fields__}
    return {
        keys[int(rows["series"][begin])]: Frame(
            **{name: column[begin:end] for name, column in columns.items()}
        )
        for begin, end in pairwise(borders)
    }


def _whole_rows(segments: Segments[Place], loaded: Loaded[Place], kept: Ints, width_ns: int) -> Rows:
    """Return one row for each series and bucket, in that order."""
    code = bucket_codes(loaded.rows, width_ns)[kept]
    order = np.argsort(code, kind="stable")
    code, kept = code[order], kept[order]
    again = np.diff(code, prepend=-1) == 0
    shared = again.copy()
    shared[:-1] |= again[1:]
    rows: Rows = loaded.rows.take(kept[~shared])
    rows["start_ns"] -= rows["start_ns"] % width_ns
    if not shared.any():
        return rows
    merged = collapse(with_bins(segments, loaded, np.sort(kept[shared])), width_ns).rows
    rows = np.concatenate((rows, merged))
    ordered: Rows = rows.take(np.argsort(bucket_codes(rows, width_ns), kind="stable"))
    return ordered


def totals(
    segments: Segments[Place], query: TotalQuery, keys: dict[int, SeriesKey]
) -> dict[SeriesKey, Total]:
    """Answer a TotalQuery."""
    ids = _ids(keys)
    if not ids.size:
        return {}
    parts: list[Points] = []
    for stretch in cover(query.start_ns, query.end_ns, segments.horizons()):
        loaded = segments.load(stretch, _bands(ids))
        parts.append(with_bins(segments, loaded, _within(loaded.rows, stretch, ids)))
    points = collapse(concatenate(parts), ALL_TIME_NS)
    return {
        keys[int(row["series"])]: Total(
            Moments(
                int(row["count"]),
                *(float(row[n]) for n in ("mean", "m2", "minimum", "maximum", "last")),
            ),
            histogram,
        )
        for row, histogram in zip(points.rows, histograms_of(points.bins, points.rows["scale"]), strict=True)
    }
