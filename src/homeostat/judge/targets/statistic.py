"""The statistic: the one number of a series that its limit is held against, with its interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from homeostat.core.interval import Interval
from homeostat.core.metric import Kind
from homeostat.core.query import Total
from homeostat.stats.quantile_interval import quantile_interval, samples_needed
from homeostat.stats.rate_interval import rate_interval
from homeostat.stats.sketch import quantiles
from homeostat.stats.t_interval import MINIMUM_SAMPLES, t_interval

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
"""The statistics that are read from a sketch."""

EXACT = frozenset({"last", "max", "maximum", "min", "minimum", "total"})
"""Statistics that are what they are: they estimate nothing, so they have no interval."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic over a window. `method` names the interval; `needs` is how many samples it lacks."""

    name: str
    value: float
    unit: str
    interval: Interval | None
    method: str
    needs: int


def default_statistic(kind: Kind) -> str:
    """Return the statistic that stands for a series that the catalogue does not know."""
    return {Kind.HISTOGRAM: "mean", Kind.COUNTER: "rate", Kind.GAUGE: "last"}[kind]


def statistic(total: Total, name: str, unit: str, seconds: float, confidence: float = 0.95) -> Statistic:
    """Return the statistic called `name` of a series over a window of so many seconds.

    A name that the series cannot give (a quantile of a counter) becomes the mean.
    """
    moments = total.moments
    n = moments.count
    if name in QUANTILES and total.histogram is not None:
        p = QUANTILES[name]
        value = float(quantiles(total.histogram, (p,), moments.minimum, moments.maximum)[0])
        interval = quantile_interval(total.histogram, p, moments.minimum, moments.maximum, confidence)
        return Statistic(
            name, value, unit, interval, "order statistics", max(0, samples_needed(p, confidence) - n)
        )
    if name == "rate":
        rate = moments.total / seconds if seconds > 0 else math.nan
        interval = _interval_of_rate(total, seconds, confidence)
        return Statistic(name, rate, f"{unit}/s", interval, "score interval", 0)
    if name in EXACT:
        exact = {"last": moments.last, "total": moments.total}
        extreme = moments.maximum if name.startswith("max") else moments.minimum
        return Statistic(name, exact.get(name, extreme), unit, None, "exact", 0)
    interval = t_interval(n, moments.mean, moments.variance, confidence)
    return Statistic("mean", moments.mean, unit, interval, "t-interval", max(0, MINIMUM_SAMPLES - n))


def _interval_of_rate(total: Total, seconds: float, confidence: float) -> Interval | None:
    """Of a sum of independent increments: its variance is about the sum of their squares."""
    moments = total.moments
    if moments.count == 0 or seconds <= 0:
        return None
    squares = moments.m2 + moments.mean * moments.mean * moments.count
    if moments.total >= 0 and math.isclose(squares, moments.total):
        return rate_interval(moments.total, seconds, confidence)
    half = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(squares)
    low = moments.total - half
    if moments.minimum >= 0:
        low = max(0.0, low)
    return Interval(low / seconds, (moments.total + half) / seconds, confidence)
