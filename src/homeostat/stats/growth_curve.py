"""Curves of growth, and the fit of one of them to samples by robust least squares.

Huber's weights ("Robust Estimation of a Location Parameter", 1964) bound what a wild value can do; the
steps are Levenberg's and Marquardt's. Times `u` run from 0 to 1 over the series, and values are of size 1.
"""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curve = Literal["constant", "linear", "exponential", "power", "logistic"]

_ROUNDS = 40
_HUBER = 1.345
_SHIFT = 0.02
_EXPONENT_MAX = 50.0
_POSITIVE_MIN = 0.5
"""The least sum of the values, as a share of the sum of their magnitudes, for a curve that is positive."""


def _exp(x: Floats) -> Floats:
    found: Floats = np.exp(np.clip(x, -_EXPONENT_MAX, _EXPONENT_MAX))
    return found


# Each takes parameters of shape (k, 1) or (k, draws, 1) and times (n,), and gives (n,) or (draws, n).
CURVES: dict[Curve, tuple[int, Callable[[Floats, Floats], Floats]]] = {
    "constant": (1, lambda p, u: p[0] + 0.0 * u),
    "linear": (2, lambda p, u: p[0] + p[1] * u),
    "exponential": (2, lambda p, u: p[0] * _exp(p[1] * u)),
    "power": (2, lambda p, u: p[0] * _exp(p[1] * np.log(np.maximum(u, 0.0) + _SHIFT))),
    "logistic": (3, lambda p, u: p[0] / (1.0 + _exp(-p[1] * (u - p[2])))),
}


def value_of(curve: Curve, parameters: Floats, u: Floats) -> Floats:
    """Return the curve at each time."""
    return CURVES[curve][1](parameters[:, None], u)


def _log_line(u: Floats, y: Floats) -> Floats:
    """Return intercept and slope of the logarithm over `u`, where the value is positive."""
    above = y > 0.0
    design = np.stack((np.ones(int(above.sum())), u[above]), axis=1)
    found: Floats = np.linalg.lstsq(design, np.log(y[above]), rcond=None)[0].astype(np.float64)
    return found


def _starts(curve: Curve, u: Floats, y: Floats) -> list[Floats]:
    """Return parameters to begin the fit from."""
    if curve == "constant":
        return [np.array([np.median(y)])]
    if curve == "linear":
        slope = np.polyfit(u, y, 1)
        return [slope[::-1].copy()]
    if float(y.sum()) <= _POSITIVE_MIN * float(np.abs(y).sum()):
        return []
    if curve == "logistic":
        begins = []
        for ceiling in (1.05, 1.5, 4.0):
            share = np.clip(y / (ceiling * y.max()), 1e-3, 1.0 - 1e-3)
            a, b = np.linalg.lstsq(
                np.stack((np.ones_like(u), u), axis=1), np.log(share / (1.0 - share)), rcond=None
            )[0]
            if abs(b) > 1e-6:
                begins.append(np.array([ceiling * y.max(), b, -a / b]))
        return begins
    a, b = _log_line(u if curve == "exponential" else np.log(u + _SHIFT), y)
    return [np.array([math.exp(a), b])]


def jacobian_of(curve: Curve, parameters: Floats, u: Floats) -> Floats:
    """Return the central differences by each parameter: `(n, k)`."""
    step = 1e-6 * (np.abs(parameters) + 1e-3)
    moves = np.diag(step)
    up = CURVES[curve][1]((parameters + moves).T[:, :, None], u)
    down = CURVES[curve][1]((parameters - moves).T[:, :, None], u)
    found: Floats = ((up - down) / (2.0 * step[:, None])).T
    return found


def spread_of(left: Floats) -> float:
    """Return the deviation of normal errors with this median magnitude."""
    return 1.4826 * float(np.median(np.abs(left))) + 1e-9


def huber_loss(left: Floats, spread: float) -> float:
    """Return twice Huber's loss in units of the spread: for normal errors about the sum of squares."""
    sizes = np.abs(left) / spread
    inside = np.minimum(sizes, _HUBER)
    return float(np.sum(inside * (2.0 * sizes - inside)))


def _descend(curve: Curve, parameters: Floats, u: Floats, y: Floats) -> Floats:
    """Return the parameters at a least of Huber's loss near the given ones."""
    damping = 1e-3
    spread = spread_of(y - value_of(curve, parameters, u))
    for _ in range(_ROUNDS):
        left = y - value_of(curve, parameters, u)
        spread = min(spread, spread_of(left))
        now = huber_loss(left, spread)
        weights = np.minimum(1.0, _HUBER * spread / np.maximum(np.abs(left), 1e-300))
        jacobian = jacobian_of(curve, parameters, u)
        normal = jacobian.T @ (jacobian * weights[:, None])
        gradient = jacobian.T @ (weights * left)
        for _ in range(6):
            damped = normal + damping * np.diag(np.diag(normal) + 1e-12)
            try:
                step = np.linalg.solve(damped, gradient)
            except np.linalg.LinAlgError:
                return parameters
            if huber_loss(y - value_of(curve, parameters + step, u), spread) < now:
                damping = max(damping / 10.0, 1e-9)
                break
            damping *= 10.0
        else:
            return parameters
        parameters = parameters + step
        if float(np.max(np.abs(step) / (np.abs(parameters) + 1e-6))) < 1e-7:
            break
    return parameters


def fitted(curve: Curve, u: Floats, y: Floats) -> Floats | None:
    """Return the parameters of the curve nearest to the samples, None where it cannot be asked of them."""
    ends = [_descend(curve, begin, u, y) for begin in _starts(curve, u, y)]
    ends = [p for p in ends if np.isfinite(p).all()]
    return min(ends, key=lambda p: float(np.sum(np.abs(y - value_of(curve, p, u)))), default=None)
