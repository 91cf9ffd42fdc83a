"""Situations for tests of controllers: knobs, targets in a state, and trials with their outcome."""

from collections.abc import Iterable
from dataclasses import replace

from homeostat.act.controller import Judged, Situation, Trialled
from homeostat.core.change import Change
from homeostat.core.interval import Interval
from homeostat.core.knob import Knob
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.core.verdict import State, Verdict

SECOND = 1_000_000_000
START_NS = 1_000_000 * SECOND


def situation(knobs: Iterable[Knob], **fields: object) -> Situation:
    """Return the situation in which the knobs stand at their defaults; `fields` are others of it."""
    named = {knob.name: knob for knob in knobs}
    defaults = {name: knob.default for name, knob in named.items()}
    at = Situation(START_NS, defaults, named, Objective((Term(Measure("duration")),)))
    return replace(at, **fields)  # type: ignore[arg-type]


def judged(target: str, state: State, since_s: float = 0.0, at: int = START_NS) -> Judged:
    """Return a target that has been in a state for some seconds."""
    verdict = Verdict(state, f"{target}: {state.value}", 1.0, None, None, 1.0, "ms", "none", 0.95, 100, None)
    return Judged(target, "p95 of duration", verdict, at - round(since_s * SECOND))


def after_trial(
    at: Situation,
    change: Change,
    *,
    kept: bool,
    gain: float = 0.2,
    error: float = 0.02,
    seconds: float = 60.0,
) -> Situation:
    """Return the situation once a trial of a change has ended like this, `seconds` later."""
    estimate = -gain if kept else abs(gain)
    interval = Interval(estimate - 1.96 * error, estimate + 1.96 * error, 0.95)
    effect = Effect(at.objective.words, 1.0, 1.0 + estimate, estimate, interval)
    end_ns = at.now_ns + round(seconds * SECOND)
    decision = Decision.KEEP if kept else Decision.ROLL_BACK
    proof = Proof(decision, "as told", effect, (effect,), (), 200, 200, at.now_ns, end_ns, "told")
    return replace(
        at,
        now_ns=end_ns,
        configuration=change.applied(at.configuration) if kept else at.configuration,
        history=(*at.history, Trialled(change, proof, at.regime)),
    )


def later(at: Situation, seconds: float) -> Situation:
    """Return the same situation some seconds later."""
    return replace(at, now_ns=at.now_ns + round(seconds * SECOND))
