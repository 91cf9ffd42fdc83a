"""The futility of a trial: whether it can still be decided for its change before the deadline."""

import math

from homeostat.core.proof import Decision, Proof
from homeostat.prove.trials.standing import Standing, shown
from homeostat.prove.trials.trial import Progress, TrialPlan

PATIENCE = 0.15
"""The share of its time that a trial is given before anything is said of it."""

PATIENCE_FOR_HARM = 0.03
"""The share of its time for a trial that looks worse even so."""

DISASTER, DISASTER_REQUESTS, DISASTER_BEYOND = 0.5, 100, 5
"""What looks half as bad again after so many requests of each arm is ended at once; of a quantile, so many
must lie beyond it. After 40 requests a p95 looked so by luck, and the remedy was not tried again."""

LUCK = 1.0 / 3.0
"""Half the width of a sequence's interval is about three standard errors: this much of it is one."""


def futile(progress: Progress, plan: TrialPlan, now_ns: int) -> Proof | None:
    """Return the proof of a trial that is better ended, None where it may still be decided for its change.

    Even if the effect were a standard error better than it looks, its interval would not leave out zero
    before the deadline. Guarantee: it only ever rolls back, so that false keeps become no more often; a
    change that would have been kept at the deadline is given up in about 1 of 6 cases at worst, when it was
    to be decided just there, hardly ever when it is clearer. Source: stochastic curtailment (Lan,
    Simon and Halperin, Sequential Analysis 1, 1982).
    """
    whole_ns, passed_ns = plan.deadline_ns - plan.counts_from_ns, now_ns - plan.counts_from_ns
    effect, interval = progress.effect, progress.effect.interval
    if effect.estimate is None:
        return None
    enough = min(progress.n_control, progress.n_treatment) >= _disaster_requests(plan)
    if enough and effect.estimate > DISASTER:
        return _given_up("looks like harm", progress, plan, now_ns)
    if passed_ns < PATIENCE_FOR_HARM * whole_ns or interval is None:
        return None
    estimate, high, bound = (_scale(at) for at in (effect.estimate, interval.high, plan.objective.bound))
    half = high - estimate
    if not math.isfinite(half) or half <= 0.0:
        return None
    gain = bound - (estimate - LUCK * half)
    share = (gain / half) ** 2 if gain > 0.0 else 0.0
    if share * whole_ns >= passed_ns or (gain > 0.0 and passed_ns < PATIENCE * whole_ns):
        return None
    return _given_up("will not be proven better before the deadline", progress, plan, now_ns)


def _scale(relative: float) -> float:
    """Return a relative effect as the logarithm of a ratio, on which intervals are about even-sided.

    Counted in shares, -83% (-98% to +63%) looked hopeless: the upper half is 16 times as wide as the lower.
    """
    return math.log1p(relative) if relative > -1.0 else -math.inf


def _disaster_requests(plan: TrialPlan) -> float:
    """Return how many requests of each arm tell a disaster from luck."""
    quantiles = [q for term in plan.objective.terms if (q := term.measure.summary.quantile) is not None]
    beyond = min((min(q, 1.0 - q) for q in quantiles), default=1.0)
    return max(DISASTER_REQUESTS, DISASTER_BEYOND / beyond)


def _given_up(why: str, progress: Progress, plan: TrialPlan, now_ns: int) -> Proof:
    standing = Standing(progress.effect, progress.terms, progress.guardrails)
    return Proof(
        Decision.ROLL_BACK,
        f"given up: {shown(standing)}, which {why}",
        progress.effect,
        progress.terms,
        progress.guardrails,
        progress.n_control,
        progress.n_treatment,
        plan.begin_ns,
        now_ns,
        plan.design.value,
    )
