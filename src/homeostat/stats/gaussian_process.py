"""Gaussian process regression: a smooth unknown function from few noisy values, with its uncertainty."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import InputError

Floats = NDArray[np.float64]

POINTS_MAX = 2_000
"""A fit costs O(n³) time and O(n²) memory."""

_ROOT5 = math.sqrt(5.0)
_JITTER = 1e-9


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a function before it is seen: medians of log-normal priors, widths in e-folds.

    Inputs are meant to lie from 0 to 1, values to be scaled so that a change of 1 is large: logarithms are.
    `slope` is the standard deviation of a linear trend over the whole range of an input.
    """

    length: float = 0.5
    length_width: float = 0.6
    amplitude: float = 0.7
    amplitude_width: float = 0.6
    slope: float = 1.0
    slope_width: float = 0.7
    noise: float = 0.1
    noise_width: float = 1.0
    level: float = 2.0
    """Standard deviation of the constant; it is not fitted."""

    def centre(self, inputs: int) -> Floats:
        """Return the medians as the logarithms that are fitted: lengths, amplitude, slope, noise."""
        return np.log([*[self.length] * inputs, self.amplitude, self.slope, self.noise])

    def width(self, inputs: int) -> Floats:
        """Return the standard deviations of these logarithms."""
        return np.array(
            [*[self.length_width] * inputs, self.amplitude_width, self.slope_width, self.noise_width]
        )


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A fitted process: constant + linear trend + Matérn 5/2 with a length for each input, and noise.

    `logs` are the logarithms of lengths, amplitude, slope and noise (standard deviation).
    """

    x: Floats
    centre: float
    logs: Floats
    prior: Prior
    _whitener: Floats = field(repr=False)
    _weights: Floats = field(repr=False)

    @property
    def noise(self) -> float:
        """Standard deviation of a single measurement."""
        return float(np.exp(self.logs[-1]))

    @property
    def lengths(self) -> Floats:
        """Over which distance each input matters; long for one that does not."""
        return np.exp(self.logs[:-3])

    def predict(self, points: ArrayLike) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the function itself (without noise) at rows of `points`."""
        at = np.asarray(points, dtype=np.float64)
        cross = _kernel(at, self.x, self.logs, self.prior)
        mean = self.centre + cross @ self._weights
        explained = cross @ self._whitener.T
        variance = _diagonal(at, self.logs, self.prior) - np.einsum("ij,ij->i", explained, explained)
        return mean, np.sqrt(np.maximum(variance, 1e-12))

    def covariance(self, points: ArrayLike, others: ArrayLike) -> Floats:
        """Return the posterior covariances of the function between rows of two arrays."""
        a, b = np.asarray(points, dtype=np.float64), np.asarray(others, dtype=np.float64)
        left, right = (self._whitener @ _kernel(self.x, p, self.logs, self.prior) for p in (a, b))
        found: Floats = _kernel(a, b, self.logs, self.prior) - left.T @ right
        return found


def fit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    prior: Prior | None = None,
    variances: ArrayLike | None = None,
    start: Floats | None = None,
    steps: int = 60,
) -> GaussianProcess:
    """Fit a process to values `y` at rows of `x` from 0 to 1: the most probable parameters under the prior.

    `variances` are those of the values where they are known; noise is fitted beside them. `start` are the
    `logs` of an earlier fit, from which few steps are enough. Guarantee: none on the function; intervals hold
    as far as it is as smooth as the prior says. Does not hold for jumps, nor where noise is heavy-tailed.
    Cost: O(n³) a step, 1 ms at 80 points of 3 inputs. Raises InputError on arrays that do not fit.
    Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, 2.2 and 5.4.1.

    >>> line = np.linspace(0.0, 1.0, 12)[:, None]
    >>> mean, sd = fit(line, np.sin(4.0 * line[:, 0])).predict([[0.5]])
    >>> abs(float(mean[0]) - math.sin(2.0)) < 0.02
    True
    """
    prior = prior or Prior()
    points, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if points.ndim != 2 or values.shape != points.shape[:1] or not 1 <= values.size <= POINTS_MAX:
        raise InputError(
            f"a fit needs 1 to {POINTS_MAX} rows and as many values, not {points.shape} and {values.shape}"
        )
    if not (np.isfinite(points).all() and np.isfinite(values).all()):
        raise InputError("a fit needs finite numbers: leave out what could not be measured")
    known = np.zeros(values.size) if variances is None else np.asarray(variances, dtype=np.float64)
    centre = float(np.median(values))
    data = _Data(points, values - centre, known, prior)
    logs = _most_probable(data, prior.centre(points.shape[1]) if start is None else start, steps)
    return _process(data, logs, centre)


def _process(data: "_Data", logs: Floats, centre: float) -> GaussianProcess:
    whitener, weights, _ = data.solved(logs)
    return GaussianProcess(data.x, centre, logs, data.prior, whitener, weights)


@dataclass(frozen=True, slots=True)
class _Data:
    x: Floats
    y: Floats
    known: Floats
    prior: Prior

    def solved(self, logs: Floats) -> tuple[Floats, Floats, float]:
        """Return the inverse root of the covariance, its inverse times the values, and log det / 2."""
        covariance = _kernel(self.x, self.x, logs, self.prior)
        covariance[np.diag_indices_from(covariance)] += math.exp(2 * logs[-1]) + self.known + _JITTER
        root = np.linalg.cholesky(covariance)
        whitener: Floats = np.linalg.inv(root)
        return whitener, whitener.T @ (whitener @ self.y), float(np.log(np.diag(root)).sum())

    def slope_of_log_density(self, logs: Floats) -> tuple[float, Floats]:
        """Return the log posterior density of parameters, but for a constant, and its gradient."""
        d = self.x.shape[1]
        whitener, weights, log_root = self.solved(logs)
        pull = np.outer(weights, weights) - whitener.T @ whitener
        lengths, amplitude, slope, noise = np.exp(logs[:d]), *np.exp(2 * logs[d:])
        squares = ((self.x[:, None, :] - self.x[None, :, :]) / lengths) ** 2
        scaled = _ROOT5 * np.sqrt(squares.sum(axis=2))
        decay = np.exp(-scaled)
        gradient = np.empty(d + 3)
        gradient[:d] = np.einsum("ij,ijk->k", pull * (5 / 3 * amplitude) * (1 + scaled) * decay, squares) / 2
        gradient[d] = (pull * amplitude * (1 + scaled + scaled**2 / 3) * decay).sum()
        centred = self.x - 0.5
        gradient[d + 1] = (pull * slope * (centred @ centred.T)).sum()
        gradient[d + 2] = np.trace(pull) * noise
        off = (logs - self.prior.centre(d)) / self.prior.width(d)
        density = -0.5 * self.y @ weights - log_root - 0.5 * off @ off
        return float(density), gradient - off / self.prior.width(d)


def _kernel(a: Floats, b: Floats, logs: Floats, prior: Prior) -> Floats:
    d = a.shape[1]
    amplitude, slope = np.exp(2 * logs[d : d + 2])
    u, v = a / np.exp(logs[:d]), b / np.exp(logs[:d])
    squares = (u**2).sum(axis=1)[:, None] + (v**2).sum(axis=1)[None, :] - 2 * u @ v.T
    scaled = _ROOT5 * np.sqrt(np.maximum(squares, 0.0))
    found: Floats = prior.level**2 + slope * ((a - 0.5) @ (b - 0.5).T)
    found += amplitude * (1 + scaled + scaled**2 / 3) * np.exp(-scaled)
    return found


def _diagonal(points: Floats, logs: Floats, prior: Prior) -> Floats:
    amplitude, slope = np.exp(2 * logs[-3:-1])
    found: Floats = prior.level**2 + amplitude + slope * ((points - 0.5) ** 2).sum(axis=1)
    return found


def _most_probable(data: _Data, start: Floats, steps: int) -> Floats:
    """Climb by the signs of the gradient (iRprop-, Igel and Hüsken 2003); return the best place seen."""
    at, best, best_density = start.copy(), start.copy(), -math.inf
    stride, before = np.full(at.size, 0.2), np.zeros(at.size)
    low, high = data.prior.centre(data.x.shape[1]) - 5.0, data.prior.centre(data.x.shape[1]) + 5.0
    for _ in range(steps):
        density, gradient = data.slope_of_log_density(at)
        if density > best_density:
            best, best_density = at.copy(), density
        turned = gradient * before
        stride = np.clip(np.where(turned > 0, 1.2, np.where(turned < 0, 0.5, 1.0)) * stride, 1e-3, 1.0)
        before = np.where(turned < 0, 0.0, gradient)
        at = np.clip(at + np.sign(before) * stride, low, high)
        if stride.max() <= 2e-3:
            break
    return best
