"""The readings: one series of a table, within bounded memory however long it is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.point import Moments
from homeostat.core.series import Attributes
from homeostat.judge.tabular.moment import Ints, Origin
from homeostat.stats.sketch import merge, sketch

Floats = NDArray[np.float64]

KEPT_MAX = 131_072
"""Samples of a series that are kept as they are; a longer one is thinned."""

BUDGET = 8_000_000
"""Samples that all series of a file together may keep."""

KEPT_MIN = 2_048


@dataclass(frozen=True, slots=True)
class Readings:
    """One series in order of time.

    `values` are the samples, or of a long series a random one of each `every` consecutive ones: the
    distribution is unbiased, and neighbours are less alike. `means` are the means of those `every`. `moments`
    and `histogram` are of all samples. `times_ns` count from the epoch, from the start of the recording, or
    are row numbers in seconds, as `origin` says.
    """

    name: str
    labels: Attributes
    unit: str
    origin: Origin
    times_ns: Ints
    values: Floats
    means: Floats
    every: int
    moments: Moments
    histogram: ExponentialHistogram

    @property
    def title(self) -> str:
        """The name with its labels."""
        return self.name + "".join(f" {v}" for _, v in self.labels)


class Buffer:
    """Takes the samples of one series and keeps at most so many of them."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._parts: list[tuple[Ints, Floats, Floats]] = []
        self._kept = 0
        self._carry: tuple[Ints, Floats] = (np.zeros(0, np.int64), np.zeros(0))
        self._every = 1
        self._moments: Moments | None = None
        self._histogram = sketch(())
        self.backwards = 0
        self._newest: int | None = None

    def add(self, times_ns: Ints, values: Floats, kept_max: int) -> None:
        """Take finite samples in the order of the file."""
        if not values.size:
            return
        steps = np.diff(times_ns, prepend=times_ns[0] if self._newest is None else self._newest)
        self.backwards += int((steps < 0).sum())
        self._newest = int(times_ns[-1])
        found = moments_of(values)
        self._moments = found if self._moments is None else self._moments.merge(found)
        self._histogram = merge((self._histogram, sketch(values)))
        times_ns = np.concatenate((self._carry[0], times_ns))
        values = np.concatenate((self._carry[1], values))
        whole = values.size // self._every * self._every
        self._carry = (times_ns[whole:], values[whole:])
        self._keep(times_ns[:whole], values[:whole], values[:whole], self._every)
        while self._kept > kept_max:
            self._thin()

    def _keep(self, times_ns: Ints, values: Floats, means: Floats, block: int) -> None:
        if not values.size:
            return
        if block > 1:
            n = values.size // block
            chosen = np.arange(n) * block + self._random.integers(0, block, n)
            times_ns, values, means = times_ns[chosen], values[chosen], means.reshape(n, block).mean(axis=1)
        self._parts.append((times_ns, values, means))
        self._kept += values.size

    def _thin(self) -> None:
        times_ns, values, means = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        even = values.size // 2 * 2
        left = values.size - even
        self._parts, self._kept = [], 0
        self._keep(times_ns[:even], values[:even], means[:even], 2)
        self._every *= 2
        if left:  # the lone last block waits for its partner
            n = self._every // 2
            self._carry = (
                np.concatenate((np.repeat(times_ns[even:], n), self._carry[0])),
                np.concatenate((np.repeat(values[even:], n), self._carry[1])),
            )

    def readings(self, name: str, labels: Attributes, unit: str, origin: Origin) -> Readings:
        """Return what was taken, sorted by time; a last incomplete block counts in the moments only."""
        if not self._parts or self._moments is None:
            nothing = Moments(0, math.nan, 0.0, math.nan, math.nan, math.nan)
            empty = np.zeros(0)
            return Readings(
                name, labels, unit, origin, np.zeros(0, np.int64), empty, empty, 1, nothing, self._histogram
            )
        times_ns, values, means = (np.concatenate(p) for p in zip(*self._parts, strict=True))
        if self.backwards:
            order = np.argsort(times_ns, kind="stable")
            times_ns, values, means = times_ns[order], values[order], means[order]
        return Readings(
            name, labels, unit, origin, times_ns, values, means, self._every, self._moments, self._histogram
        )


def moments_of(values: Floats) -> Moments:
    """Return the moments of some values.

    >>> moments_of(np.array([1.0, 3.0])).mean
    2.0
    """
    mean = float(values.mean())
    return Moments(
        values.size,
        mean,
        float(np.square(values - mean).sum()),
        float(values.min()),
        float(values.max()),
        float(values[-1]),
    )
