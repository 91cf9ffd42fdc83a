"""Bins: the non-empty buckets of many histograms side by side, so that numpy merges them all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.histogram import Buckets, ExponentialHistogram

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scales = NDArray[np.int8]

NO_HISTOGRAM = -128
"""The scale of a row that has no histogram; real scales lie in -10..20."""

POSITIVE = 1 << 31
"""Keys put bins in the order of the values they hold: `POSITIVE + index` for positive values, 0 for zero,
`-(POSITIVE + index)` for negative ones. Indices stay within 2**30 at the finest scale, 20."""

KEY_BITS = 34
DENSE_MAX = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Three arrays of equal length: the row of each bin, its key, its count; in order of row, then key."""

    row: Ints
    key: Ints
    count: Ints


def no_bins() -> Bins:
    """Return the bins of rows without histograms."""
    none = np.zeros(0, dtype=np.int64)
    return Bins(none, none, none)


def bins_of(histograms: Sequence[ExponentialHistogram | None]) -> tuple[Bins, Scales]:
    """Return the bins and the scale of each histogram, `NO_HISTOGRAM` where there is none."""
    scales = np.full(len(histograms), NO_HISTOGRAM, dtype=np.int8)
    held = [(row, h) for row, h in enumerate(histograms) if h is not None]
    if not held:
        return no_bins(), scales
    rows = np.array([row for row, _ in held])
    scales[rows] = [h.scale for _, h in held]
    zeros = np.array([h.zero_count for _, h in held], dtype=np.int64)
    parts = [
        _side(rows, [h.negative for _, h in held], -1),
        Bins(rows[zeros > 0], np.zeros(np.count_nonzero(zeros > 0), dtype=np.int64), zeros[zeros > 0]),
        _side(rows, [h.positive for _, h in held], 1),
    ]
    filled = [part for part in parts if part.row.size]
    if len(filled) == 1 and filled[0] is parts[2]:
        return filled[0], scales
    row, key, count = (np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "key", "count"))
    order = np.lexsort((key, row))
    return Bins(row[order], key[order], count[order]), scales


def _side(rows: Ints, buckets: Sequence[Buckets], sign: int) -> Bins:
    """Return the bins on one side of zero, in order of row, then magnitude."""
    sizes = np.array([b.counts.size for b in buckets])
    counts = np.concatenate([b.counts for b in buckets])
    filled = np.flatnonzero(counts)
    shift = np.array([b.offset for b in buckets]) - (np.cumsum(sizes) - sizes) + POSITIVE
    owner = np.repeat(np.arange(len(buckets)), sizes)[filled]
    return Bins(rows[owner], sign * (filled + shift[owner]), counts[filled])


def concatenate_bins(parts: Sequence[Bins], rows: Sequence[int]) -> Bins:
    """Return the bins of tables laid end to end, of which part `i` has `rows[i]` rows."""
    if len(parts) <= 1:
        return parts[0] if parts else no_bins()
    starts = np.concatenate(([0], np.cumsum(rows[:-1]))).astype(np.int64)
    return Bins(
        np.concatenate([p.row + start for p, start in zip(parts, starts, strict=True)]),
        np.concatenate([p.key for p in parts]),
        np.concatenate([p.count for p in parts]),
    )


def take_bins(bins: Bins, index: Ints, rows: int) -> Bins:
    """Return the bins of the rows in `index` (each at most once), in its order, out of `rows` rows."""
    place = np.full(rows, -1, dtype=np.int64)
    place[index] = np.arange(index.size)
    moved = place[bins.row]
    kept = np.flatnonzero(moved >= 0)
    if (index[1:] < index[:-1]).any():
        kept = kept[np.argsort(moved[kept], kind="stable")]
    elif kept.size == bins.row.size:
        return Bins(moved, bins.key, bins.count)
    return Bins(moved[kept], bins.key[kept], bins.count[kept])


def merge_bins(bins: Bins, scales: Scales, group: Ints, groups: int) -> tuple[Bins, Scales]:
    """Merge the histograms of the rows of each group; `group` gives each row's, in `0..groups`.

    Guarantee: equal to `homeostat.stats.sketch.merge` of each group, count for count.
    """
    if bins.row.size == 0 and not bool((scales != NO_HISTOGRAM).any()):
        return bins, np.full(groups, NO_HISTOGRAM, dtype=np.int8)
    present = scales != NO_HISTOGRAM
    coarsest = np.full(groups, 127, dtype=np.int8)
    np.minimum.at(coarsest, group[present], scales[present])
    by = np.where(present, scales - coarsest[group], 0).astype(np.int64)
    key = _downscaled(bins.key, by[bins.row]) if by.any() else bins.key
    merged = _summed(group[bins.row], key, bins.count, groups)
    coarsest[coarsest == 127] = NO_HISTOGRAM
    return merged, coarsest


def _downscaled(key: Ints, by: Ints) -> Ints:
    index = ((np.abs(key) - POSITIVE) >> by) + POSITIVE
    return np.where(key == 0, 0, np.where(key > 0, index, -index))


def _summed(group: Ints, key: Ints, count: Ints, groups: int) -> Bins:
    """Add up the counts of equal group and key: over a dense table where that is small, else by sorting."""
    low = int(key.min()) if key.size else 0
    span = int(key.max()) - low + 1 if key.size else 0
    if groups * span <= min(DENSE_MAX, 16 * key.size + 4096):
        table = np.zeros(groups * span, dtype=np.int64)
        np.add.at(table, group * span + (key - low), count)
        filled = np.flatnonzero(table)
        return Bins(
            filled // span if span else filled, filled % span + low if span else filled, table[filled]
        )
    code = (group << KEY_BITS) + (key + (1 << (KEY_BITS - 1)))
    order = np.argsort(code, kind="stable")
    code = code[order]
    heads = np.flatnonzero(np.concatenate(([True], code[1:] != code[:-1])))
    code = code[heads]
    return Bins(
        code >> KEY_BITS,
        (code & ((1 << KEY_BITS) - 1)) - (1 << (KEY_BITS - 1)),
        np.add.reduceat(count[order], heads),
    )


def bin_values(key: Ints, scale: Scales) -> Floats:
    """Return the value that stands for each bin, relatively as far from both its bounds: 2ab / (a + b)."""
    width = np.exp2(-scale.astype(np.float64))
    base = np.exp2(width)
    with np.errstate(over="ignore"):
        value: Floats = np.exp2((np.abs(key) - POSITIVE) * width) * (2.0 * base / (1.0 + base))
    return np.where(key == 0, 0.0, np.copysign(value, key))


def bin_quantiles(bins: Bins, scales: Scales, probabilities: tuple[float, ...]) -> Floats:
    """Return one row of quantiles for each histogram, NaN where it is empty; as `sketch.quantiles` does."""
    rows = scales.size
    found = np.full((rows, len(probabilities)), np.nan)
    if bins.row.size == 0:
        return found
    cumulative = np.cumsum(bins.count)
    ends = np.searchsorted(bins.row, np.arange(rows + 1))
    before = np.concatenate(([0], cumulative))[ends]
    n = np.diff(before)
    filled = np.flatnonzero(n)
    rank = np.floor(np.outer(n[filled] - 1, probabilities)).astype(np.int64) + before[filled, None]
    at = np.searchsorted(cumulative, rank, side="right")
    found[filled] = bin_values(bins.key[at], scales[bins.row[at]])
    return found


def histograms_of(bins: Bins, scales: Scales) -> list[ExponentialHistogram | None]:
    """Return each row's histogram, None where it has none."""
    ends = np.searchsorted(bins.row, np.arange(scales.size + 1))
    found: list[ExponentialHistogram | None] = []
    for row, scale in enumerate(scales.tolist()):
        if scale == NO_HISTOGRAM:
            found.append(None)
            continue
        key, count = bins.key[ends[row] : ends[row + 1]], bins.count[ends[row] : ends[row + 1]]
        found.append(
            ExponentialHistogram(
                scale,
                int(count[key == 0].sum()),
                _dense(key[key > 0] - POSITIVE, count[key > 0]),
                _dense(-key[key < 0] - POSITIVE, count[key < 0]),
            )
        )
    return found


def _dense(index: Ints, count: Ints) -> Buckets:
    if index.size == 0:
        return Buckets()
    offset = int(index.min())
    counts = np.zeros(int(index.max()) - offset + 1, dtype=np.int64)
    counts[index - offset] = count
    return Buckets(offset, counts)
