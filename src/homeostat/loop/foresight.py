"""The foresight: how long a trial most likely takes, told before it begins."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from homeostat.act.controller import Situation
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.verdict import State
from homeostat.loop.recent import Recent
from homeostat.prove.power import Need, need_of
from homeostat.prove.trial import TrialPlan

ROWS = 2_000
"""Recent requests that it rests on."""

EFFECT, EFFECT_IN_TROUBLE = 0.2, 0.6
"""What a change is taken to gain: a fifth; while a target is violated three times that, as remedies do."""

HOPELESS = 2.0
"""A trial is not begun that would most likely need so many times the time it has: then it is decided in time
about once in ten."""

KEPT_NS = 5 * MINUTE_NS
PLANS_MAX = 200


class Foresight:
    """Tells the need of a plan, by the requests of late; the same for like plans within five minutes.

    Cost: 10 ms a measure, once for all plans of one kind.
    """

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._known: dict[tuple[object, ...], Need] = {}
        self._looked_ns = 0

    def need(self, plan: TrialPlan, at: Situation) -> Need:
        """Return what a trial needs to prove what it is asked for."""
        if at.now_ns - self._looked_ns >= KEPT_NS or len(self._known) >= PLANS_MAX:
            self._looked_ns = at.now_ns
            self._known.clear()
        effect = effect_of(plan, at)
        key: tuple[object, ...] = (
            plan.design,
            plan.share,
            plan.confidence,
            plan.settle_s,
            plan.block_s,
            plan.objective.words,
        )
        key = (*key, plan.guardrails, plan.deadline_ns - plan.begin_ns, effect)
        found = self._known.get(key)
        if found is None:
            found = need_of(plan, effect, self._columns(), at.load_per_s)
            self._known[key] = found
        return found

    def _columns(self) -> Mapping[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
        return self._recent.columns(ROWS)


def effect_of(plan: TrialPlan, at: Situation) -> float:
    """Return the effect that is to be seen: beyond what is asked at least, below zero being better."""
    objective = plan.objective
    if objective.worse_max:
        return -objective.worse_max
    trouble = any(judged.verdict.state is State.VIOLATED for judged in at.judged)
    return -max((EFFECT_IN_TROUBLE if trouble else EFFECT) - objective.gain_min, 0.01)


def hopeless(need: Need, plan: TrialPlan) -> bool:
    """Tell whether a trial has no chance to speak of to be decided before its deadline."""
    left_s = (plan.deadline_ns - plan.counts_from_ns) / SECOND_NS
    return need.seconds is not None and need.seconds > HOPELESS * left_s


def told(plan: TrialPlan, need: Need, effect: float) -> TrialPlan:
    """Return the plan whose change tells its need among the evidence."""
    words = f"to see {abs(effect):.0%} it {need.words}" if need.requests is not None else need.words
    return replace(plan, change=replace(plan.change, evidence=(*plan.change.evidence, words)))
