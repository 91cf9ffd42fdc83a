"""The limit: whether a statistic lies on the good side of its target, as far as that is known."""

import math
from dataclasses import dataclass
from enum import StrEnum

from homeostat.core.metric import Better, Metric
from homeostat.judge.quantity import count, quantity
from homeostat.judge.statistic import EXACT, Statistic

NEEDS_MAX = 1_000_000


class State(StrEnum):
    """How a statistic stands to its limit; the worst first."""

    VIOLATED = "violated"
    UNKNOWN = "not known yet"
    WITHIN = "within"
    NO_LIMIT = "no limit"


ORDER = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, and the words for it. `needs` is about how many more samples would decide."""

    state: State
    needs: int | None
    words: str


def limit_words(metric: Metric, unit: str) -> str:
    """Return the limit in words, such as '< 200 ms'; empty where there is none."""
    if metric.target is None or metric.better is Better.NEITHER:
        return ""
    side = "<" if metric.better is Better.LOWER else ">"
    return f"{side} {quantity(metric.target, unit)}"


def _good(value: float, target: float, better: Better) -> bool:
    return value <= target if better is Better.LOWER else value >= target


def judge(found: Statistic, n: int, metric: Metric | None) -> Judgement:
    """Hold a statistic against its metric's target.

    Decided only where the whole interval lies on one side (or, for exact statistics, the value). A
    statistic that stays on the line needs ever more samples: the guess is left out beyond a million.
    """
    if metric is None or metric.target is None or metric.better is Better.NEITHER:
        return Judgement(State.NO_LIMIT, None, "no limit")
    if not math.isfinite(found.value):
        return Judgement(State.UNKNOWN, None, "not known yet")
    if found.name in EXACT:
        within = _good(found.value, metric.target, metric.better)
        return (
            Judgement(State.WITHIN, None, "within") if within else Judgement(State.VIOLATED, None, "violated")
        )
    if found.interval is None:
        return _unknown(found.needs)
    low = _good(found.interval.low, metric.target, metric.better)
    high = _good(found.interval.high, metric.target, metric.better)
    if low and high:
        return Judgement(State.WITHIN, None, "within")
    if not low and not high:
        return Judgement(State.VIOLATED, None, "violated")
    return _unknown(_needs(found, n, metric.target))


def _needs(found: Statistic, n: int, target: float) -> int:
    """An interval narrows with the root of n: until the side that faces the target no longer reaches it."""
    assert found.interval is not None
    above = target > found.value
    half = found.interval.high - found.value if above else found.value - found.interval.low
    distance = abs(found.value - target)
    if distance * math.sqrt(NEEDS_MAX) <= half * math.sqrt(max(n, 1)):
        return NEEDS_MAX
    return max(1, math.ceil(n * ((half / distance) ** 2 - 1.0)))


def _unknown(needs: int) -> Judgement:
    if needs < 1 or needs >= NEEDS_MAX:
        return Judgement(State.UNKNOWN, None, "not known yet: too close to the limit")
    rounded = needs if needs < 10 else int(float(f"{needs:.1e}"))
    return Judgement(State.UNKNOWN, rounded, f"not known yet: needs about {count(rounded)} more")
