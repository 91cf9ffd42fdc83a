"""Exponential histograms of the wire, as ours.

The counts are kept as they are: at their own scale where it is coarser than ours, else downscaled to it,
which is exact. Only a change of unit is not: the base is no power of 1,000, so that buckets shifted from
seconds to milliseconds are off by up to half a bucket of the sender's scale (0.54% at scale 6).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.core.point import Moments
from homeostat.observe.ingest.limits import COUNT_MAX
from homeostat.stats.sketch import SCALE, count, downscale

SCALE_MIN, SCALE_MAX = -10, 20
BUCKETS_MAX = 16_384
EXPONENT_MAX = 398
"""Powers of two within which values are taken: 2**398 is below `MAGNITUDE_MAX`."""


@dataclass(frozen=True, slots=True)
class ExponentialTotal:
    """Counts in exponential buckets, and their sum where it was sent."""

    histogram: ExponentialHistogram
    total: float | None


def histogram_of(point: Any, factor: float) -> ExponentialHistogram | str:
    """Return the histogram of a data point, its values multiplied by a factor; or why it is rejected."""
    scale = point.scale
    if not SCALE_MIN <= scale <= SCALE_MAX:
        return f"the scale of an exponential histogram must lie in {SCALE_MIN} to {SCALE_MAX}"
    shift = round(float(np.log2(factor)) * 2.0**scale) if factor != 1.0 else 0
    sides: list[Buckets] = []
    for side in (point.positive, point.negative):
        counts = side.bucket_counts
        if len(counts) > BUCKETS_MAX:
            return f"an exponential histogram may have at most {BUCKETS_MAX} buckets"
        if len(counts) and not (min(counts) >= 0 and sum(counts) < COUNT_MAX):
            return "a bucket's count is out of range"
        offset = side.offset + shift
        reach = EXPONENT_MAX * 2.0**scale
        if not -reach <= offset <= offset + len(counts) <= reach:
            return "the buckets of an exponential histogram lie outside the range of numbers"
        sides.append(_trimmed(offset, np.fromiter(counts, np.int64, len(counts))))
    if not point.zero_count >= 0 or point.zero_count + sum(int(s.counts.sum()) for s in sides) >= COUNT_MAX:
        return "a bucket's count is out of range"
    histogram = ExponentialHistogram(scale, point.zero_count, sides[0], sides[1])
    return downscale(histogram, SCALE) if scale > SCALE else histogram


def _trimmed(offset: int, counts: NDArray[np.int64]) -> Buckets:
    filled = np.flatnonzero(counts)
    if filled.size == 0:
        return Buckets()
    first, last = int(filled[0]), int(filled[-1])
    return Buckets(offset + first, counts[first : last + 1])


def subtract_exponential(new: ExponentialTotal, old: ExponentialTotal) -> ExponentialTotal | None:
    """Return what was added, at the coarser scale of the two; None where a count fell."""
    scale = min(new.histogram.scale, old.histogram.scale)
    a, b = downscale(new.histogram, scale), downscale(old.histogram, scale)
    positive = _difference(a.positive, b.positive)
    negative = _difference(a.negative, b.negative)
    zeros = a.zero_count - b.zero_count
    if positive is None or negative is None or zeros < 0:
        return None
    both = new.total is not None and old.total is not None
    return ExponentialTotal(
        ExponentialHistogram(scale, zeros, positive, negative),
        new.total - old.total if both else None,  # type: ignore[operator]
    )


def _difference(new: Buckets, old: Buckets) -> Buckets | None:
    if old.counts.size == 0:
        return new
    if new.counts.size == 0:
        return None
    offset = min(new.offset, old.offset)
    end = max(new.offset + new.counts.size, old.offset + old.counts.size)
    counts = np.zeros(end - offset, dtype=np.int64)
    counts[new.offset - offset : new.offset - offset + new.counts.size] += new.counts
    counts[old.offset - offset : old.offset - offset + old.counts.size] -= old.counts
    return None if bool((counts < 0).any()) else _trimmed(offset, counts)


def moments_of_histogram(held: ExponentialTotal, minimum: float | None, maximum: float | None) -> Moments:
    """Return the moments of at least one value.

    Exact are the count, the mean if the sum was sent, and the range if it was; the spread is that of the
    buckets' midpoints.
    """
    histogram = held.histogram
    base = 2.0 ** (2.0**-histogram.scale)
    parts, weights, edges = [], [], []
    for sign, side in ((-1.0, histogram.negative), (1.0, histogram.positive)):
        if side.counts.size:
            index = np.arange(side.counts.size, dtype=np.float64) + side.offset
            lower = np.exp2(index * 2.0**-histogram.scale)
            parts.append(sign * lower * (2.0 * base / (1.0 + base)))
            edges += [sign * float(lower[0]), sign * float(lower[-1]) * base]
            weights.append(side.counts)
    if histogram.zero_count:
        parts.append(np.zeros(1))
        weights.append(np.array([histogram.zero_count]))
        edges.append(0.0)
    values, counts = np.concatenate(parts), np.concatenate(weights)
    n = count(histogram)
    low, high = min(edges), max(edges)
    low = low if minimum is None else min(max(low, minimum), high)
    high = high if maximum is None else max(min(high, maximum), low)
    mean = min(max(float(values @ counts) / n, low), high)
    if held.total is not None:
        mean = held.total / n
        mean = mean if minimum is None else max(mean, minimum)
        mean = mean if maximum is None else min(mean, maximum)
        low, high = min(low, mean), max(high, mean)  # the edges may be shifted, the sum is exact
    centred = values - mean
    return Moments(n, mean, float(centred * centred @ counts), low, high, mean)
