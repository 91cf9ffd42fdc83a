"""The tail of a statistic, learnt as it streams: how surprising is this value?"""

import math

WARM_UP = 100
"""From so many values the tail is set up; before, nothing is surprising."""

MEMORY = 20_000
"""The reference forgets: what is older than about this many values has lost its weight."""

SURPRISE_MAX = 15.0

_QUANTILE = 0.98
_LOG_10 = math.log(10.0)
_BODY = -math.log10(1.0 - _QUANTILE)
_STEP = 6.0
"""The quantile moves by this many mean excesses over the number of values."""


class Tail:
    """The upper tail of a stream of nonnegative values: peaks over a threshold.

    Up to the 98% quantile, found by stochastic approximation, surprise grows in proportion; above it the
    excess is taken as exponential with the mean excess seen. Surprise is -log10 of the probability that a
    value of the reference is as large: 3 is one in a thousand.

    Guarantee: for values that do not depend on each other and whose tail is exponential or lighter, a
    surprise of s is exceeded with a probability of 10**-s or less, about. Cost: 0.5 us a value, six
    numbers. Does not hold in the first some hundreds of values, nor for heavier tails (a surprise of 4
    is then more frequent than one in 10,000); whoever needs a rate held adapts the threshold to it.
    Source: Siffer and others, "Anomaly detection in streams with extreme value theory", KDD 2017, with
    the shape of the tail fixed at 0, since a shape estimated from few peaks does more harm than good.
    """

    __slots__ = ("_count", "_excess", "_first", "_peaks", "_share", "_threshold")

    def __init__(self) -> None:
        self._first: list[float] | None = []
        self._count = 0
        self._threshold = 0.0
        self._excess = 0.0
        self._peaks = 0
        self._share = 1.0 - _QUANTILE

    def surprise(self, value: float) -> float:
        """Return the surprise of a value against those before it, and learn it."""
        if self._first is not None:
            self._begin(self._first, value)
            return 0.0
        threshold, excess = self._threshold, self._excess
        scale = max(0.001 * threshold, excess)
        if scale < 1e-300:
            scale = 1e-300
        self._count += 1
        gain = 1.0 / (min(MEMORY, self._count))
        step = _STEP * gain * (max(0.02 * threshold, scale))
        if value > threshold:
            found = -math.log10(self._share) + (value - threshold) / (scale * _LOG_10)
            self._share += gain * (1.0 - self._share)
            self._peaks += 1
            weight = max(1.0 / self._peaks, gain / max(self._share, gain))
            self._excess = excess + weight * (value - threshold - excess)
            self._threshold = threshold + step * _QUANTILE
            return min(SURPRISE_MAX, found)
        found = _BODY * value / threshold if threshold > 0.0 else 0.0
        share = self._share * (1.0 - gain)
        self._share = max(1.0 / MEMORY, share)
        threshold -= step * (1.0 - _QUANTILE)
        self._threshold = max(0.0, threshold)
        return found

    def _begin(self, first: list[float], value: float) -> None:
        first.append(value)
        if len(first) < WARM_UP:
            return
        threshold = sorted(first)[int(_QUANTILE * WARM_UP)]
        peaks = [v - threshold for v in first if v > threshold]
        self._threshold = threshold
        self._excess = sum(peaks) / len(peaks) if peaks else 0.0
        self._peaks = len(peaks)
        self._count = WARM_UP
        self._share = (len(peaks) + 0.5) / (WARM_UP + 1)
        self._first = None
