"""The verdict: decided only where the whole interval lies on one side of the bound."""

import math
from dataclasses import dataclass

from homeostat.core.interval import Interval
from homeostat.core.query import Total
from homeostat.core.target import Side
from homeostat.core.verdict import State, Verdict
from homeostat.judge.targets.statistic import statistic
from homeostat.judge.targets.target import COUNT_RATE
from homeostat.judge.targets.target_language import quantile_of
from homeostat.judge.words.quantity import count
from homeostat.stats.chernoff_interval import chernoff_interval, chernoff_quantile_interval, values_needed
from homeostat.stats.exceedance import count_above
from homeostat.stats.rate_interval import rate_interval
from homeostat.stats.sketch import quantiles
from homeostat.stats.skewed_mean_interval import skewed_mean_interval, skewness
from homeostat.stats.t_interval import MINIMUM_SAMPLES

NEEDS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of a window with its interval; None where too few values were seen for one.

    `needs` is how many values are missing until there is an interval. With `exact` the value is what it is
    and needs none.
    """

    value: float
    interval: Interval | None
    n: int
    method: str
    exact: bool = False
    needs: int = 0


def decide(found: Estimate, side: Side, bound: float) -> tuple[State, int | None]:
    """Hold an estimate against a bound; return the state, and about how many more values would decide it.

    This is the one place where verdicts are made. A statistic that stays on the bound needs ever more
    values: the guess is left out beyond a million.
    """
    if not math.isfinite(found.value) or (found.n == 0 and not found.exact):
        return State.UNKNOWN, found.needs or None
    if found.exact:
        return (State.WITHIN if side.holds(found.value, bound) else State.VIOLATED), None
    if found.interval is None:
        return State.UNKNOWN, found.needs or None
    low, high = side.holds(found.interval.low, bound), side.holds(found.interval.high, bound)
    if low == high:
        return (State.WITHIN if low else State.VIOLATED), None
    needs = found.needs or _needs(found, bound)
    return State.UNKNOWN, needs if needs < NEEDS_MAX else None


def _needs(found: Estimate, bound: float) -> int:
    """An interval narrows with the root of n: until the end that faces the bound no longer reaches it."""
    assert found.interval is not None
    above = bound > found.value
    half = found.interval.high - found.value if above else found.value - found.interval.low
    distance = abs(found.value - bound)
    if not math.isfinite(half) or distance * math.sqrt(NEEDS_MAX) <= half * math.sqrt(max(found.n, 1)):
        return NEEDS_MAX
    return max(1, math.ceil(found.n * ((half / distance) ** 2 - 1.0)))


def unknown_words(needs: int | None) -> str:
    """Return why something is not known yet.

    >>> unknown_words(1234), unknown_words(None)
    ('not known yet: needs about 1,200 more', 'not known yet: too close to the limit')
    """
    if needs is None:
        return "not known yet: too close to the limit"
    return f"not known yet: needs about {count(about(needs))} more"


def about(needs: int) -> int:
    """Round a guess to two digits."""
    return needs if needs < 10 else int(float(f"{needs:.1e}"))


def verdict(found: Estimate, side: Side, bound: float, unit: str, confidence: float) -> Verdict:
    """Return the verdict on an estimate, with what it rests on."""
    state, needs = decide(found, side, bound)
    if state is State.UNKNOWN:
        nothing = found.n == 0 and not found.exact
        words = "not known yet: nothing was measured" if nothing else unknown_words(needs)
    else:
        words = state.value
    interval = found.interval
    return Verdict(
        state=state,
        words=words,
        value=_finite(found.value),
        low=_finite(interval.low) if interval else None,
        high=_finite(interval.high) if interval else None,
        bound=bound,
        unit=unit,
        method=found.method,
        confidence=confidence,
        n=found.n,
        needs=needs,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def estimate(
    total: Total | None, name: str, seconds: float, confidence: float, inflation: float = 1.0
) -> Estimate:
    """Return the statistic called `name` over a window of so many seconds, for a look at a confidence.

    `inflation` is how many of the values are worth one independent one. A mean has the t-interval with
    Hall's correction for skewness, from 30 values on; a quantile Chernoff's, at any number of values; a
    rate the score interval of a sum; `last`, `min`, `max` and `total` are exact. A quantile of what is no
    histogram is not known.
    """
    if total is None or total.moments.count == 0:
        return Estimate(math.nan, None, 0, "nothing measured")
    moments = total.moments
    if name == COUNT_RATE:
        rate = moments.count / seconds
        return Estimate(
            rate,
            _wider(rate_interval(moments.count, seconds, confidence), rate, inflation),
            moments.count,
            "score interval",
        )
    p = quantile_of(name)
    if p is None:
        if name == "mean" and total.histogram is not None:
            return _mean(total, confidence, inflation)
        shown = statistic(total, name, "", seconds, confidence)
        exact = shown.method == "exact"
        interval = _wider(shown.interval, shown.value, inflation)
        return Estimate(shown.value, interval, moments.count, shown.method, exact, shown.needs)
    if total.histogram is None:
        return Estimate(math.nan, None, moments.count, "no distribution is kept")
    value = float(quantiles(total.histogram, (p,), moments.minimum, moments.maximum)[0])
    interval = chernoff_quantile_interval(
        total.histogram, p, moments.minimum, moments.maximum, confidence, inflation
    )
    missing = 0
    if interval is not None and not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        missing = max(1, max(values_needed(p, confidence)) - moments.count)
    return Estimate(value, interval, moments.count, "order statistics", needs=missing)


def _mean(total: Total, confidence: float, inflation: float) -> Estimate:
    moments = total.moments
    assert total.histogram is not None
    skew = skewness(total.histogram, moments.count, moments.mean, moments.variance)
    worth = int(moments.count / inflation)
    interval = skewed_mean_interval(worth, moments.mean, moments.variance, skew, confidence)
    missing = max(0, math.ceil(MINIMUM_SAMPLES * inflation) - moments.count)
    return Estimate(moments.mean, interval, moments.count, "t-interval, Hall's correction", needs=missing)


def _wider(interval: Interval | None, value: float, inflation: float) -> Interval | None:
    if interval is None or inflation <= 1.0:
        return interval
    root = math.sqrt(inflation)
    low, high = value - (value - interval.low) * root, value + (interval.high - value) * root
    return Interval(max(0.0, low) if interval.low >= 0 else low, high, interval.confidence)


def share_estimate(bad: float, n: float, confidence: float, inflation: float = 1.0) -> Estimate:
    """Return a share of bad events among all, by Chernoff's interval."""
    whole = round(n)
    hits = min(max(round(bad), 0), whole)
    if whole < 1:
        return Estimate(math.nan, None, 0, "nothing measured")
    return Estimate(
        hits / whole, chernoff_interval(hits, whole, confidence, inflation), whole, "Chernoff's interval"
    )


def bad_of(total: Total, side: Side, bound: float) -> tuple[int, int]:
    """Return how many values of a histogram lie on the side of a bound, and how many there are."""
    if total.histogram is None:
        return 0, 0
    n = total.moments.count
    above = count_above(total.histogram, bound)
    return (n - above if side.below else above), n
