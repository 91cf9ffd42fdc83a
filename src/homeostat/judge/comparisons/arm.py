"""The arm: one of two recordings of a metric that are compared, as consecutive pieces."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.query import Total
from homeostat.judge.tabular.readings import Readings
from homeostat.stats.effect import Estimate, quantile_of, ratio_of_sums
from homeostat.stats.exceedance import count_above
from homeostat.stats.sketch import merge, quantiles

Floats = NDArray[np.float64]

PROBABILITIES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}

ENOUGH = 30
"""Values that each arm needs before an interval is worth asking for."""


@dataclass(frozen=True, slots=True)
class ValuesArm:
    """Single values in order of time. `n` is how many they stand for, `means` are those of as many each."""

    values: Floats
    means: Floats
    n: int
    seconds: float = 0.0

    @property
    def weights(self) -> Floats:
        """One a value."""
        return np.ones(self.values.size)

    @property
    def spread(self) -> float:
        """The standard deviation where values lie on both sides of zero, else 0."""
        if not self.values.size or self.values.min() >= 0 or self.values.max() <= 0:
            return 0.0
        return float(self.values.std())

    def above(self, level: float) -> Floats:
        """Which values lie above a level."""
        return (self.values > level).astype(np.float64)

    def quantiles(self, probabilities: Floats) -> Floats:
        """Quantiles of the values."""
        found: Floats = np.quantile(self.values, probabilities)
        return found

    def estimate(self, statistic: str) -> Estimate | None:
        """Return a statistic with its interval, None on too few independent values."""
        if self.n < ENOUGH:
            return None
        if statistic in PROBABILITIES:
            return quantile_of(self, PROBABILITIES[statistic])
        return ratio_of_sums(self.means, np.ones(self.means.size))


@dataclass(frozen=True, slots=True)
class StretchArm:
    """Equal stretches of a window, each with its moments and histogram. An empty one is None."""

    stretches: tuple[Total | None, ...]
    stretch_s: float
    among: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """Values in all stretches, or of what they are among."""
        if self.among:
            return int(sum(self.among))
        return sum(t.moments.count for t in self.stretches if t is not None)

    @property
    def weights(self) -> Floats:
        """Values in each stretch."""
        return np.array([t.moments.count if t is not None else 0 for t in self.stretches], dtype=np.float64)

    @property
    def sums(self) -> Floats:
        """Sum of the values of each stretch."""
        return np.array([t.moments.total if t is not None else 0.0 for t in self.stretches], dtype=np.float64)

    @property
    def spread(self) -> float:
        """0: what an application measures has a zero that means nothing."""
        return 0.0

    def above(self, level: float) -> Floats:
        """How many values of each stretch lie above a level, by their histograms."""
        return np.array(
            [count_above(t.histogram, level) if t is not None and t.histogram else 0 for t in self.stretches],
            dtype=np.float64,
        )

    def quantiles(self, probabilities: Floats) -> Floats:
        """Quantiles of all values."""
        there = [t for t in self.stretches if t is not None]
        whole = merge(t.histogram for t in there if t.histogram is not None)
        low, high = min(t.moments.minimum for t in there), max(t.moments.maximum for t in there)
        return quantiles(whole, probabilities, low, high)

    def estimate(self, statistic: str) -> Estimate | None:
        """Return a statistic with its interval, None on too few values or stretches.

        `rate` is the increase a second, `per call` the increase for each of `among`.
        """
        if statistic == "rate":
            return ratio_of_sums(self.sums, np.full(len(self.stretches), self.stretch_s))
        if statistic == "per call":
            return ratio_of_sums(self.sums, np.array(self.among, dtype=np.float64))
        filled = self._filled()
        if filled.n < ENOUGH:
            return None
        if statistic in PROBABILITIES:
            return quantile_of(filled, PROBABILITIES[statistic])
        return ratio_of_sums(filled.sums, filled.weights)

    def _filled(self) -> "StretchArm":
        return StretchArm(tuple(t for t in self.stretches if t is not None), self.stretch_s)


Arm = ValuesArm | StretchArm


def values_arm(readings: Readings) -> ValuesArm:
    """Return the arm of one series of a file."""
    times = readings.times_ns
    seconds = float(times[-1] - times[0]) / 1e9 if times.size else 0.0
    return ValuesArm(readings.values, readings.means, readings.moments.count, seconds)
