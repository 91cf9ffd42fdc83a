"""The standing: what a trial knows at one moment, and what follows from it."""

import math
from dataclasses import dataclass

from homeostat.core.interval import Interval
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective
from homeostat.core.proof import Decision, Effect, GuardrailCheck
from homeostat.core.verdict import State
from homeostat.prove.trials.effect_words import change_words, effect_words, percent


@dataclass(frozen=True, slots=True)
class Standing:
    """The effect on the whole objective (below zero is better), those of its terms, and the guardrails."""

    objective: Effect
    terms: tuple[Effect, ...]
    guardrails: tuple[GuardrailCheck, ...]


def worse_sign(measure: Measure) -> float:
    """Return 1.0 where a measure that rises gets worse, -1.0 where one that falls does."""
    return 1.0 if measure.better is Better.LOWER else -1.0


def objective_effect(objective: Objective, effects: tuple[Effect, ...], confidence: float) -> Effect:
    """Return the effect on an objective from the relative effects on its terms.

    Guarantee: held whenever all terms' intervals are: with `k` terms whose intervals miss with a
    probability of at most (1 - confidence) / k each, it misses with at most 1 - confidence, however the
    terms depend on each other.
    """
    total = sum(term.weight for term in objective.terms)
    estimate: float | None = 0.0
    low, high, known = 0.0, 0.0, True
    for term, effect in zip(objective.terms, effects, strict=True):
        weight, sign = term.weight / total, worse_sign(term.measure)
        if estimate is not None:
            estimate = None if effect.estimate is None else estimate + weight * sign * effect.estimate
        if effect.interval is None:
            known = False
            continue
        ends = (sign * effect.interval.low, sign * effect.interval.high)
        low += weight * min(ends)
        high += weight * max(ends)
    alone = len(effects) == 1
    return Effect(
        objective.words,
        effects[0].control if alone else None,
        effects[0].treatment if alone else None,
        estimate,
        Interval(low, high, confidence) if known else None,
    )


def worsening(guardrail: Guardrail, effect: Effect) -> Interval | None:
    """Return by how much the guarded measure got worse: above zero is worse."""
    found = effect.interval
    if found is None or worse_sign(guardrail.measure) > 0:
        return found
    return Interval(-found.high, -found.low, found.confidence)


def checked(guardrail: Guardrail, effect: Effect) -> GuardrailCheck:
    """Return a guardrail with its state: WITHIN and VIOLATED are both proven, all else is UNKNOWN."""
    worse = worsening(guardrail, effect)
    state = State.UNKNOWN
    if worse is not None and worse.high < guardrail.worse_max:
        state = State.WITHIN
    elif worse is not None and worse.low > guardrail.worse_max:
        state = State.VIOLATED
    return GuardrailCheck(guardrail.words, state, effect)


def decision(objective: Objective, standing: Standing) -> tuple[Decision, str] | None:
    """Return what a standing proves, with the sentence why; None where it proves nothing yet."""
    for check in standing.guardrails:
        if check.state is State.VIOLATED:
            return Decision.ROLL_BACK, (
                f"a guardrail is broken: {effect_words(check.effect)}, where '{check.words}' is allowed"
            )
    effect = standing.objective
    if effect.interval is None:
        return None
    proven = proven_words(objective)
    if effect.interval.high < objective.bound and all(
        check.state is State.WITHIN for check in standing.guardrails
    ):
        held = ", and no guardrail is broken" if standing.guardrails else ""
        return Decision.KEEP, f"proven {proven}: {shown(standing)}{held}"
    if effect.interval.low > max(objective.bound, 0.0):
        return Decision.ROLL_BACK, f"proven worse: {shown(standing)}"
    if effect.interval.low > objective.bound:
        return Decision.ROLL_BACK, f"proven not to be {proven}: {shown(standing)}"
    return None


def proven_words(objective: Objective) -> str:
    """Return what has to be proven of an effect, such as `better by at least 2%`."""
    if objective.worse_max:
        return f"not worse by more than {percent(objective.worse_max).lstrip('+')}"
    return f"better by at least {percent(objective.gain_min).lstrip('+')}" if objective.gain_min else "better"


def undecided(objective: Objective, standing: Standing, doubt: str | None) -> str:
    """Return why nothing was proven by the deadline; `doubt` is what else spoke against a keep."""
    effect = standing.objective
    reasons = [doubt] if doubt else []
    if effect.interval is None:
        reasons.append(f"nothing could be told of {effect.measure} yet")
    elif effect.interval.high >= objective.bound:
        what = f"to be {proven_words(objective)}" if objective.worse_max else "better"
        reasons.append(f"{shown(standing)} is not proven {what}")
    reasons += [
        f"{unproven(check)} is not proven" for check in standing.guardrails if check.state is State.UNKNOWN
    ]
    return f"undecided at the deadline: {' and '.join(reasons)}"


def unproven(check: GuardrailCheck) -> str:
    """Return a guardrail that is not known yet, with what hinders where that is known."""
    effect = check.effect
    if effect.relative and effect.interval is None and effect.control is not None:
        return (
            f"'{check.words}' (the control's is too near to zero to tell shares of it: "
            "state the guardrail with relative = false)"
        )
    return f"'{check.words}'"


def shown(standing: Standing) -> str:
    """Return the objective's effect in words: of one measure as it is, of several as their weighted mean."""
    if len(standing.terms) == 1:
        return effect_words(standing.terms[0])
    parts = ", ".join(effect_words(term) for term in standing.terms)
    return f"the objective {change_words(standing.objective)}, below zero being better ({parts})"


def share_decided(
    objective: Objective, guardrails: tuple[Guardrail, ...], standing: Standing
) -> float | None:
    """Return the records so far as a share of those that would decide, None where it cannot be said.

    Widths fall with the root of the number of records; effects are taken to stay as they are now.
    """
    share = _share(standing.objective, objective.bound, 1.0)
    if share is None:
        return None
    broken = standing.objective.estimate is not None and standing.objective.estimate > objective.bound
    for guardrail, check in zip(guardrails, standing.guardrails, strict=True):
        if check.state is State.WITHIN or broken:
            continue  # what is worse is rolled back without waiting for any guardrail
        one = _share(check.effect, guardrail.worse_max, worse_sign(guardrail.measure))
        if one is None:
            return None
        share = min(share, one)
    return share


def _share(effect: Effect, bound: float, sign: float) -> float | None:
    """Return how far an effect's interval has come to leave a bound out, `sign` turning worse upwards."""
    if effect.interval is None or effect.estimate is None:
        return None
    off = sign * effect.estimate - bound
    ends = (sign * effect.interval.low - bound, sign * effect.interval.high - bound)
    near = min(ends) if off > 0 else max(ends)
    half = abs(near - off)
    if not math.isfinite(half) or off == 0.0:
        return 0.0
    return min(1.0, (off / half) ** 2) if half > 0.0 else 1.0


def guardrail_words(check: GuardrailCheck) -> str:
    """Return a guardrail's state so far, such as `mean of quality −0.2 (−0.5 to 0.1): within`."""
    return f"{effect_words(check.effect)}: {check.state.value}"
