"""The planning: how a change is tried, and how it is watched after it was kept."""

from collections.abc import Mapping

from homeostat.act.controller import Situation
from homeostat.core.change import Change
from homeostat.core.clock import SECOND_NS
from homeostat.core.knob import Knob, Scope
from homeostat.loop.policy import Policy, TrialRules
from homeostat.prove.hold_back import HoldBack, hold_back_plan
from homeostat.prove.request_trial import RequestTrial
from homeostat.prove.switchback_trial import SwitchbackTrial
from homeostat.prove.trial import Design, Trial, TrialPlan

BLOCK_REQUESTS = 60
"""Requests that a block of a switchback should see, so that its quantiles are some."""

BLOCKS = 24
"""Blocks that must fit in before the deadline."""


def plan_for(
    name: str, change: Change, policy: Policy, knobs: Mapping[str, Knob], at: Situation
) -> TrialPlan:
    """Return how a change is tried: by requests where all of its knobs allow that, else by time."""
    rules = policy.trials
    moved = [knobs[move.knob] for move in change.moves]
    by_request = all(knob.scope is Scope.REQUEST for knob in moved) and not any(
        measure.name == "throughput" for measure in policy.measures
    )
    settle_s = max(knob.settle_s for knob in moved)
    return TrialPlan(
        name,
        change,
        policy.objective,
        policy.guardrails,
        at.now_ns,
        at.now_ns + rules.deadline_ns,
        design=Design.REQUEST if by_request else Design.SWITCHBACK,
        share=rules.share,
        confidence=1.0 - (1.0 - rules.confidence) / at.endocrine.modulation.strictness,
        settle_s=settle_s,
        block_s=_block_s(rules, settle_s, at.load_per_s),
        bounds=policy.bounds,
    )


def trial_for(name: str, change: Change, policy: Policy, knobs: Mapping[str, Knob], at: Situation) -> Trial:
    """Return a trial of a change, not begun yet."""
    plan = plan_for(name, change, policy, knobs, at)
    return RequestTrial(plan) if plan.design is Design.REQUEST else SwitchbackTrial(plan)


def _block_s(rules: TrialRules, settle_s: float, load_per_s: float) -> float:
    """Long enough for some requests after the settling, short enough for some blocks before the deadline."""
    wanted = max(rules.block_ns / SECOND_NS, BLOCK_REQUESTS / load_per_s if load_per_s > 0 else 0.0)
    longest = rules.deadline_ns / SECOND_NS / BLOCKS - settle_s
    return settle_s + max(min(wanted, longest), 1.0)


def hold_back_for(plan: TrialPlan, rules: TrialRules, now_ns: int) -> Trial | None:
    """Return what watches a change that was kept, None where nothing is to watch it."""
    if rules.hold_back <= 0.0:
        return None
    kept = hold_back_plan(plan, rules.hold_back, rules.hold_back_ns, now_ns)
    return HoldBack(kept) if kept.design is Design.HOLD_BACK else None
