"""The quantiles of two arms whose records were assigned at random, one by one: their ratio."""

import math

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.interval import Interval
from homeostat.stats.confidence_sequence import finite, normal_mixture

FIRST_LOOK = 200
"""Records of both arms before the first interval."""

PIECE = 100
"""Records that are held against one level; fewer wait for more."""

PAST = 1_000
"""Records of the control that tell where its quantile lies for the next ones."""

_PRIOR = 6.0
"""The mixture's variance: as in `MeanSequence`."""

_RATIOS = np.exp(
    np.concatenate(
        (
            np.linspace(-3.0, -0.5, 40, endpoint=False),
            np.arange(-50, 51) / 100.0,
            np.linspace(0.5, 3.0, 41)[1:],
        )
    )
)
"""The ratios that are tried: 1% apart within 0.6 to 1.65, coarser to a twentieth and twenty times."""

Floats = NDArray[np.float64]


class AssignedQuantiles:
    """Intervals for the ratio of a quantile of two arms, valid at every look, whatever happens meanwhile.

    Which arm a record is in was drawn independently of all else. If the treatment's quantile is r times the
    control's, then as large a share of its records lies beyond r times a level as of the control's beyond
    the level, for a level near the control's quantile, which the records before tell. For each r of a grid,
    hits are compared as in `AssignedMeans`: signed by their arm, weighted by its share, self-normalised, in a
    normal mixture's boundary; the interval reaches to the first r on either side that is refuted.

    Guarantee: the assignment alone is random: autocorrelation, drift, cycles and bursts that both arms see
    neither mislead it nor widen it. For halves and arms that differ by a factor each hit's sign is a coin, so
    that it holds for any distribution and number of hits; for other shares it is asymptotic in `FIRST_LOOK`.
    Simulated at 95%, lognormal records, looked at 40 times up to 4,000: .5 to 1.5% ever miss for p95 and p99,
    with memory and with drift; 4% at a share of .3. Where the arms differ otherwise than by a factor it is
    the ratio at a quantile near the one asked for. Cost: O(1) a record, by numpy, 0.5 us. An end beyond the
    grid is infinite, or -1. Does not hold where records are not assigned one by one; says nothing
    where the quantile is not above zero.

    >>> random = np.random.default_rng(1)
    >>> treated = random.random(4_000) < 0.5
    >>> quantiles = AssignedQuantiles(0.95, 0.5)
    >>> for i in range(0, 4_000, 100):
    ...     some = treated[i : i + 100]
    ...     quantiles.extend(random.exponential(20.0, 100) * np.where(some, 0.7, 1.0), some)
    >>> found = quantiles.relative()
    >>> -0.5 < found.low < -0.3 < found.high < 0.0
    True
    """

    __slots__ = (
        "_hits",
        "_misses",
        "_past",
        "_positive",
        "_sure",
        "_waiting",
        "confidence",
        "n",
        "probability",
        "share",
    )

    def __init__(self, probability: float, share: float, confidence: float = 0.95) -> None:
        """Start empty; `share` is that of records that are assigned to the treatment."""
        for name, value in (("probability", probability), ("share", share), ("confidence", confidence)):
            if not 0.0 < value < 1.0:
                raise ConfigError(f"{name} must lie between 0 and 1, not {value}")
        self.probability = probability
        self.share = share
        self.confidence = confidence
        self.n = 0
        self._sure = 2.0 * normal_mixture(confidence, _PRIOR)
        self._past = np.zeros(0)
        self._positive = True
        self._waiting = np.zeros(0), np.zeros(0, np.bool_)
        self._hits = np.zeros(_RATIOS.size)  # of the treatment beyond the level times each ratio
        self._misses = [0, 0, 0]  # records of the treatment, of the control, and hits of the control

    def extend(self, values: Floats, treated: NDArray[np.bool_]) -> None:
        """Take records in their order with their arms; raise InputError where one cannot be taken."""
        if values.shape != treated.shape or values.ndim != 1:
            raise InputError(f"{values.shape} records cannot have {treated.shape} arms")
        values = finite(values)
        if not values.size:
            return
        values = np.concatenate((self._waiting[0], values))
        treated = np.concatenate((self._waiting[1], treated))
        whole = values.size - values.size % PIECE
        for i in range(0, whole, PIECE):
            self._take(values[i : i + PIECE], treated[i : i + PIECE])
        self._waiting = values[whole:].copy(), treated[whole:].copy()

    @property
    def control(self) -> float:
        """The control's quantile among its newest records, NaN without any."""
        return float(np.quantile(self._past, self.probability)) if self._past.size else math.nan

    @property
    def estimate(self) -> float:
        """The treatment's quantile over the control's, less 1; NaN without records."""
        if not self.n or not self._positive:
            return math.nan
        sums = self._sums()
        at = int(np.argmax(sums <= 0.0)) if (sums <= 0.0).any() else _RATIOS.size - 1
        if at == 0:
            return float(_RATIOS[0]) - 1.0
        above, below = sums[at - 1], sums[at]
        part = above / (above - below) if above > below else 0.0
        return float(_RATIOS[at - 1] * (_RATIOS[at] / _RATIOS[at - 1]) ** part) - 1.0

    def relative(self) -> Interval | None:
        """Return the interval of treatment / control - 1, None before the first look."""
        if self.n < FIRST_LOOK or not self._positive:
            return None
        q = _PRIOR * self.n / FIRST_LOOK
        z2 = (1.0 + 1.0 / q) * (self._sure + math.log1p(q))
        sums = self._sums()
        out = sums * sums > z2 * self._squares()
        low, high = np.flatnonzero(out & (sums > 0.0)), np.flatnonzero(out & (sums < 0.0))
        return Interval(
            float(_RATIOS[low[-1]]) - 1.0 if low.size else -1.0,
            float(_RATIOS[high[0]]) - 1.0 if high.size else math.inf,
            self.confidence,
        )

    def _take(self, values: Floats, treated: NDArray[np.bool_]) -> None:
        level = float(np.quantile(self._past if self._past.size else values, self.probability))
        self._positive = self._positive and level > 0.0
        control, treatment = values[~treated], values[treated]
        self.n += values.size
        self._misses[0] += treatment.size
        self._misses[1] += control.size
        self._misses[2] += int(np.count_nonzero(control > level))
        places = np.searchsorted(level * _RATIOS, treatment, side="left")  # as many ratios are passed
        passed = np.bincount(places, minlength=_RATIOS.size + 1)[1:]
        self._hits += np.cumsum(passed[::-1])[::-1]
        self._past = np.concatenate((self._past, control))[-PAST:]

    def _sums(self) -> Floats:
        """Return for each ratio by how much the treatment's hits exceed the control's."""
        treatment, control, hits = self._misses
        beyond = 1.0 - self.probability
        one: Floats = (self._hits - beyond * treatment) / self.share
        return one - (hits - beyond * control) / (1.0 - self.share)

    def _squares(self) -> Floats:
        treatment, control, hits = self._misses
        beyond = 1.0 - self.probability
        apart = 1.0 - 2.0 * beyond  # (1 - b)^2 - b^2: what a hit adds to a miss
        one: Floats = (self._hits * apart + treatment * beyond**2) / self.share**2
        return one + (hits * apart + control * beyond**2) / (1.0 - self.share) ** 2
