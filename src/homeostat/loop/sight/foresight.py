"""The foresight: how long a trial most likely takes, told before it begins."""

from dataclasses import replace

from homeostat.act.controller import Situation
from homeostat.core.clock import SECOND_NS
from homeostat.core.verdict import State
from homeostat.loop.sight.recent import Recent
from homeostat.prove.trials.power import Need, need_of
from homeostat.prove.trials.trial import TrialPlan

ROWS = 2_000
"""Recent requests that it rests on."""

EFFECT, EFFECT_IN_TROUBLE = 0.2, 0.6
"""What a change is taken to gain: a fifth; while a target is violated three times that, as remedies do."""

HOPELESS = 2.0
"""A trial is not begun that would most likely need so many times the time it has: then it is decided in time
about once in ten."""


class Foresight:
    """Tells the need of a plan by the requests of late. Cost: 10 ms a measure."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent

    def need(self, plan: TrialPlan, at: Situation) -> Need:
        """Return what a trial needs to prove what it is asked for."""
        return need_of(plan, effect_of(plan, at), self._recent.columns(ROWS), at.load_per_s)


def effect_of(plan: TrialPlan, at: Situation) -> float:
    """Return the effect that is to be seen: beyond what is asked at least, below zero being better."""
    objective = plan.objective
    if objective.worse_max:
        return -objective.worse_max
    return -max(effect_at(at) - objective.gain_min, 0.01)


def effect_at(at: Situation) -> float:
    """Return what a change is taken to gain, as a share."""
    trouble = any(judged.verdict.state is State.VIOLATED for judged in at.judged)
    return EFFECT_IN_TROUBLE if trouble else EFFECT


def hopeless(need: Need, plan: TrialPlan) -> bool:
    """Tell whether a trial has no chance to speak of to be decided before its deadline."""
    left_s = (plan.deadline_ns - plan.counts_from_ns) / SECOND_NS
    return need.seconds is not None and need.seconds > HOPELESS * left_s


def told(plan: TrialPlan, need: Need, effect: float) -> TrialPlan:
    """Return the plan whose change tells its need among the evidence."""
    words = f"to see {abs(effect):.0%} it {need.words}" if need.requests is not None else need.words
    return replace(plan, change=replace(plan.change, evidence=(*plan.change.evidence, words)))
