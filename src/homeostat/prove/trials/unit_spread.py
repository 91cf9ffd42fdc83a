"""The spread of units: what it costs that whole users are assigned to an arm, not each of their requests."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

UNITS_MAX = 200_000
"""Units that are kept apart; requests of those that come later count as units of their own."""


class UnitSpread:
    """By how much the requests of a unit that resemble each other widen an effect: the design effect.

    Each value, less the mean so far, is signed by its arm and weighted by the arm's share; the sums by unit,
    squared, are compared with the squares of all values (Kish 1965; Liang and Zeger 1986, for clusters that
    are assigned as a whole). n requests are worth n / `factor` of their own.

    Guarantee: asymptotic in the number of units: below about 30 it is known badly. At least 1. Cost: O(1) a
    row, by numpy; memory: a number for each unit.

    >>> spread = UnitSpread(0.5)
    >>> users = np.repeat(np.arange(100), 10)
    >>> random = np.random.default_rng(1)
    >>> spread.extend(random.normal(size=100)[users], (users % 2).astype(bool), users)
    >>> 8 < spread.factor < 12
    True
    """

    __slots__ = ("_count", "_limit", "_mean", "_quantile", "_share", "_squares", "_sums", "_total")

    def __init__(self, share: float, quantile: float | None = None) -> None:
        """Start empty; `share` is that of units in the treatment.

        For a `quantile`, what counts is which values lie beyond that of the first batch.
        """
        self._share = share
        self._quantile = quantile
        self._limit = math.nan
        self._sums = np.zeros(0)
        self._total = self._squares = 0.0  # of the sums by unit, of the values
        self._count, self._mean = 0, 0.0

    def extend(self, values: Floats, treated: NDArray[np.bool_], places: Places) -> None:
        """Take more values with their arms, and their units' places in a `UnitTable`."""
        if not values.size:
            return
        if self._quantile is not None:
            if math.isnan(self._limit):
                self._limit = float(np.quantile(values, self._quantile))
            values = (values > self._limit).astype(np.float64)
        self._count += values.size
        self._mean += float((values - self._mean).sum()) / self._count
        weights = np.where(treated, 1.0 / self._share, -1.0 / (1.0 - self._share))
        signed = (values - self._mean) * weights
        self._squares += float(signed @ signed)
        alone = signed[places < 0]
        self._total += float(alone @ alone)
        units, at = np.unique(places[places >= 0], return_inverse=True)
        if units.size:
            self._reach(int(units[-1]))
            added = np.bincount(at, weights=signed[places >= 0])
            self._total += float(added @ (2.0 * self._sums[units] + added))
            self._sums[units] += added

    def _reach(self, place: int) -> None:
        if place >= self._sums.size:
            self._sums = np.concatenate((self._sums, np.zeros(place + 1)))  # at least twice as many

    @property
    def factor(self) -> float:
        """The design effect, at least 1."""
        return max(1.0, self._total / self._squares) if self._squares > 0.0 else 1.0

    @property
    def widening(self) -> float:
        """By how much intervals become wider."""
        return math.sqrt(self.factor)


class UnitTable:
    """Gives each unit a place, in the order in which they are first seen; -1 beyond `UNITS_MAX` of them."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: dict[int, int] = {}

    def places(self, units: NDArray[np.int64]) -> tuple[Places, NDArray[np.bool_]]:
        """Return the place of each unit, and which rows are the first of theirs."""
        known = self._places
        before = len(known)
        if before >= UNITS_MAX:
            found = np.array([known.get(unit, -1) for unit in units.tolist()], np.int64)
            return found, np.zeros(units.size, np.bool_)
        found = np.array([known.setdefault(unit, len(known)) for unit in units.tolist()], np.int64)
        first = np.zeros(units.size, np.bool_)
        new = np.flatnonzero(found >= before)
        first[new[np.unique(found[new], return_index=True)[1]]] = True
        return found, first
