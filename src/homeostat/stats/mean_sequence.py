"""The confidence sequence of a mean, for values without known bounds."""

import math
from typing import Self

import numpy as np

from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.stats.confidence_sequence import (
    FIRST_LOOK,
    MAGNITUDE_MAX,
    ConfidenceSequence,
    Floats,
    finite,
    normal_mixture,
    refuse,
)
from homeostat.stats.t_interval import MINIMUM_SAMPLES

PRIOR = 6.0
"""The mixture's variance: within 6% of the least width from the first look to twenty times its records."""

_ROOM_MIN = 0.1
"""The share of their worth that records keep at least, where it is hardly the boundary's z squared."""


class MeanSequence(ConfidenceSequence):
    """An interval for a mean after each record, valid at all of them together.

    The normal mixture of the asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and
    Ramdas, arXiv 2103.06476), begun at the first look (Robbins 1970), with three corrections for
    samples that are not yet many: the variance is the long-run one (`LongRunVariance`), the statistic is
    normalised by the deviations from the candidate mean instead of the estimated one, and the side of
    the longer tail is moved out by skewness (Johnson, JASA 73, 1978).

    Guarantee: asymptotic in the first look: all intervals hold the mean with about the given probability,
    looked at from `first_look` records to any number. Simulated at 95%, looked at after each of 100 to
    2,000 records, some interval misses on 2% of normal paths, 3% of lognormal and 1 to 2% of AR(1) ones at
    .5 to .9; on 2 to 7% where the first look is at 30. Width: 1.7 to 1.8 times the t-interval's on
    independent samples. Cost: O(1) a record and a look. Does not hold for a slow part that hides in
    noise (white with a quarter of AR(1) at .95: 30% missed), for a mean that moves (drift: it is then
    an interval for nothing), nor where the variance is infinite. A constant stream gives a point; so do
    deviations below 1e-150.

    >>> latency_ms = MeanSequence()
    >>> latency_ms.extend(np.random.default_rng(1).exponential(20.0, 1_000))
    >>> found = latency_ms.interval()
    >>> found.low < 20.0 < found.high
    True
    """

    __slots__ = (
        "_centre",
        "_cubes",
        "_lean",
        "_level",
        "_origin",
        "_settled",
        "_squares",
        "_sum",
        "_time",
        "_z2",
    )

    def __init__(self, confidence: float = 0.95, first_look: int = FIRST_LOOK) -> None:
        """Start empty; the guarantee is the better, the more records the first look waits for."""
        super().__init__(confidence, first_look)
        if first_look < MINIMUM_SAMPLES:
            raise ConfigError(f"first_look must be at least {MINIMUM_SAMPLES} records, not {first_look}")
        self._level = 2.0 * normal_mixture(confidence, PRIOR)
        self._time = PRIOR / first_look  # the mixture's q is this times n
        self._z2 = math.inf  # the square of the mixture's boundary in this chunk
        self._centre = 0.0  # the mean when the last chunk was settled
        self._settled = 0.0  # the sum of squares about it then
        self._sum = self._squares = 0.0  # of deviations from the centre since
        self._origin = 0.0  # the centre of the first chunk, from which cubes and memory count
        self._cubes = 0.0
        self._lean = 0.0  # skewness * inflation / 6

    def add(self, value: float) -> None:
        """Take one record; raise InputError where it is not a finite number below 1e90."""
        if not -MAGNITUDE_MAX < value < MAGNITUDE_MAX:
            raise refuse(value, "a finite number below 1e90")
        deviation = value - self._centre
        self._sum += deviation
        self._squares += deviation * deviation
        self._pending.append(value)
        self.n = n = self.n + 1
        if n == self._due:
            self._turn()

    def interval(self) -> Interval | None:
        """Return the interval that holds now, None before the first look."""
        n = self.n
        if n < self.first_look:
            return None
        total = self._sum
        mean = total / n
        squares = self._settled + self._squares - total * mean
        mean += self._centre
        z2 = self._z2
        worth = n / self._inflation
        room = worth - z2
        if room < _ROOM_MIN * worth:
            room = _ROOM_MIN * worth
        variance = squares / (n - 1) if squares > 0.0 else 0.0
        half = math.sqrt(z2 * variance / room)
        lean = self._lean * math.sqrt(variance) * (1.0 + 2.0 * z2) / n
        if lean > 0.0:
            return Interval(mean - half, mean + half + lean, self.confidence)
        return Interval(mean - half + lean, mean + half, self.confidence)

    @property
    def estimate(self) -> float:
        """The mean, NaN without records."""
        return self._centre + self._sum / self.n if self.n else math.nan

    @property
    def variance(self) -> float:
        """The variance of single records, NaN below two."""
        n = self.n
        squares = self._settled + self._squares - self._sum * self._sum / n if n > 1 else math.nan
        return max(squares, 0.0) / (n - 1) if n > 1 else math.nan

    def _checked(self, values: Floats) -> Floats:
        return finite(values)

    def _take(self, values: Floats) -> None:
        deviations = values - self._centre
        self._sum += float(np.add.reduce(deviations))
        self._squares += float(deviations @ deviations)
        self._pending.extend(values.tolist())
        self.n += values.size

    def _fold(self, chunk: Floats) -> None:
        n, before = self.n, self.n - chunk.size
        first = float(chunk[0])
        mean = first + float(np.add.reduce(chunk - first)) / chunk.size  # exact for a constant
        if not before:
            self._origin = self._centre = mean
        deviations = chunk - mean
        apart = mean - self._centre
        self._settled += float(deviations @ deviations) + apart * apart * before * chunk.size / n
        self._centre += apart * chunk.size / n
        self._sum = self._squares = 0.0
        deviations = chunk - self._origin
        self._cubes += float((deviations * deviations) @ deviations)
        self._memory.fold(deviations)

    def _retune(self) -> None:
        n = self.n
        if n >= self.first_look:
            self._inflation = self._memory.inflation()
            self._lean = self._skewness() * self._inflation / 6.0
            self._z2 = max(self._boundary(n), self._boundary(self._end))  # it falls, then it rises

    def _absorb(self, other: Self) -> None:
        mine, theirs = self.n, other.n
        shift, place = other._origin - self._origin, other._centre - other._origin
        squares = other._settled + theirs * place * place
        self._cubes += other._cubes + shift * (3.0 * squares + theirs * shift * (3.0 * place + shift))
        apart = other._centre - self._centre
        self._settled += other._settled + apart * apart * mine * theirs / (mine + theirs)
        self._centre += apart * theirs / (mine + theirs)
        self._memory.absorb(other._memory, shift)

    def _boundary(self, n: int) -> float:
        q = self._time * n
        return (1.0 + 1.0 / q) * (self._level + math.log1p(q))

    def _skewness(self) -> float:
        n, shift = self.n, self._centre - self._origin
        variance = self._settled / n
        if variance <= 0.0:
            return 0.0
        cubes = self._cubes / n - 3.0 * shift * variance - shift**3
        return cubes / variance / math.sqrt(variance)
