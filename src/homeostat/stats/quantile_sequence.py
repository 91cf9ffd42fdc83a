"""The confidence sequence of a quantile: p95 of latency, whatever its distribution."""

import math
from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import accumulate, islice
from math import ceil, log2
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
    refuse,
)
from homeostat.stats.sketch import SCALE

_BUCKETS = 2.0**SCALE
"""Buckets to a doubling."""

_OFFSET = 1 << 17
"""Added to the index of a bucket, so that its sign is free for the sign of the value."""

PRIOR_WORTH = 63.0
"""How many records the beta mixture's prior is worth: narrowest at about eight times as many."""

_LOOKS = 16
"""Intervals are found anew every n / 16 records: .9% wider on average than every n / 32, a fifth quicker."""

_STEPS_MAX = 3

_NEAR = 1.0
"""So near the boundary it is quicker to go on hit by hit than by Newton's method."""


class QuantileSequence(ConfidenceSequence):
    """An interval for a quantile after each record, valid at all of them together.

    The values beyond the true quantile are hits of a known probability, whatever the distribution: the
    beta-binomial mixture says which numbers of hits are likely at this n, and the interval reaches between
    the samples of these ranks (Howard and Ramdas, "Sequential estimation of quantiles", arXiv 1906.09712).
    Samples are counted in the buckets of the sketch; each end is the outer edge of its bucket (1.1% wide).
    Autocorrelation of the hits divides their counts, as in `ProportionSequence`.

    Guarantee: not asymptotic: for independent records of any distribution all intervals hold the quantile
    together with at least the given probability. For autocorrelated records as good as the inflation is
    known. An end is infinite as long as no sample lies beyond it (p95: below about 200 records). Cost: O(1)
    a record and a look; memory: a count for each bucket that has samples, some hundreds as a rule,
    131,072 of each sign at the very most. Does not hold for a quantile that moves.

    >>> latency_ms = QuantileSequence(0.95)
    >>> latency_ms.extend(np.random.default_rng(1).exponential(20.0, 2_000))
    >>> found = latency_ms.interval()
    >>> found.low < 20.0 * math.log(20) < found.high
    True
    """

    __slots__ = (
        "_constant",
        "_counts",
        "_fewest",
        "_found",
        "_keys",
        "_largest",
        "_most",
        "_smallest",
        "probability",
    )
    _TABLES = frozenset({"_counts"})
    _SETTINGS = (*ConfidenceSequence._SETTINGS, "probability")

    def __init__(
        self, probability: float = 0.95, confidence: float = 0.95, first_look: int = FIRST_LOOK
    ) -> None:
        """Start empty."""
        super().__init__(confidence, first_look)
        if not 0.0 < probability < 1.0:
            raise ConfigError(f"probability must lie between 0 and 1, such as 0.95, not {probability}")
        self.probability = probability
        a, b = PRIOR_WORTH * (1.0 - probability), PRIOR_WORTH * probability
        self._constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + math.log(1.0 - confidence)
        self._counts: dict[int, int] = {}  # of samples by bucket
        self._keys: list[int] = []  # of the buckets, in order
        self._smallest, self._largest = math.inf, -math.inf
        self._most = self._fewest = 0.0  # hits that were likely at the last look, off their expectation
        self._found: Interval | None = None

    def add(self, value: float) -> None:
        """Take one record; raise InputError where it is not a finite number below 1e90."""
        if 0.0 < value < MAGNITUDE_MAX:
            key = ceil(log2(value) * _BUCKETS) + _OFFSET
        elif -MAGNITUDE_MAX < value < 0.0:
            key = -ceil(log2(-value) * _BUCKETS) - _OFFSET
        elif value == 0.0:
            key = 0
        else:
            raise refuse(value, "a finite number below 1e90")
        try:
            self._counts[key] += 1
        except KeyError:
            self._counts[key] = 1
            insort(self._keys, key)
        if value > self._largest:
            self._largest = value
        if value < self._smallest:
            self._smallest = value
        self._pending.append(value)
        self.n = n = self.n + 1
        if n == self._due:
            self._turn()

    def interval(self) -> Interval | None:
        """Return the newest interval, None before the first look; it is at most n / 16 records old."""
        return self._found

    @property
    def estimate(self) -> float:
        """The quantile, within 0.55%; NaN without records."""
        if not self.n:
            return math.nan
        rank = max(1, math.ceil(self.n * (1.0 - self.probability)))
        key = self._from_top(rank, rank)[0]
        low, high = _lower_edge(key), -_lower_edge(-key)
        middle = math.copysign(math.sqrt(low * high), low)
        return min(max(middle, self._smallest), self._largest)

    def _checked(self, values: Floats) -> Floats:
        return finite(values)

    def _take(self, values: Floats) -> None:
        keys = np.zeros(values.size, dtype=np.int64)
        some = values != 0.0
        index = np.ceil(np.log2(np.abs(values[some])) * _BUCKETS).astype(np.int64) + _OFFSET
        keys[some] = np.where(values[some] > 0.0, index, -index)
        for key, count in zip(
            *(found.tolist() for found in np.unique(keys, return_counts=True)), strict=True
        ):
            if key not in self._counts:
                self._counts[key] = 0
                insort(self._keys, key)
            self._counts[key] += count
        self._largest = max(self._largest, float(values.max()))
        self._smallest = min(self._smallest, float(values.min()))
        self._pending.extend(values.tolist())
        self.n += values.size

    def _fold(self, chunk: Floats) -> None:
        self._memory.fold((chunk > self.estimate).astype(np.float64))

    def _absorb(self, other: Self) -> None:
        for key, count in other._counts.items():
            if key not in self._counts:
                self._counts[key] = 0
                insort(self._keys, key)
            self._counts[key] += count
        self._largest = max(self._largest, other._largest)
        self._smallest = min(self._smallest, other._smallest)
        self._memory.absorb(other._memory)

    def _retune(self) -> None:
        self._stride = max(self.n // _LOOKS, 1)
        if self.n >= self.first_look:
            self._inflation = self._memory.inflation_of_hits()

    def _look(self) -> None:
        if self.n < self.first_look:
            return
        most, fewest = self._likely()
        high, low = self._from_top(fewest, most + 1)
        self._found = Interval(
            -math.inf if most >= self.n else max(_lower_edge(low), self._smallest),
            math.inf if fewest < 1 else min(-_lower_edge(-high), self._largest),
            self.confidence,
        )

    def _from_top(self, first: int, second: int) -> tuple[int, int]:
        """Return the buckets of the samples that are `first` and `second` (or more) from the largest on."""
        keys = self._keys
        most = min(second, len(keys))
        ranks = list(accumulate(map(self._counts.__getitem__, islice(reversed(keys), most))))
        return keys[-1 - bisect_left(ranks, first)], keys[-1 - min(bisect_left(ranks, second), most - 1)]

    def _likely(self) -> tuple[int, int]:
        """Return the largest and the smallest number of samples that likely lie beyond the quantile.

        Likely are those at which the mixture's likelihood ratio is below its boundary.
        """
        n, scale, probability = self.n, 1.0 / self._inflation, self.probability
        rarer = 1.0 - probability
        a, b = PRIOR_WORTH * rarer, PRIOR_WORTH * probability
        log_odds = math.log(probability / rarer)
        rest = b + n * scale
        constant = self._constant - math.lgamma(a + rest) - n * scale * math.log(probability)
        lgamma = math.lgamma

        def surprise(hits: float) -> float:
            """Return the log of the likelihood ratio at so many hits, less that of the boundary."""
            worth = hits * scale
            return constant + lgamma(a + worth) + lgamma(rest - worth) + worth * log_odds

        expected = n * rarer
        most = min(math.floor(expected + max(self._most, 1.0)), n)
        found = surprise(most)
        if not -_NEAR < found < _NEAR:
            most = math.floor(self._near(surprise, max(self._most, 1.0)))
            found = surprise(most)
        while found >= 0.0 and most > expected:
            most -= 1
            found = surprise(most)
        while most < n and surprise(most + 1) < 0.0:
            most += 1
        fewest = max(math.ceil(expected + min(self._fewest, -1.0)), 0)
        found = surprise(fewest)
        if not -_NEAR < found < _NEAR:
            fewest = math.ceil(self._near(surprise, min(self._fewest, -1.0)))
            found = surprise(fewest)
        while found >= 0.0 and fewest < expected:
            fewest += 1
            found = surprise(fewest)
        while fewest > 0 and surprise(fewest - 1) < 0.0:
            fewest -= 1
        self._most, self._fewest = most - expected, fewest - expected
        return most, fewest

    def _near(self, surprise: Callable[[float], float], off: float) -> float:
        """Return about where a surprise is zero, on the side of `off`, by Newton's method from there."""
        n, scale, probability = self.n, 1.0 / self._inflation, self.probability
        rarer = 1.0 - probability
        hits = n * rarer + off
        for _ in range(_STEPS_MAX):
            hits = min(max(hits, 0.0), float(n))
            odds = (PRIOR_WORTH * rarer - 0.5 + hits * scale) / (
                PRIOR_WORTH * probability - 0.5 + (n - hits) * scale
            )
            slope = scale * math.log(max(odds, 1e-9) * probability / rarer)
            if slope * off <= 0.0:
                break
            step = surprise(hits) / slope
            hits -= step
            if -1.0 < step < 1.0:
                break
        return min(max(hits, 0.0), float(n))


def _lower_edge(key: int) -> float:
    """Return the lower edge of a bucket; its upper edge is the lower one of its opposite's, negated."""
    if key > 0:
        return math.pow(2.0, (key - _OFFSET - 1) / _BUCKETS)
    return -math.pow(2.0, (-key - _OFFSET) / _BUCKETS) if key else 0.0
