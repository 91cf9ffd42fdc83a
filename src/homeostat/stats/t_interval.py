"""Student's t-interval for a mean, of a given sample and of a rolling window."""

import math
from collections.abc import Iterable
from statistics import NormalDist

import numpy as np

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval

MINIMUM_SAMPLES = 30

WINDOW = 1_000
"""Samples that a rolling window holds by default."""

_MAGNITUDE_MAX = 1e150
"""Larger magnitudes cannot be squared."""

_SQUARES_MAX = 1e304


def t_quantile(probability: float, degrees: float) -> float:
    """Return Student's t quantile by the expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).

    Within 1e-6 of the exact value from 29 degrees of freedom on, at probabilities of .9 to .995.

    >>> round(t_quantile(0.975, 29), 4)
    2.0452
    """
    x = NormalDist().inv_cdf(probability)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return sum(term / degrees**power for power, term in enumerate(terms))


def t_interval(n: int, mean: float, variance: float, confidence: float = 0.95) -> Interval | None:
    """Return the t-interval of a mean from `n` samples, or None below `MINIMUM_SAMPLES`.

    Guarantee: covers the mean with the given probability for independent samples, looked at once.
    Does not hold when it is looked at again and again until it says something (it then misses up to
    41% of the time), nor on autocorrelated samples.
    """
    if n < MINIMUM_SAMPLES or not math.isfinite(mean) or not math.isfinite(variance):
        return None
    half = t_quantile(0.5 + confidence / 2, n - 1) * math.sqrt(max(variance, 0.0) / n)
    return Interval(mean - half, mean + half, confidence)


class RollingInterval:
    """The t-interval of the last `window` samples, kept up to date.

    Sums are kept about a centre near the mean. Each time the window has been replaced once, and when a
    sample leaves that outweighed all others, they are worked out again about the mean, so that rounding
    never adds up. Guarantee and limits are those of `t_interval`. Cost: O(1) a record; memory: the window.

    >>> rolling = RollingInterval(window=50)
    >>> rolling.extend(float(k % 10) for k in range(200))
    >>> rolling.n, rolling.mean
    (50, 4.5)
    """

    __slots__ = ("_at", "_centre", "_full", "_least", "_ring", "_squares", "_sum", "confidence", "window")

    def __init__(self, window: int = WINDOW, confidence: float = 0.95) -> None:
        """Start empty; `window` is at least `MINIMUM_SAMPLES`."""
        if window < MINIMUM_SAMPLES:
            raise ConfigError(f"window must be at least {MINIMUM_SAMPLES} samples, not {window}")
        if not 0.0 < confidence < 1.0:
            raise ConfigError(f"confidence must lie between 0 and 1, such as 0.95, not {confidence}")
        self.window = window
        self.confidence = confidence
        self._full = False
        self._least = (
            2.0 / window
        )  # a leaving square that leaves less of itself behind was the centre's maker
        self._ring = [0.0] * window
        self._at = -window  # where the oldest stands: negative, so that the end of the ring is zero
        self._centre = self._sum = 0.0
        self._squares = math.nan  # sends the first sample to _add_with_care, which centres on it

    def add(self, value: float) -> None:
        """Take one sample; raise InputError where it is not a finite number below 1e150."""
        ring, at = self._ring, self._at
        centre = self._centre
        deviation, old = value - centre, ring[at] - centre
        left = old * old
        squares = self._squares + (deviation * deviation - left)
        if not left * self._least <= squares < _SQUARES_MAX:
            self._add_with_care(value)
            return
        ring[at] = value
        self._sum += deviation - old
        self._squares = squares
        self._at = at = at + 1
        if not at:
            self._recompute()

    def extend(self, values: Iterable[float]) -> None:
        """Take samples in their order."""
        for value in values:
            self.add(value)

    @property
    def n(self) -> int:
        """The number of samples in the window."""
        return self.window if self._full else self.window + self._at

    @property
    def mean(self) -> float:
        """The mean of the window, NaN while it is empty."""
        n = self.n
        return self._centre + self._sum / n if n else math.nan

    @property
    def variance(self) -> float:
        """The variance of the window with n - 1 in the denominator, NaN below two samples."""
        n = self.n
        return max(self._squares - self._sum * self._sum / n, 0.0) / (n - 1) if n > 1 else math.nan

    def interval(self) -> Interval | None:
        """Return the interval of the window's mean, None below `MINIMUM_SAMPLES`."""
        return t_interval(self.n, self.mean, self.variance, self.confidence)

    def _add_with_care(self, value: float) -> None:
        if not abs(value) < _MAGNITUDE_MAX:
            raise InputError(f"a sample must be a finite number below 1e150, not {value!r}: leave it out")
        self._ring[self._at] = value
        self._at += 1
        self._recompute()

    def _recompute(self) -> None:
        """Sum up the window again about its own mean, and begin a new round of the ring at its end."""
        if not self._at:
            self._full, self._at = True, -self.window
        n = self.n
        kept = np.array(self._ring[:n], dtype=np.float64)
        first = float(kept[0])
        kept -= first  # a constant window has this mean exactly
        shift = float(kept.mean())
        kept -= shift
        self._centre = first + shift
        self._ring[n:] = [self._centre] * (self.window - n)
        self._sum = float(kept.sum())
        self._squares = float(kept @ kept)
