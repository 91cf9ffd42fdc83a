"""The planning: how a change is tried, and how it is watched after it was kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from homeostat.act.controller import AGAIN, BACK, MUST, SHADOW, WAY, WORSE_MAX, Judged, Situation
from homeostat.core.change import Change
from homeostat.core.clock import SECOND_NS
from homeostat.core.knob import Knob, Scope
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.proof import Proof
from homeostat.core.verdict import State
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.prove.ledger.entry import LedgerEntry
from homeostat.prove.trials.hold_back import hold_back_plan
from homeostat.prove.trials.margins import left
from homeostat.prove.trials.open_trial import open_hold_back
from homeostat.prove.trials.trial import Design, Trial, TrialPlan

BLOCK_REQUESTS = 60
"""Requests that a block of a switchback should see, so that its quantiles are some."""

BLOCKS = 24
"""Blocks that must fit in before the deadline."""

BLOCKS_MIN, LONGER_MAX = 28, 3.0
"""A trial of what settles slowly may take up to so many times the deadline, to see so many blocks."""

COUNTED = 1 / 3
"""What is counted of a block is at least this share of the time that its beginning settles."""

AGAIN_SHARE = 0.1
"""Of the requests so many try what was before a kept change: most likely they fare worse."""

MUST_WORSE_MAX = 1.0
"""By how much the objective may get worse where a limit from outside is obeyed."""

TOLD_BY_CALLS = frozenset({"duration", "errors", "cost", "tokens"})
"""What a shadow tells of: nobody rates a result that nobody sees."""

WORSE_MEANWHILE = 0.1
"""By how much the objective may get worse for the sake of a target that is violated."""


def objective_for(policy: Policy, judged: Sequence[Judged]) -> Objective:
    """Return what is to get better now: the policy's objective, or first the targets that are violated.

    Where a measure of the objective is among those violated, or none is that a trial could look at, it is the
    policy's objective.
    """
    usual = policy.objective
    violated = {j.measure: j for j in judged if j.verdict.state is State.VIOLATED}
    if not violated or any(term.measure.words in violated for term in usual.terms):
        return usual
    found = tuple(Term(measure) for words, measure in targeted(policy).items() if words in violated)
    return Objective(found, usual.operation) if found else usual


def guardrails_for(
    policy: Policy, objective: Objective, entries: Sequence[LedgerEntry]
) -> tuple[Guardrail, ...]:
    """Return what is left of the policy's guardrails after the changes in force.

    Where something else than usual is to get better, that is no guardrail meanwhile; the usual objective is.
    """
    wanted = {term.measure.words for term in objective.terms}
    kept = left([g for g in policy.guardrails if g.measure.words not in wanted], entries)
    if objective == policy.objective:
        return kept
    return (*kept, *(Guardrail(term.measure, WORSE_MEANWHILE) for term in policy.objective.terms))


def targeted(policy: Policy) -> dict[str, Measure]:
    """Return the measures that targets speak of and trials can look at, by their words."""
    summaries = {summary.value for summary in Summary}
    found = {}
    for target in policy.targets:
        name, summary = target.reading.metric or "duration", target.reading.statistic
        if summary == "rate" and name == "errors":
            summary = Summary.MEAN
        if summary in summaries and name != "requests":
            better = Better.LOWER if target.side.below else Better.HIGHER
            measure = Measure(name, Summary(summary), better)
            found[measure.words] = measure
    return found


def asked_of(change: Change, objective: Objective) -> Objective:
    """Return what is asked of a change: a gain, or of those made for none not to be much worse."""
    way = change.labels.get(WAY)
    if way == MUST:
        return replace(objective, worse_max=MUST_WORSE_MAX)
    if way == BACK:
        return replace(objective, worse_max=float(change.labels.get(WORSE_MAX, "0.05")))
    return objective


def plan_for(
    name: str,
    change: Change,
    policy: Policy,
    knobs: Mapping[str, Knob],
    at: Situation,
    entries: Sequence[LedgerEntry],
) -> TrialPlan:
    """Return how a change is tried: by requests where all of its knobs allow that, else by time."""
    if SHADOW in change.labels:
        return _shadow_plan(name, change, policy, at, entries)
    rules = policy.trials
    objective = asked_of(change, at.objective)
    moved = [knobs[move.knob] for move in change.moves]
    by_request = all(knob.scope is Scope.REQUEST for knob in moved) and not any(
        measure.name == "throughput" for measure in policy.measures
    )
    settle_s = max(knob.settle_s for knob in moved)
    block_s = _block_s(rules, settle_s, at.load_per_s)
    return TrialPlan(
        name,
        change,
        objective,
        guardrails_for(policy, at.objective, entries),
        at.now_ns,
        at.now_ns + _length_ns(rules, settle_s, block_s),
        design=Design.REQUEST if by_request else Design.SWITCHBACK,
        share=min(rules.share, AGAIN_SHARE) if change.labels.get(WAY) == AGAIN else rules.share,
        confidence=1.0 - (1.0 - rules.confidence) / at.endocrine.modulation.strictness,
        settle_s=settle_s,
        block_s=block_s,
        bounds=policy.bounds,
    )


def _shadow_plan(
    name: str, change: Change, policy: Policy, at: Situation, entries: Sequence[LedgerEntry]
) -> TrialPlan:
    """Return how a switch is tried beside itself: by what its calls tell, which no user rates."""
    switch = change.moves[0].knob
    terms = tuple(term for term in at.objective.terms if term.measure.name in TOLD_BY_CALLS)
    usual = (Term(Measure("duration", Summary.P95)),)
    guardrails = guardrails_for(policy, at.objective, entries)
    return TrialPlan(
        name,
        change,
        replace(at.objective, terms=terms or usual, operation=switch),
        tuple(g for g in guardrails if g.measure.name in TOLD_BY_CALLS),
        at.now_ns,
        at.now_ns + policy.trials.deadline_ns,
        design=Design.SHADOW,
        share=policy.trials.share,
        confidence=policy.trials.confidence,
        bounds=policy.bounds,
    )


def _block_s(rules: TrialRules, settle_s: float, load_per_s: float) -> float:
    """Long enough for some requests after the settling, short enough for some blocks before the deadline."""
    wanted = max(rules.block_ns / SECOND_NS, BLOCK_REQUESTS / load_per_s if load_per_s > 0 else 0.0)
    longest = rules.deadline_ns / SECOND_NS / BLOCKS - settle_s
    return settle_s + max(min(wanted, longest), COUNTED * settle_s, 1.0)


def _length_ns(rules: TrialRules, settle_s: float, block_s: float) -> int:
    """Return how long a trial may take: the deadline, longer where the application settles slowly."""
    needed_ns = int(BLOCKS_MIN * block_s * SECOND_NS) if settle_s > 0.0 else 0
    return max(rules.deadline_ns, min(needed_ns, int(LONGER_MAX * rules.deadline_ns)))


def hold_back_for(plan: TrialPlan, proof: Proof, rules: TrialRules, now_ns: int) -> Trial | None:
    """Return what watches a change that was kept, None where nothing is to watch it."""
    if rules.hold_back <= 0.0 or plan.objective.worse_max:  # what may be worse would be taken back
        return None
    return open_hold_back(hold_back_plan(plan, rules.hold_back, rules.hold_back_ns, now_ns), proof)
