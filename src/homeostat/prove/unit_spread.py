"""The spread of units: what it costs that whole users are assigned to an arm, not each of their requests."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNITS_MAX = 200_000
"""Units whose sums are kept; those that come later count as if each of their batches were another unit."""


class UnitSpread:
    """By how much the requests of a unit that resemble each other widen an effect: the design effect.

    Each value, less the mean so far, is signed by its arm and weighted by the arm's share; the sums by unit,
    squared, are compared with the squares of all values (Kish 1965; Liang and Zeger 1986, for clusters that
    are assigned as a whole). n requests are worth n / `factor` of their own.

    Guarantee: asymptotic in the number of units: below about 30 it is known badly. At least 1. Cost: O(1) a
    row, about 0.2 us; memory: a number for each unit, at most 200,000.

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
        self._sums: dict[int, float] = {}
        self._total = self._squares = 0.0  # of the sums by unit, of the values
        self._count, self._mean = 0, 0.0

    def extend(self, values: Floats, treated: NDArray[np.bool_], units: NDArray[np.int64]) -> None:
        """Take more values with their arms and units."""
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
        names, places = np.unique(units, return_inverse=True)
        sums = np.bincount(places, weights=signed)
        for name, added in zip(names.tolist(), sums.tolist(), strict=True):
            before = self._sums.get(name, 0.0)
            self._total += added * (2.0 * before + added)
            if before or len(self._sums) < UNITS_MAX:
                self._sums[name] = before + added

    @property
    def factor(self) -> float:
        """The design effect, at least 1."""
        return max(1.0, self._total / self._squares) if self._squares > 0.0 else 1.0

    @property
    def widening(self) -> float:
        """By how much intervals become wider."""
        return math.sqrt(self.factor)


class FirstSeen:
    """Finds the first request of each unit: units are counted once each."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def among(self, units: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of some rows are the first ones of their units; none beyond `UNITS_MAX` units."""
        first = np.zeros(rows.size, np.bool_)
        places = np.flatnonzero(rows)
        names, at = np.unique(units[places], return_index=True)
        for name, place in zip(names.tolist(), places[at].tolist(), strict=True):
            if name not in self._seen and len(self._seen) < UNITS_MAX:
                self._seen.add(name)
                first[place] = True
        return first
