"""Points: many points of many series as one table, and the one operation that the store is built on.

`collapse` merges all points of a series that fall into the same bucket of time. Rolling up, compacting
and reading are all this operation, on different points and widths. It is associative and commutative
but for rounding, so that fragments may be merged in any order and any grouping.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.point import Point
from homeostat.store.bins import (
    Bins,
    Ints,
    bin_quantiles,
    bins_of,
    concatenate_bins,
    merge_bins,
    no_bins,
    take_bins,
)

QUANTILES = (0.5, 0.9, 0.95, 0.99)
QUANTILE_NAMES = ("p50", "p90", "p95", "p99")

ROW = np.dtype(
    [
        ("series", "<i4"),
        ("scale", "i1"),
        ("start_ns", "<i8"),
        ("last_ns", "<i8"),
        ("count", "<i8"),
        ("mean", "<f8"),
        ("m2", "<f8"),
        ("minimum", "<f8"),
        ("maximum", "<f8"),
        ("last", "<f8"),
        *((name, "<f8") for name in QUANTILE_NAMES),
    ]
)
"""What is kept of a point beside its histogram's bins. `last_ns` is when `last` was, which makes merging
independent of the order in which points arrive."""

Rows = NDArray[np.void]

START_NS_MAX = (1 << 32) * SECOND_NS


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A table of points: rows of the type `ROW`, and the bins of their histograms."""

    rows: Rows
    bins: Bins

    @property
    def raw_bytes(self) -> int:
        """The bytes that the same numbers take uncompressed: the rows, and 16 for each bin."""
        return self.rows.nbytes + 16 * self.bins.count.size


def points_of(points: Sequence[Point], series: Sequence[int]) -> Points:
    """Return a batch's points as a table, in buckets of one second. Points without values are left out.

    Raises InputError for a time outside 1970..2106.
    """
    kept = [(p, i) for p, i in zip(points, series, strict=True) if p.moments.count > 0]
    rows = np.empty(len(kept), dtype=ROW)
    for p, _ in kept:
        if not 0 <= p.start_ns < START_NS_MAX:
            raise InputError(
                f"point of {p.series.metric!r} starts at {p.start_ns} ns, outside 1970..2106; "
                "times are nanoseconds since the Unix epoch"
            )
    rows["series"] = [i for _, i in kept]
    rows["start_ns"] = rows["last_ns"] = [p.start_ns for p, _ in kept]
    for name in ("count", "mean", "m2", "minimum", "maximum", "last"):
        rows[name] = [getattr(p.moments, name) for p, _ in kept]
    bins, scales = bins_of([p.histogram for p, _ in kept])
    rows["scale"] = scales
    set_quantiles(rows, bins)
    return collapse(Points(rows, bins), SECOND_NS)


def set_quantiles(rows: Rows, bins: Bins) -> None:
    """Fill in the quantiles of rows from their bins, within each row's known range."""
    found = bin_quantiles(bins, rows["scale"], QUANTILES)
    for column, name in enumerate(QUANTILE_NAMES):
        rows[name] = found[:, column].clip(rows["minimum"], rows["maximum"])


def concatenate(parts: Sequence[Points]) -> Points:
    """Return the tables laid end to end."""
    parts = [p for p in parts if p.rows.size] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Points(np.empty(0, dtype=ROW), no_bins())
    return Points(
        np.concatenate([p.rows for p in parts]),
        concatenate_bins([p.bins for p in parts], [p.rows.size for p in parts]),
    )


def take(points: Points, index: Ints) -> Points:
    """Return the rows at `index`, each at most once, in its order, with their bins."""
    if index.size == points.rows.size and bool((np.diff(index) == 1).all()):
        return Points(points.rows.copy(), points.bins)
    # `take` moves whole rows; indexing a structured array moves field by field, 18 times slower.
    return Points(points.rows.take(index), take_bins(points.bins, index, points.rows.size))


def bucket_codes(rows: Rows, width_ns: int) -> Ints:
    """Return one number for each row that says its series and, below that, its bucket: sortable."""
    code: Ints = (rows["series"].astype(np.int64) << 32) + rows["start_ns"] // width_ns
    return code


def collapse(points: Points, width_ns: int) -> Points:
    """Merge the points of each series and bucket of `width_ns`; in order of series, then time.

    Quantiles of what was merged come from the merged histograms.
    """
    rows = points.rows
    code = bucket_codes(rows, width_ns)
    order = np.lexsort((rows["last_ns"], code))
    code = code[order]
    heads = np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1]))) if code.size else order
    if heads.size == rows.size:
        sorted_points = take(points, order)
        sorted_points.rows["start_ns"] -= sorted_points.rows["start_ns"] % width_ns
        return sorted_points
    merged = _merged_rows(rows.take(order), heads, width_ns)
    sizes = np.diff(np.concatenate((heads, [rows.size])))
    group = np.empty(rows.size, dtype=np.int64)
    group[order] = np.repeat(np.arange(heads.size), sizes)
    bins, merged["scale"] = merge_bins(points.bins, rows["scale"], group, heads.size)
    set_quantiles(merged, bins)
    return Points(merged, bins)


def _merged_rows(rows: Rows, heads: Ints, width_ns: int) -> Rows:
    """Merge the moments of consecutive rows, each group of which begins at one of `heads`."""
    tails = np.concatenate((heads[1:], [rows.size])) - 1
    sizes = tails - heads + 1
    merged = rows.take(heads)
    merged["start_ns"] -= merged["start_ns"] % width_ns
    merged["last_ns"] = rows["last_ns"][tails]
    merged["last"] = rows["last"][tails]
    merged["minimum"] = np.minimum.reduceat(rows["minimum"], heads)
    merged["maximum"] = np.maximum.reduceat(rows["maximum"], heads)
    count = rows["count"]
    merged["count"] = np.add.reduceat(count, heads)
    with np.errstate(over="ignore", invalid="ignore"):
        first = merged["mean"].copy()
        away = count * (rows["mean"] - np.repeat(first, sizes))
        merged["mean"] = first + np.add.reduceat(away, heads) / merged["count"]
        spread = rows["mean"] - np.repeat(merged["mean"], sizes)
        merged["m2"] = np.add.reduceat(rows["m2"] + count * spread * spread, heads)
    return merged
