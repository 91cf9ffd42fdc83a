"""Histograms with explicit buckets, as exponential ones.

Each bucket's count is spread evenly over the bucket, clamped by the smallest and largest value where
they are sent. Count and sum stay exact. *Quantiles are as coarse as the buckets*: the true value lies
anywhere in its bucket, so with the bounds 0.1, 0.2, 0.4, ... a quantile may be off by a factor of two,
and where a layout cannot hold the unit (seconds in 0, 5, 10, ...) all values lie in one bucket and
quantiles only say so. Series made this way carry the attribute `source=explicit_buckets`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.core.point import Moments
from homeostat.stats.sketch import SCALE, SMALLEST, bucket_index

SPREAD = 32
"""Places over which the count of one bucket is spread."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExplicitTotal:
    """Counts in buckets whose upper bounds are `bounds`, with one more bucket above; `total` is the sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float | None

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts)


def subtract_explicit(new: ExplicitTotal, old: ExplicitTotal) -> ExplicitTotal | None:
    """Return what was added; None where the bounds changed or a count fell."""
    if new.bounds != old.bounds:
        return None
    counts = tuple(n - o for n, o in zip(new.counts, old.counts, strict=True))
    if min(counts, default=0) < 0:
        return None
    both = new.total is not None and old.total is not None
    return ExplicitTotal(new.bounds, counts, new.total - old.total if both else None)  # type: ignore[operator]


def spread(
    held: ExplicitTotal, minimum: float | None, maximum: float | None
) -> tuple[Moments, ExponentialHistogram]:
    """Return the moments and the exponential histogram of at least one value.

    `minimum` and `maximum` bound the values where they are known. Mean and count are exact if the sum
    was sent; range and spread are those of the buckets.
    """
    lows, highs, counts = _edges(held, minimum, maximum)
    places = np.minimum(counts, SPREAD)
    bucket = np.repeat(np.arange(counts.size), places)
    rank = np.arange(bucket.size) - np.repeat(np.cumsum(places) - places, places)
    values = lows[bucket] + (highs - lows)[bucket] * (rank + 0.5) / places[bucket]
    weights = (counts // places)[bucket] + (rank < (counts % places)[bucket])
    n = int(counts.sum())
    mean = float(values @ weights) / n
    if held.total is not None:
        mean = min(max(held.total / n, float(lows[0])), float(highs[-1]))
    centred = values - mean
    moments = Moments(n, mean, float(centred * centred @ weights), float(lows[0]), float(highs[-1]), mean)
    return moments, weighted_sketch(values, weights)


def _edges(
    held: ExplicitTotal, minimum: float | None, maximum: float | None
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """The lower and upper edges of the filled buckets, and their counts."""
    bounds = np.array(held.bounds, dtype=np.float64)
    counts = np.array(held.counts, dtype=np.int64)
    if bounds.size:
        below = minimum if minimum is not None else min(0.0, held.bounds[0])
        above = maximum if maximum is not None else held.bounds[-1]
    else:
        mean = (held.total or 0.0) / max(held.count, 1)
        below = minimum if minimum is not None else mean
        above = maximum if maximum is not None else mean
    lows = np.concatenate(([below], bounds))
    highs = np.concatenate((bounds, [above]))
    if minimum is not None:
        lows, highs = np.maximum(lows, minimum), np.maximum(highs, minimum)
    if maximum is not None:
        lows, highs = np.minimum(lows, maximum), np.minimum(highs, maximum)
    filled = counts > 0
    return lows[filled], np.maximum(lows, highs)[filled], counts[filled]


def weighted_sketch(values: Floats, weights: NDArray[np.int64]) -> ExponentialHistogram:
    """Count each value as often as its weight says."""
    positive, negative = values >= SMALLEST, values <= -SMALLEST
    return ExponentialHistogram(
        SCALE,
        int(weights[~positive & ~negative].sum()),
        _weighted(values[positive], weights[positive]),
        _weighted(-values[negative], weights[negative]),
    )


def _weighted(magnitudes: Floats, weights: NDArray[np.int64]) -> Buckets:
    if magnitudes.size == 0:
        return Buckets()
    index = bucket_index(magnitudes, SCALE)
    offset = int(index.min())
    counts = np.zeros(int(index.max()) - offset + 1, dtype=np.int64)
    np.add.at(counts, index - offset, weights)
    return Buckets(offset, counts)
