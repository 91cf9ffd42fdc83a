"""Student's t distribution, without scipy: its tail and its quantile for any number of degrees."""

import math

from homeostat.stats.t_interval import t_quantile

_TINY = 1e-300
_MANY = 29.0


def two_sided(t: float, degrees: float) -> float:
    """Return the probability that |T| is at least |t|.

    Within 1e-12 of the exact value; about 10 us. By the continued fraction of the incomplete beta function
    (Abramowitz and Stegun 26.7.1 and 26.5.8, summed by Lentz's method).

    >>> round(two_sided(2.0452, 29), 4), round(two_sided(12.706, 1), 4)
    (0.05, 0.05)
    """
    if not degrees > 0:
        raise ValueError(f"degrees of freedom must be positive, not {degrees!r}")
    if math.isnan(t):
        return math.nan
    if math.isinf(t):
        return 0.0
    square = t * t
    found = _incomplete_beta(degrees / (degrees + square), square / (degrees + square), degrees / 2, 0.5)
    return min(max(found, 0.0), 1.0)


def quantile(probability: float, degrees: float) -> float:
    """Return the t below which T lies with a probability above 1/2.

    By bisection to 1e-12 below 29 degrees; above, by `t_interval.t_quantile`, within 1e-6.

    >>> round(quantile(0.975, 5), 4), round(quantile(0.975, 1e6), 3)
    (2.5706, 1.96)
    """
    if not 0.5 <= probability < 1.0:
        raise ValueError(f"probability must lie in [0.5, 1), not {probability!r}")
    if degrees >= _MANY and 0.9 <= probability <= 0.995:
        return t_quantile(probability, degrees)
    tail = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while two_sided(high, degrees) > tail:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        if two_sided(middle, degrees) > tail:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * high:
            break
    return (low + high) / 2


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function at `x`; `rest` is 1 - x without its rounding."""
    if x <= 0.0 or rest <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    if x < (a + 1) / (a + b + 2):
        return math.exp(scale) * _fraction(x, a, b) / a
    return 1.0 - math.exp(scale) * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 10_000):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + factor * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + factor / c
            c = c if abs(c) > _TINY else _TINY
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
