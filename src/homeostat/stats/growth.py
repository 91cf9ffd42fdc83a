"""Growth: which curve a series follows, where it goes, and what the data cannot tell.

Five curves are fitted by robust least squares (`growth_curve`) and compared by Akaike's criterion,
corrected for few samples and for samples that depend on their neighbours:

    constant  a             exponential  a exp(b u)       logistic  a / (1 + exp(-b (u - c)))
    linear    a + b u       power        a v^b            u = 0..1 over the series, v = u shifted above 0
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.interval import Interval
from homeostat.stats.growth_curve import CURVES, Curve, fitted, huber_loss, jacobian_of, spread_of, value_of
from homeostat.stats.not_known import NotKnown
from homeostat.stats.t_interval import t_quantile

Floats = NDArray[np.float64]

SAMPLES_MIN = 12
SAMPLES_MAX = 400
"""Longer series are first reduced to this number of block means."""

EQUAL_WITHIN = 2.0
"""Curves whose criterion differs by less fit equally well."""

PLAUSIBLE_WITHIN = 6.0
"""Curves whose criterion is further from the best are given up; intervals enclose all the others."""

_DRAWS = 1_000
_SLOWED = 1.5
"""How far past its inflection a logistic must be, in its own time constants: at 82% of the ceiling."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Where growth goes: the best curve, and an interval for a single new value, at each time asked for."""

    times: Floats
    point: Floats
    low: Floats
    high: Floats
    confidence: float


@dataclass(frozen=True, slots=True)
class _Fit:
    curve: Curve
    parameters: Floats
    covariance: Floats
    criterion: float


@dataclass(frozen=True, slots=True)
class Growth:
    """A fitted growth.

    `curve` is the best, or NotKnown where two differ by less than `EQUAL_WITHIN`; `best` names it anyway.
    It is constant unless another is better by that much: growth must be shown.
    `plausible` holds each curve that is not given up, with its Akaike weight, best first. `doubling_time`
    (negative: halving) is of an exponential, in units of the times; `ceiling` is of a logistic, and
    NotKnown until growth has been seen to slow down. `error` is the typical distance from the curve.
    """

    curve: Curve | NotKnown
    best: Curve
    plausible: tuple[tuple[Curve, float], ...]
    doubling_time: Interval | None
    ceiling: Interval | NotKnown | None
    error: float
    confidence: float
    _fits: tuple[_Fit, ...]
    _origin: float
    _span: float
    _scale: float
    _degrees: float

    def project(self, times: ArrayLike) -> Projection:
        """Return where growth goes at these times, by all plausible curves.

        The interval encloses that of each plausible curve, so it opens where they part.
        """
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        u = (at - self._origin) / self._span
        point = value_of(self.best, self._fits[0].parameters, u) * self._scale
        tail = (1.0 - self.confidence) / 2.0
        ends = [
            np.quantile(_drawn(fit, u, self.error / self._scale, self._degrees), (tail, 1.0 - tail), axis=0)
            for fit in self._fits
        ]
        low = np.minimum(np.min([e[0] for e in ends], axis=0) * self._scale, point)
        high = np.maximum(np.max([e[1] for e in ends], axis=0) * self._scale, point)
        return Projection(at, point, low, high, self.confidence)


def _parameter_draws(fit: _Fit, degrees: float) -> Floats:
    """Return parameters as they might be, by a multivariate t: `(draws, k)`, the same in every call."""
    rng = np.random.default_rng(1_838)
    normal = rng.standard_normal((_DRAWS, fit.parameters.size))
    spread = np.sqrt(rng.chisquare(degrees, _DRAWS) / degrees)[:, None]
    values, vectors = np.linalg.eigh(fit.covariance)
    found: Floats = fit.parameters + normal / spread @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return found


def _drawn(fit: _Fit, u: Floats, error: float, degrees: float) -> Floats:
    drawn = _parameter_draws(fit, degrees)
    noise = error * np.random.default_rng(1_839).standard_t(degrees, (_DRAWS, 1))
    found: Floats = CURVES[fit.curve][1](drawn.T[:, :, None], u) + noise
    return found


def _memory(left: Floats) -> float:
    """Return the lag-1 autocorrelation of what is left over, corrected for its bias, 0 to 0.95."""
    energy = float(np.dot(left, left))
    if energy <= 0.0:
        return 0.0
    return min(max(float(np.dot(left[1:], left[:-1])) / energy + 1.0 / left.size, 0.0), 0.95)


def _fits(u: Floats, y: Floats) -> tuple[list[_Fit], float, float]:
    """Return the fits, best first, the spread around the best and the number of independent samples."""
    asked = ((curve, fitted(curve, u, y)) for curve in CURVES)
    found = {curve: parameters for curve, parameters in asked if parameters is not None}
    left = {curve: y - value_of(curve, p, u) for curve, p in found.items()}
    closest = min(left, key=lambda c: spread_of(left[c]))
    k = CURVES[closest][0]
    spread = spread_of(left[closest]) * math.sqrt(y.size / max(y.size - k, 1))
    memory = _memory(left[closest])
    independent = max(y.size * (1.0 - memory) / (1.0 + memory), 6.0)
    fits = []
    for curve, parameters in found.items():
        k = parameters.size
        penalty = 2.0 * k + 2.0 * k * (k + 1.0) / (independent - k - 1.0)
        criterion = huber_loss(left[curve], spread) * independent / y.size + penalty
        jacobian = jacobian_of(curve, parameters, u)
        inverse = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True).astype(np.float64)
        fits.append(_Fit(curve, parameters, spread**2 * y.size / independent * inverse, criterion))
    least = min(f.criterion for f in fits)
    fits.sort(key=lambda f: f.criterion - EQUAL_WITHIN * (f.curve == "constant" and f.criterion > least))
    return fits, spread, independent


def _samples(values: ArrayLike, times: ArrayLike | None) -> tuple[Floats, Floats]:
    """Return finite samples in order of time, reduced to block means where they are many."""
    y = np.asarray(values, dtype=np.float64).reshape(-1)
    t = np.arange(y.size, dtype=np.float64) if times is None else np.asarray(times, dtype=np.float64)
    if t.shape != y.shape:
        raise ValueError(f"there must be one time for each value, not {t.size} for {y.size}")
    known = np.isfinite(y) & np.isfinite(t)
    order = np.argsort(t[known], kind="stable")
    y, t = y[known][order], t[known][order]
    if y.size > SAMPLES_MAX:
        edges = np.linspace(0, y.size, SAMPLES_MAX + 1).astype(np.int64)[:-1]
        counts = np.diff(np.append(edges, y.size))
        y, t = np.add.reduceat(y, edges) / counts, np.add.reduceat(t, edges) / counts
    return y, t


def growth(values: ArrayLike, times: ArrayLike | None = None, confidence: float = 0.95) -> Growth | NotKnown:
    """Return the growth of `values` at `times` (by default 0, 1, 2, ...); gaps are allowed.

    Guarantee: simulated with noise of a twentieth of the range, the true curve is the best or plausible in
    at least 95% of cases; intervals of a new value within half a series' length ahead cover about as told.
    Cost: 10 to 40 ms. Exponential, power and logistic are asked only of mostly positive series.
    Does not hold for seasons (take a season's means first), nor for steps; and no curve foresees a change of
    what drives it: a projection of more than the series' own length is arithmetic, not knowledge.
    """
    y, t = _samples(values, times)
    if y.size < SAMPLES_MIN or t[-1] <= t[0]:
        return NotKnown(
            f"{y.size} values are too few to tell growth: {SAMPLES_MIN} at different times are needed"
        )
    span, scale = float(t[-1] - t[0]), float(np.max(np.abs(y))) or 1.0
    fits, spread, independent = _fits((t - t[0]) / span, y / scale)
    least = min(f.criterion for f in fits)
    kept = tuple(f for f in fits if f.criterion - least <= PLAUSIBLE_WITHIN)
    weights = np.exp([(least - f.criterion) / 2.0 for f in kept])
    weights /= weights.sum()
    equal = [f.curve for f in kept if f.criterion - least < EQUAL_WITHIN]
    curve: Curve | NotKnown = fits[0].curve
    if len(equal) > 1 and curve != "constant":
        curve = NotKnown(f"{' and '.join(equal)} fit equally well")
    degrees = max(independent - fits[0].parameters.size, 2.0)
    return Growth(
        curve,
        fits[0].curve,
        tuple((f.curve, float(w)) for f, w in zip(kept, weights, strict=True)),
        _doubling_time(fits[0], span, degrees, confidence),
        _ceiling(kept, scale, degrees, confidence),
        spread * scale,
        confidence,
        kept,
        float(t[0]),
        span,
        scale,
        degrees,
    )


def _doubling_time(fit: _Fit, span: float, degrees: float, confidence: float) -> Interval | None:
    """Return the doubling time of an exponential whose rate is known to differ from 0."""
    if fit.curve != "exponential":
        return None
    half = t_quantile(0.5 + confidence / 2.0, max(degrees, 3.0)) * math.sqrt(max(fit.covariance[1, 1], 0.0))
    slow, fast = fit.parameters[1] - half, fit.parameters[1] + half
    if slow <= 0.0 <= fast:
        return None
    ends = sorted((math.log(2.0) * span / slow, math.log(2.0) * span / fast))
    return Interval(ends[0], ends[1], confidence)


def _ceiling(
    kept: tuple[_Fit, ...], scale: float, degrees: float, confidence: float
) -> Interval | NotKnown | None:
    """Return the ceiling where a logistic is the best curve and its inflection lies well behind."""
    if kept[0].curve != "logistic":
        return None
    others = [f.curve for f in kept if f.curve != "logistic"]
    if others:
        return NotKnown(f"the ceiling is not known: growth without one ({', '.join(others)}) fits as well")
    drawn = _parameter_draws(kept[0], degrees)
    tail = (1.0 - confidence) / 2.0
    rates = np.maximum(drawn[:, 1], 1e-9)
    if float(np.quantile(drawn[:, 2] + _SLOWED / rates, 1.0 - tail)) >= 1.0:
        return NotKnown("the ceiling is not known before growth is seen to slow down")
    ceiling = float(kept[0].parameters[0])
    deviation = math.sqrt(max(kept[0].covariance[0, 0], 0.0)) / ceiling
    factor = math.exp(t_quantile(1.0 - tail, max(degrees, 3.0)) * deviation)
    return Interval(ceiling / factor * scale, ceiling * factor * scale, confidence)
