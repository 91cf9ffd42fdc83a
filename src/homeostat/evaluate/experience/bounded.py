"""The interval of a mean that lies between two bounds, for few and lopsided values."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from homeostat.core.interval import Interval
from homeostat.stats.student import quantile
from homeostat.stats.wilson_interval import wilson_interval

CONFIDENCE = 0.95
WORTH_MAX = 1_000.0
"""How many trials one value is worth at most: values that all agree are no proof that none ever differs."""

EXTRA = 0.25
"""How much of a value more is taken at each bound for the variance."""

Floats = NDArray[np.float64]


def bounded_interval(values: Sequence[float] | Floats, low: float, high: float) -> Interval | None:
    """Return the 95% interval for the mean of values in `[low, high]`, None below two of them.

    Wilson's interval on as many trials as the values are worth by their variance. That is taken with a
    quarter of a value more at each bound, so that ten times the best answer is not certainty, and with
    Student's quantile in place of the normal one.

    Guarantee: simulated on answers on a scale of 10 steps, lopsided ones too, it covers the mean in at least
    93% of cases from 5 values on, and on shares of 1 to 500 tries in 90% (docs/decisions/0087). Does not
    hold on values of the same person more than once: average them first.
    """
    n = len(values)
    if n < 2:
        return None
    scaled = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    mean = float(scaled.mean())
    spread = mean * (1.0 - mean)
    centre = (mean * n + EXTRA) / (n + 2 * EXTRA)
    squares = float(((scaled - centre) ** 2).sum()) + EXTRA * (centre**2 + (1.0 - centre) ** 2)
    worth = min(spread * n * n / squares, WORTH_MAX * n) if spread > 0.0 else float(n)
    normal = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    worth *= (normal / quantile(0.5 + CONFIDENCE / 2, n - 1.0)) ** 2
    return wilson_interval(mean * worth, worth, CONFIDENCE)
