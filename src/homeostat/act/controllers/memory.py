"""The memory of trials: what was tried from where, what it did, and how old that is."""

import math
from dataclasses import dataclass
from statistics import NormalDist

from homeostat.act.controller import Situation, Trialled
from homeostat.core.finding import Course, FindingKind
from homeostat.core.knob import Configuration
from homeostat.core.proof import Decision, Proof
from homeostat.core.verdict import State

LOOKED_AT_MAX = 200
"""Only so many of the last trials are looked at, which bounds the cost of proposing."""


HARM = 1.0
"""What looked twice as bad counts as harm, even if its trial ended before there was an interval."""

ROUGH = 0.3
"""The standard error (logarithm) of an effect that was seen too shortly for an interval."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial as one step between two configurations of the knobs that may be turned now.

    `effect` is the logarithm of treatment over control (below zero is better) and `error` its standard error;
    both None where the trial could not tell. `kept` is whether it was, and nobody took it back since; `broke`
    says that a guardrail was proven to be violated, or that it did harm: what lies beyond is closed too.
    """

    trialled: Trialled
    before: Configuration
    after: Configuration
    kept: bool
    broke: bool
    effect: float | None
    error: float | None
    age_s: float
    here: bool
    """Whether it was in the regime of now."""
    outdated: bool
    """Whether something turned worse by itself since: the world is not what it was."""

    @property
    def knobs(self) -> frozenset[str]:
        """What it moved."""
        return frozenset(move.knob for move in self.trialled.change.moves)


def remembered(situation: Situation) -> tuple[Tried, ...]:
    """Return the trials that moved nothing but knobs of the situation, the newest last.

    The configuration in which each began is found by going back from the one of now through what was kept.
    Where a knob does not stand where a kept trial had left it, somebody has taken it back: a person, or what
    was watching it. Cost: O(trials x knobs).
    """
    at = {name: situation.configuration[name] for name in situation.knobs}
    turned_ns = max((f.at_ns or 0 for f in situation.findings if _turned_worse(f.kind, f.course)), default=0)
    found = []
    for trialled in reversed(situation.history[-LOOKED_AT_MAX:]):
        moves = [move for move in trialled.change.moves if move.knob in at]
        before = {**at, **{move.knob: move.before for move in moves}}
        kept = trialled.proof.decision is Decision.KEEP
        stood = kept and all(at[move.knob] == move.after for move in moves)
        if kept:
            at = before
        if len(moves) < len(trialled.change.moves):
            continue
        outdated = trialled.proof.end_ns < turned_ns
        effect, error = (None, None) if kept and not stood else log_effect(trialled.proof)
        found.append(
            Tried(
                trialled,
                before,
                trialled.change.applied(before),
                stood,
                _broke(trialled.proof, outdated),
                effect,
                error,
                max(0, situation.now_ns - trialled.proof.end_ns) / 1e9,
                trialled.regime == situation.regime,
                outdated,
            )
        )
    return tuple(found[::-1])


def _broke(proof: Proof, outdated: bool) -> bool:
    """Whether a guardrail was broken, or it did harm in a world that is still that of now.

    What only looked like harm did not: of many trials that are ended for that, some are by luck.
    """
    effect = proof.effect
    if effect.interval is not None:
        harmed = effect.interval.low > 0.0
    else:
        harmed = effect.estimate is not None and effect.estimate > HARM
    harmed = harmed and proof.decision is Decision.ROLL_BACK
    return (harmed and not outdated) or any(check.state is State.VIOLATED for check in proof.guardrails)


def _turned_worse(kind: FindingKind, course: Course) -> bool:
    return kind is FindingKind.CHANGE and course is Course.WORSE


def log_effect(proof: Proof) -> tuple[float, float] | tuple[None, None]:
    """Return the logarithm of the effect on the objective and its standard error, where they are known."""
    effect = proof.effect
    if effect.estimate is None or not effect.relative or effect.estimate <= -1.0:
        return None, None
    if effect.interval is None:
        return math.log1p(effect.estimate), ROUGH
    low, high = max(effect.interval.low, -0.999), effect.interval.high
    if not (low < high < math.inf):
        return None, None
    spread = math.log1p(high) - math.log1p(low)
    z = NormalDist().inv_cdf(0.5 + min(effect.interval.confidence, 0.999999) / 2)
    return math.log1p(effect.estimate), max(spread / (2 * z), 1e-4)
