"""Does the whole loop keep changes of knobs that do nothing, in noise that remembers?"""

import math
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.knob import Floats, Integers, Knob, Scope
from homeostat.core.objective import Measure, Objective, Summary, Term
from homeostat.core.order import Mode
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes, Steering
from homeostat.core.proof import Decision
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy import Policy
from homeostat.loop.rules.acts import Begin, Conclude, Resign
from homeostat.prove.trials.steered import arm_at
from homeostat.prove.trials.trial import Design, TrialPlan

TRIALS = 500
TICK_NS = 20 * SECOND_NS
LOAD_PER_S = 8.0
MEMORY, LEVEL_MEMORY = 0.8, 0.94
"""Of neighbouring requests, and of the level from one tick to the next: it wanders for minutes."""

NAIVE_MIN, NAIVE_Z = 30, 1.96


class IdleApplication:
    """A plant whose knobs do nothing: durations are lognormal, and both requests and their level remember."""

    def __init__(self, seed: int) -> None:
        """Begin at rest, at time zero."""
        self.knobs = {
            "layout": Knob("layout", 4, Integers(1, 16), scope=Scope.REQUEST),
            "depth": Knob("depth", 1.0, Floats(0.1, 10.0, log=True), scope=Scope.REQUEST),
            "threads": Knob("threads", 8, Integers(1, 64)),
        }
        self.now_ns = 0
        self._random = np.random.default_rng(seed)
        self._level = self._noise = 0.0
        self._steering = Steering({})
        self.ended: list[Outcomes] = []

    def steer(self, steering: Steering) -> None:
        """Divide the requests from now on like this."""
        self._steering = steering

    def outcomes(self) -> tuple[Outcomes, ...]:
        """Return what ended since the last call."""
        found, self.ended = tuple(self.ended), []
        return found

    def advance(self) -> None:
        """Let a tick go by."""
        random = self._random
        self._level = LEVEL_MEMORY * self._level + math.sqrt(1.0 - LEVEL_MEMORY**2) * random.normal()
        n = int(random.poisson(LOAD_PER_S * TICK_NS / SECOND_NS))
        noise = random.normal(size=n).tolist()
        for i in range(n):
            self._noise = MEMORY * self._noise + math.sqrt(1.0 - MEMORY**2) * noise[i]
            noise[i] = self._noise
        took = 300.0 * np.exp(0.5 * np.array(noise) + 0.2 * self._level)
        ended_ns = self.now_ns + np.sort(random.integers(0, TICK_NS, n))
        arms = {s.trial: (random.random(n) < s.share).astype(np.int8) for s in self._steering.splits}
        self.ended.append(Outcomes(ended_ns, {"duration": took}, arms))
        self.now_ns += TICK_NS


@dataclass(slots=True)
class Naive:
    """What keeps as soon as a t-test of the requests so far says better at p < .05."""

    plan: TrialPlan
    kept: bool = False
    _sums: "NDArray[np.float64] | None" = None

    def observe(self, outcomes: Outcomes) -> None:
        """Take in the requests of a tick, and test."""
        took = outcomes.values["duration"]
        if self.plan.design is Design.SWITCHBACK:
            arms = np.array([arm_at(self.plan, ns) for ns in outcomes.ended_ns.tolist()], np.int8)
        else:
            arms = outcomes.arms.get(self.plan.name, np.full(took.size, -1, np.int8))
        parts = [took[arms == arm] for arm in (CONTROL, TREATMENT)]
        new = np.array([(float(p.size), float(p.sum()), float(p @ p)) for p in parts])
        self._sums = new if self._sums is None else self._sums + new
        count, total, squares = self._sums.T
        if count.min() < NAIVE_MIN:
            return
        mean = total / count
        error = math.sqrt(float((((squares - count * mean**2) / (count - 1.0)) / count).sum()))
        self.kept |= bool(mean[TREATMENT] - mean[CONTROL] < -NAIVE_Z * error)


@dataclass(slots=True)
class Count:
    """Trials by what became of them; those that the naive rule would have kept at some look."""

    begun: int = 0
    kept: int = 0
    resigned: int = 0
    in_blocks: int = 0
    naively: int = 0
    hours: float = 0.0


def governed(trials: int, measure: Measure, seed: int) -> Count:
    """Let one governor act until so many trials have ended."""
    plant = IdleApplication(seed)
    objective = Objective((Term(measure),))
    governor = Governor(plant, Policy(objective, mode=Mode.ACT), Book(), plant.now_ns)
    count, naive = Count(), dict[str, Naive]()
    while count.begun < trials or naive:
        plant.advance()
        for rule in naive.values():
            rule.observe(plant.ended[-1])
        for act in governor.tick(plant.now_ns):
            if isinstance(act, Begin) and count.begun < trials:
                found = next(p for p in governor.plans if p.name == act.trial)
                naive[act.trial] = Naive(found)
                count.begun += 1
                count.in_blocks += found.design is Design.SWITCHBACK
            elif isinstance(act, Conclude | Resign) and act.trial in naive:
                count.naively += naive.pop(act.trial).kept
                kept = isinstance(act, Conclude) and act.proof.decision is Decision.KEEP
                count.kept += kept
                count.resigned += isinstance(act, Resign)
    count.hours = plant.now_ns / HOUR_NS
    return count


def played(part: tuple[int, Summary], trials: int) -> Count:
    """Play one governor: a seed, and what of durations is to get better."""
    seed, summary = part
    return governed(trials, Measure("duration", summary), seed)


def run(data: Path | None, trials: int = TRIALS, governors: int = 25) -> list[Result]:
    """Let governors of two objectives begin 500 trials altogether."""
    parts = [(seed, (Summary.MEAN, Summary.P95)[seed % 2]) for seed in range(governors)]
    counts = []
    with ProcessPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for count in pool.map(partial(played, trials=trials // governors), parts):
            print(f"    {count}", file=sys.stderr, flush=True)
            counts.append(count)
    total = {name: sum(getattr(c, name) for c in counts) for name in Count.__slots__}
    begun = total["begun"]
    return [
        Result(
            f"false keeps in {begun} trials of the whole loop, knobs without effect, AR(1) {MEMORY:g}, "
            "a look every 20 s",
            100.0 * total["kept"] / begun,
            "%",
            5.0,
            "lower",
            note=f"a t-test at each look of the same trials keeps {100.0 * total['naively'] / begun:.1f}%; "
            f"{total['in_blocks']} trials in blocks of time, {total['resigned']} resigned, "
            f"{total['hours']:.0f} simulated hours",
        )
    ]
