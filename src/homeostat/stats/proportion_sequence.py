"""The confidence sequence of a proportion: errors, refusals, hits of a cache."""

import math
from typing import Self

import numpy as np

from homeostat.core.interval import Interval
from homeostat.stats.confidence_sequence import FIRST_LOOK, LOOKS, ConfidenceSequence, Floats, refuse

PRIOR = 0.5
"""Both parameters of the beta mixture: Jeffreys' prior, narrow where errors are rare."""

_CLOSE = 0.01
"""How near the log of the mixture is brought to its boundary, from the safe side: a width of under 0.1%."""

_FAR = 35.0
"""Steps are held to this log-odds."""

_STEPS_MAX = 60


class ProportionSequence(ConfidenceSequence):
    """An interval for a proportion after each record, valid at all of them together.

    The beta-binomial mixture (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics
    49, 2021): proportions are held as long as the mixture's likelihood is less than 1 / (1 - confidence)
    times theirs. Autocorrelation divides both counts by its inflation (`LongRunVariance`), which raises the
    likelihood ratio to a power of at most 1, so that the interval only ever widens.

    Guarantee: not asymptotic: for independent records, or any with the same probability given the past, all
    intervals hold it together with at least the given probability, from the first record on. For
    autocorrelated records from `first_look` on, as good as the inflation is known; few hits are taken for
    the first of runs, and rare ones in long runs are missed (AR(1) at .9: 13% of paths). Cost: O(1) a record
    and a look; the ends are found anew every n / 32 records, in about one step of Newton's method each,
    whose steps never pass the boundary. Does not hold for a proportion that moves.

    >>> errors = ProportionSequence()
    >>> errors.extend([0, 0, 0, 0, 1] * 100)
    >>> found = errors.interval()
    >>> round(found.low, 3), round(found.high, 3)
    (0.14, 0.27)
    """

    __slots__ = ("_constant", "_found", "_high", "_low", "hits")

    def __init__(self, confidence: float = 0.95, first_look: int = FIRST_LOOK) -> None:
        """Start empty; for records that are known to be independent, `first_look` may be as little as 2."""
        super().__init__(confidence, first_look)
        self.hits = 0
        self._found: Interval | None = None
        self._constant = math.lgamma(2.0 * PRIOR) - 2.0 * math.lgamma(PRIOR) + math.log(1.0 - confidence)
        self._low = self._high = (
            0.0  # log-odds at the last look: of no hit at the low end, of a hit at the high
        )

    def add(self, value: float) -> None:
        """Take one record, 1 or True for a hit, 0 or False for none; raise InputError on anything else."""
        if value == 1:
            self.hits += 1
        elif value != 0:
            raise refuse(value, "0 or 1")
        self._pending.append(value)
        self.n = n = self.n + 1
        if n == self._due:
            self._turn()

    def interval(self) -> Interval | None:
        """Return the newest interval, None before the first look; it is at most n / 32 records old."""
        return self._found

    @property
    def estimate(self) -> float:
        """The share of hits, NaN without records."""
        return self.hits / self.n if self.n else math.nan

    def _look(self) -> None:
        n, hits = self.n, self.hits
        if n < self.first_look:
            return
        low, high = 0.0, 1.0
        worth, worth_hits = n / self._inflation, hits / self._inflation
        worth_others = worth - worth_hits
        constant = (
            self._constant
            + math.lgamma(PRIOR + worth_hits)
            + math.lgamma(PRIOR + worth_others)
            - math.lgamma(2.0 * PRIOR + worth)
        )
        if hits < n:
            self._high = odds = _end(constant, worth_hits, worth, self._high)
            high = 1.0 / (1.0 + math.exp(-odds))
        if hits:
            self._low = odds = _end(constant, worth_others, worth, self._low)
            low = 1.0 / (1.0 + math.exp(odds))
        self._found = Interval(low, high, self.confidence)

    def _checked(self, values: Floats) -> Floats:
        good = (values == 0.0) | (values == 1.0)
        if not good.all():
            raise refuse(float(values[~good][0]), "0 or 1")
        return values

    def _take(self, values: Floats) -> None:
        self.hits += int(np.count_nonzero(values))
        self._pending.extend(values.tolist())
        self.n += values.size

    def _fold(self, chunk: Floats) -> None:
        self._memory.fold(chunk)

    def _absorb(self, other: Self) -> None:
        self.hits += other.hits
        self._memory.absorb(other._memory)

    def _retune(self) -> None:
        self._stride = max(self.n // LOOKS, 1)
        if self.n >= self.first_look:
            self._inflation = self._memory.inflation_of_hits()


def _end(constant: float, hits: float, worth: float, odds: float) -> float:
    """Return the log-odds above which hits are too few: Newton's method on a convex function.

    Its steps end outside of the root wherever they began, so stopping early only widens.
    """
    for _ in range(_STEPS_MAX):
        ratio = math.exp(odds)
        slope = worth * ratio / (1.0 + ratio) - hits
        if slope <= 0.0:  # on the near side: begin again beyond the estimate
            odds = math.log((hits + 1.0) / (worth - hits)) + 1.0
            continue
        off = constant - hits * odds + worth * math.log1p(ratio)
        odds -= off / slope
        if -_CLOSE < off < _CLOSE:
            break
        if odds > _FAR:
            odds = _FAR
    return odds
