"""The sketch: a distribution in logarithmic buckets, mergeable without loss.

The data structure is OpenTelemetry's exponential histogram (`homeostat.core.histogram`), at a fixed
scale of 6. DDSketch (Masson, Rim and Lee, VLDB 2019) has the same guarantee with another wire format.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.histogram import Buckets, ExponentialHistogram

SCALE = 6
"""64 buckets to each doubling: a relative error of at most 0.542%."""

SMALLEST = float(np.finfo(np.float64).tiny)
"""Magnitudes below the smallest normal number count as zero, as the standard allows."""


def relative_error(scale: int) -> float:
    """Return the largest relative error of a quantile read from a histogram of this scale.

    >>> round(relative_error(6), 5)
    0.00542
    """
    base: float = 2.0 ** (2.0**-scale)
    return (base - 1.0) / (base + 1.0)


def bucket_index(magnitudes: NDArray[np.float64], scale: int) -> NDArray[np.int64]:
    """Return the index of the bucket of each positive magnitude: upper bounds belong to their bucket."""
    exponents = np.log2(magnitudes)
    exponents *= 2.0**scale
    np.ceil(exponents, out=exponents)
    index = exponents.astype(np.int64)
    index -= 1
    return index


def _buckets(magnitudes: NDArray[np.float64], scale: int) -> Buckets:
    if magnitudes.size == 0:
        return Buckets()
    upper = np.log2(magnitudes)
    upper *= 2.0**scale
    np.ceil(upper, out=upper)
    lowest = np.minimum.reduce(upper)
    upper -= lowest
    return Buckets(int(lowest) - 1, np.bincount(upper.astype(np.int64)))


def sketch_positive(values: NDArray[np.float64], scale: int = SCALE) -> ExponentialHistogram:
    """Do as `sketch` does, for values that are known to be `SMALLEST` or larger."""
    return ExponentialHistogram(scale, 0, _buckets(values, scale))


def sketch(values: ArrayLike, scale: int = SCALE) -> ExponentialHistogram:
    """Count finite values into a new histogram.

    Guarantee: every quantile read from it is within `relative_error(scale)` of the value of that rank.
    Cost: about 15 ns a value; memory grows with the logarithm of the range, 64 counts a doubling.
    Does not hold for magnitudes below 2.2e-308, which count as zero.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size and array.min() >= SMALLEST:
        return sketch_positive(array, scale)
    positive = array[array >= SMALLEST]
    negative = -array[array <= -SMALLEST]
    zeros = array.size - positive.size - negative.size
    return ExponentialHistogram(scale, zeros, _buckets(positive, scale), _buckets(negative, scale))


def _downscaled(buckets: Buckets, by: int) -> Buckets:
    if by == 0 or buckets.counts.size == 0:
        return buckets
    index = (np.arange(buckets.counts.size, dtype=np.int64) + buckets.offset) >> by
    offset = int(index[0])
    counts = np.zeros(int(index[-1]) - offset + 1, dtype=np.int64)
    np.add.at(counts, index - offset, buckets.counts)
    return Buckets(offset, counts)


def downscale(histogram: ExponentialHistogram, scale: int) -> ExponentialHistogram:
    """Return the same counts at a coarser scale: exact, since each bucket falls into one wider bucket."""
    by = histogram.scale - scale
    if by < 0:
        raise ValueError(f"scale {histogram.scale} cannot become the finer scale {scale}")
    return ExponentialHistogram(
        scale,
        histogram.zero_count,
        _downscaled(histogram.positive, by),
        _downscaled(histogram.negative, by),
    )


def _sum(parts: list[Buckets]) -> Buckets:
    parts = [p for p in parts if p.counts.size]
    if len(parts) <= 1:
        return parts[0] if parts else Buckets()
    offset = min(p.offset for p in parts)
    end = max(p.offset + p.counts.size for p in parts)
    counts = np.zeros(end - offset, dtype=np.int64)
    for p in parts:
        counts[p.offset - offset : p.offset - offset + p.counts.size] += p.counts
    return Buckets(offset, counts)


def merge(histograms: Iterable[ExponentialHistogram]) -> ExponentialHistogram:
    """Return the histogram of all values together.

    Guarantee: equal to the histogram of the whole, count for count, at the coarsest scale among them;
    so in any order and any grouping.
    """
    parts = list(histograms)
    scale = min((h.scale for h in parts), default=SCALE)
    parts = [h if h.scale == scale else downscale(h, scale) for h in parts]
    return ExponentialHistogram(
        scale,
        sum(h.zero_count for h in parts),
        _sum([h.positive for h in parts]),
        _sum([h.negative for h in parts]),
    )


def count(histogram: ExponentialHistogram) -> int:
    """Return the number of values."""
    return int(histogram.positive.counts.sum() + histogram.negative.counts.sum()) + histogram.zero_count


def _midpoints(buckets: Buckets, scale: int) -> NDArray[np.float64]:
    """The value of each bucket with equal relative error to both of its bounds: 2ab / (a + b)."""
    index = np.arange(buckets.counts.size, dtype=np.float64) + buckets.offset
    width = 2.0**-scale
    middle: float = 2.0 * 2.0**width / (1.0 + 2.0**width)
    lower: NDArray[np.float64] = np.exp2(index * width)
    return lower * middle


def quantiles(
    histogram: ExponentialHistogram,
    probabilities: ArrayLike,
    minimum: float = -np.inf,
    maximum: float = np.inf,
) -> NDArray[np.float64]:
    """Return the value of rank `floor(p (n - 1))` for each probability (`method="lower"` of numpy).

    The known `minimum` and `maximum` bound the answers and are the answers at 0 and 1. An empty
    histogram gives NaN. Guarantee: that of `sketch`.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if p.size and not bool(np.all((p >= 0.0) & (p <= 1.0))):
        raise ValueError(f"probabilities must lie in [0, 1], not {probabilities!r}")
    counts = np.concatenate(
        (histogram.negative.counts[::-1], [histogram.zero_count], histogram.positive.counts)
    )
    cumulative = np.cumsum(counts)
    n = int(cumulative[-1])
    if n == 0:
        return np.full(p.shape, np.nan)
    values = np.concatenate(
        (
            -_midpoints(histogram.negative, histogram.scale)[::-1],
            [0.0],
            _midpoints(histogram.positive, histogram.scale),
        )
    )
    rank = np.floor(p * (n - 1))
    found: NDArray[np.float64] = values[np.searchsorted(cumulative, rank, side="right")]
    found = np.where(p == 0.0, np.where(np.isfinite(minimum), minimum, found), found)
    found = np.where(p == 1.0, np.where(np.isfinite(maximum), maximum, found), found)
    return found.clip(minimum, maximum)
