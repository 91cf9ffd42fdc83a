"""How do the other controllers do in the closed loop, beside the climb that is there by default?"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from benchmarks.closed_loop import GAIN_MIN, SCENARIOS, Score, score
from benchmarks.closed_loop_course import governed, nobody, oracle
from benchmarks.result import Result
from homeostat.act.controller import Controller
from homeostat.act.controllers.bandit import Bandit
from homeostat.act.controllers.climb import Climb
from homeostat.act.controllers.ladder import Ladder, Rung
from homeostat.act.controllers.searching import Kind, Searching
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.scenario_file import read_scenario
from homeostat.testing.simulated_application.variation import settled

PLAYED = (
    "bad_release",
    "batch_too_small",
    "burst_x5",
    "cache_too_small",
    "conflicting_knobs",
    "faster_but_worse",
    "idle_knobs",
    "model_slows_down",
    "provider_fails",
    "slow_with_trap",
    "token_bloat",
    "two_faults",
)
"""Faults of each kind, a trap, and one in which nothing is wrong: all 34 take an hour."""

SEED = 1


def ladder(scenario: Scenario) -> Ladder:
    """Return the steps of the scenario's runbook as a ladder."""
    return Ladder(
        "runbook", tuple(Rung(name, to=to) for step in scenario.runbook for name, to in step.items())
    )


CONTROLLERS: dict[str, Callable[[Scenario], tuple[Controller, ...]]] = {
    "climb": lambda _: (Climb(),),
    "runbook as a ladder, then climb": lambda s: (ladder(s), Climb()) if s.runbook else (Climb(),),
    "bandit over runbook and climb": lambda s: (Bandit((ladder(s), Climb()) if s.runbook else (Climb(),)),),
    "safe tuner": lambda _: (Searching(Kind.SAFE),),
    "evolution": lambda _: (Searching(Kind.EVOLUTION),),
}


@dataclass(frozen=True, slots=True)
class Play:
    """What one choice of controllers made of one scenario."""

    scenario: str
    controllers: str
    trouble: bool
    score: Score
    possible: float

    @property
    def share(self) -> float | None:
        """The share of the oracle's gain, None where there is nothing to gain."""
        return min(1.0, self.score.gain / self.possible) if self.possible >= GAIN_MIN else None


def play(one: tuple[str, str]) -> Play:
    """Play one scenario with one choice of controllers."""
    name, controllers = one
    scenario = settled(read_scenario((SCENARIOS / f"{name}.toml").read_text(), name), SEED)
    course = governed(scenario, SEED, CONTROLLERS[controllers](scenario))
    return Play(
        name,
        controllers,
        not score(scenario, nobody(scenario)).within,
        score(scenario, course),
        score(scenario, oracle(scenario)).gain,
    )


def plays() -> Iterator[Play]:
    """Play all, on as many cores as there are."""
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        yield from pool.map(play, product(PLAYED, CONTROLLERS))


def run(data: Path | None) -> list[Result]:
    """Play all, tell of each, and return a row for each choice of controllers."""
    found = []
    for one in plays():
        share = "  -" if one.share is None else f"{100 * one.share:3.0f}%"
        within = "within" if one.score.within else "BEYOND"
        broke = one.score.guardrails_broken
        print(
            f"    {one.scenario:20} {one.controllers:32} {within} share {share} kept {one.score.kept} of "
            f"{one.score.trials}, broke {broke}",
            file=sys.stderr,
            flush=True,
        )
        found.append(one)
    return [_result(name, [one for one in found if one.controllers == name]) for name in CONTROLLERS]


def _result(name: str, found: list[Play]) -> Result:
    faulty = [one for one in found if one.trouble]
    shares = [one.share for one in found if one.share is not None]
    times = [one.score.recovered_s / 60 for one in faulty if one.score.recovered_s is not None]
    recovered = f"{statistics.median(times):.0f} min to recover, " if times else ""
    broken, kept = sum(o.score.guardrails_broken for o in found), sum(o.score.kept for o in found)
    return Result(
        f"{name}: share of the oracle's gain, median",
        100 * statistics.median(shares),
        "%",
        None,
        "higher",
        low=100 * min(shares),
        high=100 * max(shares),
        note=f"{sum(o.score.within for o in faulty)} of {len(faulty)} faults brought back, {recovered}"
        f"{broken} of {kept} kept changes break a guardrail, {sum(o.score.trials for o in found)} trials",
    )
