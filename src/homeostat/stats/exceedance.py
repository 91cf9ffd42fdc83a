"""The exceedance: how many values of a histogram lie above a bound."""

import numpy as np

from homeostat.core.histogram import Buckets, ExponentialHistogram


def _above(buckets: Buckets, magnitude: float, scale: int) -> int:
    """Count the magnitudes above a positive one: of its own bucket those whose middle lies above."""
    if buckets.counts.size == 0:
        return 0
    width = 2.0**-scale
    middle = 2.0 * 2.0**width / (1.0 + 2.0**width)
    values = np.exp2((np.arange(buckets.counts.size) + buckets.offset) * width) * middle
    return int(buckets.counts[values > magnitude].sum())


def count_above(histogram: ExponentialHistogram, bound: float) -> int:
    """Return how many values lie above a bound.

    Guarantee: exact for all values that differ from the bound by more than the relative error of the
    histogram's scale (`homeostat.stats.sketch.relative_error`). Cost: 10 us.

    >>> from homeostat.stats.sketch import sketch
    >>> h = sketch([-3.0, 0.0, 1.0, 2.0, 5.0])
    >>> count_above(h, 1.5), count_above(h, 0.0), count_above(h, -1.0), count_above(h, -4.0)
    (2, 3, 4, 5)
    """
    if bound > 0:
        return _above(histogram.positive, bound, histogram.scale)
    positive = int(histogram.positive.counts.sum())
    if bound == 0:
        return positive
    negative = int(histogram.negative.counts.sum()) - _above(histogram.negative, -bound, histogram.scale)
    return positive + histogram.zero_count + negative
