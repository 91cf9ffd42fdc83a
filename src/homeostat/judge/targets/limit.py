"""The limit: whether a statistic lies on the good side of its target, as far as that is known."""

import math
from dataclasses import dataclass

from homeostat.core.metric import Better, Metric
from homeostat.core.target import Side
from homeostat.core.verdict import State
from homeostat.judge.targets.statistic import EXACT, Statistic
from homeostat.judge.targets.verdict import Estimate, about, decide, unknown_words
from homeostat.judge.words.quantity import quantity

__all__ = ["ORDER", "Judgement", "State", "judge", "limit_words"]

ORDER = {state: rank for rank, state in enumerate(State)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A state, and the words for it. `needs` is about how many more samples would decide."""

    state: State
    needs: int | None
    words: str


def limit_words(metric: Metric, unit: str) -> str:
    """Return the limit in words, such as '< 200 ms'; empty where there is none.

    Where nothing better than the target can be, it says that the target itself will do: '≥ 100%', '≤ 0'.
    """
    if metric.target is None or metric.better is Better.NEITHER:
        return ""
    lower = metric.better is Better.LOWER
    if metric.target == (0.0 if lower else 1.0) and (lower or unit == "ratio"):
        side = "≤" if lower else "≥"
    else:
        side = "<" if lower else ">"
    return f"{side} {quantity(metric.target, unit)}"


def judge(found: Statistic, n: int, metric: Metric | None) -> Judgement:
    """Hold a statistic against its metric's target, at the confidence of its interval."""
    if metric is None or metric.target is None or metric.better is Better.NEITHER:
        return Judgement(State.NO_LIMIT, None, "no limit")
    if not math.isfinite(found.value):
        return Judgement(State.UNKNOWN, None, "not known yet")
    side = Side.AT_MOST if metric.better is Better.LOWER else Side.AT_LEAST
    seen = Estimate(
        found.value, found.interval, n, found.method, exact=found.name in EXACT, needs=found.needs
    )
    state, needs = decide(seen, side, metric.target)
    if state is State.UNKNOWN:
        return Judgement(state, None if needs is None else about(needs), unknown_words(needs))
    return Judgement(state, None, state.value)
