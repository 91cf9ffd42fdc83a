"""A landscape: a few knobs with a known best setting, on which the worth of a controller can be measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from homeostat.act.controller import Controller, Reading, Situation, Trialled
from homeostat.core.change import Change
from homeostat.core.interval import Interval
from homeostat.core.knob import Configuration, Knob
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.verdict import State

TRIAL_NS = 600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Landscape:
    """What an application costs under each configuration: `log_cost` is the logarithm of the objective.

    `breaks` says under which configurations a guardrail is violated.
    """

    knobs: Mapping[str, Knob]
    log_cost: Callable[[Configuration], float]
    best: float
    breaks: Callable[[Configuration], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Climbed:
    """What became of some trials: the share of the possible gain in force after each, and what they hurt."""

    shares: tuple[float, ...]
    harmful: int
    situation: Situation

    def trials_to(self, share: float) -> float:
        """Return after how many trials this share of the possible gain was in force, infinite where never."""
        return next((k + 1.0 for k, reached in enumerate(self.shares) if reached >= share), math.inf)


def situation_of(landscape: Landscape, **changes: object) -> Situation:
    """Return the situation in which all knobs stand at their defaults, and nothing was tried."""
    objective = Objective((Term(Measure("duration")),))
    defaults = {name: knob.default for name, knob in landscape.knobs.items()}
    return replace(Situation(TRIAL_NS, defaults, landscape.knobs, objective), **changes)  # type: ignore[arg-type]


def tried(
    landscape: Landscape, situation: Situation, change: Change, rng: np.random.Generator, error: float
) -> Situation:
    """Return the situation after a trial whose effect is the true one plus a known normal error."""
    before, after = situation.configuration, change.applied(situation.configuration)
    true = landscape.log_cost(after) - landscape.log_cost(before)
    seen = true + error * float(rng.standard_normal())
    interval = Interval(math.expm1(seen - 2.5 * error), math.expm1(seen + 2.5 * error), 0.98758)
    broke = landscape.breaks(after)
    kept = not broke and interval.high < -situation.objective.gain_min
    effect = Effect(situation.objective.words, 1.0, math.exp(seen), math.expm1(seen), interval)
    end_ns = situation.now_ns + TRIAL_NS
    proof = Proof(
        Decision.KEEP if kept else Decision.ROLL_BACK,
        "simulated",
        effect,
        (effect,),
        (GuardrailCheck("quality", State.VIOLATED if broke else State.WITHIN, effect),),
        200,
        200,
        situation.now_ns,
        end_ns,
        "simulated",
    )
    return replace(
        situation,
        now_ns=end_ns,
        configuration=after if kept else before,
        history=(*situation.history, Trialled(change, proof, situation.regime)),
    )


def climbed(
    controller: Controller, landscape: Landscape, trials: int, seed: int, error: float = 0.02
) -> Climbed:
    """Return what a controller comes to when each of its first proposals is tried, one after the other."""
    rng = np.random.default_rng(seed)
    situation = situation_of(landscape)
    start = landscape.log_cost(situation.configuration)
    shares, harmful = [], 0
    for _ in range(trials):
        noisy = math.exp(landscape.log_cost(situation.configuration) + error * float(rng.standard_normal()))
        situation = replace(situation, readings={"mean of duration": Reading(noisy, None, 200)})
        proposed = controller.propose(situation)
        if proposed:
            at = landscape.log_cost(situation.configuration)
            worse = landscape.log_cost(proposed[0].applied(situation.configuration)) - at
            harmful += worse > 0.05
            situation = tried(landscape, situation, proposed[0], rng, error)
        now = landscape.log_cost(situation.configuration)
        gain = 1.0 - math.exp(now - start)
        possible = 1.0 - math.exp(landscape.best - start)
        shares.append(gain / possible if possible > 0 else 1.0)
    return Climbed(tuple(shares), harmful, situation)
