"""The confidence sequence of a mean, for values with known bounds: scores, shares, ratings."""

import math
from typing import Self

import numpy as np

from homeostat.core.errors import ConfigError
from homeostat.core.interval import Interval
from homeostat.stats.confidence_sequence import FIRST_LOOK, ConfidenceSequence, Floats, refuse

_CHUNK_FIRST = 8

_BET_MAX = 0.75
"""Larger bets cost more than they win."""

_VARIANCE_BEFORE = 0.25
"""The variance that stands in for one record before there are any: the largest there is on [0, 1]."""


class BoundedMeanSequence(ConfidenceSequence):
    """An interval for the mean of values between two bounds after each record, valid at all of them together.

    The predictable plug-in empirical Bernstein sequence (Waudby-Smith and Ramdas, "Estimating means of
    bounded random variables by betting", arXiv 2010.09686, theorem 2); the plug-ins, mean and bet, stand
    still within a chunk. Autocorrelation divides the logarithm of the betting capital by its inflation
    (`LongRunVariance`), which only ever widens.

    Guarantee: not asymptotic: for values in the bounds, with the same mean given the past, all intervals hold
    it together with at least the given probability, from the first record on, whatever their distribution.
    For autocorrelated values from `first_look` on, as good as the inflation is known. Width: see
    `benchmarks/intervals.py`. Cost: O(1) a record and a look. Does not hold for a mean that moves.

    >>> score = BoundedMeanSequence(0.0, 1.0)
    >>> score.extend(np.random.default_rng(1).beta(8.0, 2.0, 1_000))
    >>> found = score.interval()
    >>> found.low < 0.8 < found.high
    True
    """

    __slots__ = (
        "_bet",
        "_bets",
        "_costs",
        "_guess",
        "_level",
        "_price",
        "_scale",
        "_settled",
        "_spread",
        "_squares",
        "_stakes",
        "_sum",
        "_total",
        "highest",
        "lowest",
    )
    _SETTINGS = (*ConfidenceSequence._SETTINGS, "lowest", "highest")

    def __init__(
        self,
        lowest: float = 0.0,
        highest: float = 1.0,
        confidence: float = 0.95,
        first_look: int = FIRST_LOOK,
    ) -> None:
        """Start empty; where values are known to be independent, `first_look` may be as little as 2."""
        super().__init__(confidence, first_look, _CHUNK_FIRST)
        if not -math.inf < lowest < highest < math.inf or math.isinf(highest - lowest):
            raise ConfigError(
                f"bounds must be finite, the first below the second, not {lowest} and {highest}"
            )
        self.lowest, self.highest = lowest, highest
        self._scale = 1.0 / (highest - lowest)
        self._level = math.log(2.0 / (1.0 - confidence))
        self._settled = 0  # records of the chunks before; their bets, bets times values, and costs:
        self._bets = self._stakes = self._costs = 0.0
        self._total = self._spread = 0.0  # their values, and squared deviations from the guesses
        self._sum = self._squares = 0.0  # deviations from the guess since, and their squares
        self._guess, self._bet, self._price = 0.5, 0.0, 0.0
        self._plug_in()

    def add(self, value: float) -> None:
        """Take one record; raise InputError where it does not lie in the bounds."""
        place = (value - self.lowest) * self._scale
        if not 0.0 <= place <= 1.0:
            raise refuse(value, f"between {self.lowest} and {self.highest}")
        deviation = place - self._guess
        self._sum += deviation
        self._squares += deviation * deviation
        self._pending.append(place)
        self.n = n = self.n + 1
        if n == self._due:
            self._turn()

    def interval(self) -> Interval | None:
        """Return the interval that holds now, None before the first look."""
        n = self.n
        if n < self.first_look:
            return None
        since = n - self._settled
        bet = self._bet
        bets = self._bets + bet * since
        stakes = self._stakes + bet * (self._sum + self._guess * since)
        costs = self._costs + self._price * self._squares
        centre = stakes / bets
        half = (self._inflation * self._level + costs) / bets
        low, high = centre - half, centre + half
        lowest = self.lowest
        width = self.highest - lowest
        return Interval(
            lowest + low * width if low > 0.0 else lowest,
            lowest + high * width if high < 1.0 else self.highest,
            self.confidence,
        )

    @property
    def estimate(self) -> float:
        """The mean, NaN without records."""
        if not self.n:
            return math.nan
        total = self._total + self._sum + self._guess * (self.n - self._settled)
        return self.lowest + total / self.n * (self.highest - self.lowest)

    def _checked(self, values: Floats) -> Floats:
        places: Floats = (values - self.lowest) * self._scale
        good = (places >= 0.0) & (places <= 1.0)
        if not good.all():
            raise refuse(float(values[~good][0]), f"between {self.lowest} and {self.highest}")
        return places

    def _take(self, values: Floats) -> None:
        deviations = values - self._guess
        self._sum += float(np.add.reduce(deviations))
        self._squares += float(deviations @ deviations)
        self._pending.extend(values.tolist())
        self.n += values.size

    def _fold(self, chunk: Floats) -> None:
        total = float(np.add.reduce(chunk))
        self._bets += self._bet * chunk.size
        self._stakes += self._bet * total
        self._costs += self._price * self._squares
        self._total += total
        self._spread += self._squares
        self._sum = self._squares = 0.0
        self._settled = self.n
        self._memory.fold(chunk - 0.5)

    def _retune(self) -> None:
        if self.n >= self.first_look:
            self._inflation = self._memory.inflation()
        self._plug_in()

    def _absorb(self, other: Self) -> None:
        self._settled += other._settled
        self._bets += other._bets
        self._stakes += other._stakes
        self._costs += other._costs
        self._total += other._total
        self._spread += other._spread
        self._memory.absorb(other._memory)

    def _plug_in(self) -> None:
        """Choose the guess of the mean and the bet of the next chunk by the records before it."""
        n = self.n
        middle = max((n + self._end) / 2.0, float(self.first_look))
        self._guess = (0.5 + self._total) / (n + 1)
        variance = (_VARIANCE_BEFORE + self._spread) / (n + 1)
        best = 2.0 * self._level * self._inflation / (variance * middle * math.log1p(middle))
        self._bet = bet = min(_BET_MAX, math.sqrt(best))
        self._price = -math.log1p(-bet) - bet
