"""The Universal Scalability Law: throughput under load, what holds it back, and where it peaks.

    throughput(N) = gamma N / (1 + sigma (N - 1) + kappa N (N - 1))

`gamma` is the throughput of one (a user, worker or connection), `sigma` contention (what is done one at a
time, as in Amdahl's law), `kappa` coherency (what each pair costs): Gunther, "Guerrilla Capacity Planning",
Springer 2007. Load over throughput is linear in three unknowns, so the fit needs no search.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.interval import Interval
from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]

LOADS_MIN = 5
"""Fewer distinct loads than this leave nothing to judge the fit of three numbers by."""

SPAN_MIN = 3.0
"""The largest load must be this many times the smallest: the law is told by its bend."""

_ROUNDS = 8
_DRAWS = 4_000
_HUBER = 1.345


@dataclass(frozen=True, slots=True)
class ScalabilityLaw:
    """A fitted law, with the interval of each figure.

    `peak_load` is where throughput is largest: infinite where nothing says that it ever falls. The gains
    are ratios of throughput at `load_max` (the largest load seen): 0.3 means 30% more if contention, or
    coherency, or both, were removed. `error` is the typical relative error of the fit.
    """

    gamma: float
    sigma: float
    kappa: float
    peak_load: float
    load_max: float
    gain_without_contention: float
    gain_without_coherency: float
    error: float
    gamma_interval: Interval
    sigma_interval: Interval
    kappa_interval: Interval
    peak_load_interval: Interval
    gain_without_contention_interval: Interval
    gain_without_coherency_interval: Interval

    def throughput(self, load: ArrayLike) -> Floats:
        """Return the throughput that the law gives at each load."""
        n = np.asarray(load, dtype=np.float64)
        found: Floats = self.gamma * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
        return found


def _terms(load: Floats) -> Floats:
    return np.stack((np.ones_like(load), load - 1.0, load * (load - 1.0)), axis=1)


def _non_negative(design: Floats, target: Floats, weights: Floats) -> Floats:
    """Return the least-squares coefficients of which none but the first may be zero, none negative."""
    best, least = np.zeros(3), math.inf
    root = np.sqrt(weights)
    for kept in ([0, 1, 2], [0, 1], [0, 2], [0]):
        found = np.linalg.lstsq(design[:, kept] * root[:, None], target * root, rcond=None)[0]
        left = target - design[:, kept] @ found
        loss = float(np.dot(weights, left * left))
        if bool((found >= 0.0).all()) and found[0] > 0.0 and loss < least * (1.0 - 1e-9):
            best, least = np.zeros(3), loss
            best[kept] = found
    return best


def _robust_weights(left: Floats) -> Floats:
    """Return Huber's weights of relative errors: 1 within 1.3 deviations, falling beyond."""
    spread = 1.4826 * float(np.median(np.abs(left))) * math.sqrt(left.size / (left.size - 3.0))
    if spread <= 1e-12:
        return np.ones_like(left)
    return np.minimum(1.0, _HUBER * spread / np.maximum(np.abs(left), 1e-300))


def _figures(coefficients: Floats, load: float) -> Floats:
    """Return gamma, sigma, kappa, peak load and the two gains for rows of coefficients: `(6, rows)`."""
    first, second, third = coefficients
    gamma, sigma, kappa = 1.0 / first, second / first, third / first
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = np.sqrt(np.maximum(1.0 - sigma, 0.0) / kappa)
    peak = np.where(kappa > 0.0, np.maximum(peak, 1.0), math.inf)
    contention, coherency = sigma * (load - 1.0), kappa * load * (load - 1.0)
    whole = 1.0 + contention + coherency
    return np.stack(
        (gamma, sigma, kappa, peak, whole / (1.0 + coherency) - 1.0, whole / (1.0 + contention) - 1.0)
    )


def _draws(estimate: Floats, covariance: Floats, degrees: int) -> Floats:
    """Return coefficients as they might be, by a multivariate t: `(3, draws)`, the negative put to zero."""
    rng = np.random.default_rng(20_061)
    normal = rng.standard_normal((_DRAWS, 3))
    scale = np.sqrt(rng.chisquare(degrees, _DRAWS) / degrees)
    values, vectors = np.linalg.eigh(covariance)
    found = estimate + (normal / scale[:, None]) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    found[:, 0] = np.maximum(found[:, 0], 1e-3 * estimate[0])
    return np.asarray(np.maximum(found, 0.0).T, dtype=np.float64)


def scalability_law(
    loads: ArrayLike, throughputs: ArrayLike, confidence: float = 0.95
) -> ScalabilityLaw | NotKnown:
    """Fit the law to throughputs measured at loads (users, workers, requests in flight; above 0).

    Relative errors are made small, by reweighted least squares that bear some wild measurements; sigma
    and kappa are at least 0. Pairs that are not finite, or not above 0, are left out.

    Guarantee: the intervals cover about as told for independent relative errors of about 10% or less
    (simulated: 92 to 100%), a boundary at zero included. Cost: about 2 ms.
    Does not hold where the system changes between the measurements (autoscaling, throttling, warm caches),
    nor for predictions far above `load_max`.

    >>> law = scalability_law([1, 2, 4, 8, 16, 32], [100, 188, 336, 532, 652, 560])
    >>> 0.0 < law.sigma < 0.1 and 15 < law.peak_load < 25
    True
    """
    n, x = np.asarray(loads, dtype=np.float64), np.asarray(throughputs, dtype=np.float64)
    if n.shape != x.shape or n.ndim != 1:
        raise ValueError(f"loads and throughputs must be two lists of one length, not {n.shape}, {x.shape}")
    usable = np.isfinite(n) & np.isfinite(x) & (n > 0.0) & (x > 0.0)
    n, x = n[usable], x[usable]
    distinct = np.unique(n)
    if distinct.size < LOADS_MIN:
        return NotKnown(f"throughput is known at {distinct.size} loads: {LOADS_MIN} are needed")
    if distinct[-1] < SPAN_MIN * distinct[0]:
        return NotKnown(
            f"loads from {distinct[0]:g} to {distinct[-1]:g} are too close: "
            f"the largest must be {SPAN_MIN:g} times the smallest"
        )
    design, target = _terms(n), n / x
    fitted, robust = target, np.ones_like(target)
    estimate = np.zeros(3)
    for _ in range(_ROUNDS):
        weights = robust / (fitted * fitted)
        estimate = _non_negative(design, target, weights)
        fitted = design @ estimate
        robust = _robust_weights((target - fitted) / fitted)
    left = (target - fitted) / fitted
    root = np.sqrt(weights)
    free: Floats = np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0].astype(np.float64)
    degrees = n.size - 3
    inside = float(np.mean(robust == 1.0))
    correction = (1.0 + 3.0 / n.size * (1.0 - inside) / inside) / inside  # Huber 1973
    variance = float(np.sum((robust * left) ** 2)) / degrees * correction**2
    relative = design / fitted[:, None]
    covariance: Floats = variance * np.linalg.pinv(relative.T @ relative, hermitian=True).astype(np.float64)
    point = _figures(estimate[:, None], float(distinct[-1]))[:, 0]
    spread = _figures(_draws(free, covariance, degrees), float(distinct[-1]))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(spread, (tail, 1.0 - tail), axis=1, method="nearest")
    return _law(point, np.minimum(low, point), np.maximum(high, point), n, math.sqrt(variance), confidence)


def _law(
    point: Floats, low: Floats, high: Floats, loads: Floats, error: float, confidence: float
) -> ScalabilityLaw:
    gamma, sigma, kappa, peak, without_contention, without_coherency = map(float, point)
    intervals = [Interval(float(a), float(b), confidence) for a, b in zip(low, high, strict=True)]
    return ScalabilityLaw(
        gamma,
        sigma,
        kappa,
        peak,
        float(loads.max()),
        without_contention,
        without_coherency,
        error,
        *intervals,
    )
