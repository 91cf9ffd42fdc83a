"""Do trials keep what is better and nothing else, after how many requests, and what does a row cost?"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.core.change import Change, Move
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.plant import Outcomes
from homeostat.core.proof import Decision
from homeostat.prove.trials.open_trial import open_trial
from homeostat.prove.trials.steered import arm_at
from homeostat.prove.trials.trial import Design, Trial, TrialPlan
from homeostat.stats.student import two_sided

Floats = NDArray[np.float64]

SECOND_NS = 1_000_000_000
TRIALS = 500
LOOKS, AT_ONCE = 40, 100
"""Looks at a trial, and requests between them: 4,000 a trial, 20 s of a load of 5 a second apart."""

SPREAD = 0.5
"""The standard deviation of the logarithm of durations: p95 is 2.3 times the median."""

MEAN = Measure("duration")
P95 = Measure("duration", Summary.P95)
QUALITY = Measure("quality", better=Better.HIGHER)
ERRORS = Measure("errors")
CHANGE = Change((Move("batch", 8, 16),), "benchmark", "to see")


def plan(measure: Measure, *guardrails: Guardrail) -> TrialPlan:
    """Return a trial by requests whose deadline is never reached."""
    return TrialPlan(
        "t", CHANGE, Objective((Term(measure),)), guardrails, 0, 1 << 62, bounds={"quality": (0, 1)}
    )


def noise(random: np.random.Generator, n: int, memory: float) -> Floats:
    """Return normal noise of variance 1 whose neighbours correlate by `memory`."""
    shocks = random.normal(size=n)
    if memory == 0.0:
        return shocks
    shocks[1:] *= math.sqrt(1.0 - memory * memory)
    out = shocks.tolist()
    for i in range(1, n):
        out[i] += memory * out[i - 1]
    return np.array(out)


def durations(random: np.random.Generator, n: int, memory: float) -> Floats:
    """Return lognormal durations in ms, whose logarithms remember."""
    return 200.0 * np.exp(SPREAD * noise(random, n, memory))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a trial ended: what was decided (None: nothing) after how many requests."""

    decision: Decision | None
    requests: int


def decided(trial: Trial, looks: Iterator[Outcomes]) -> Ended:
    """Run a trial, looking after every batch of outcomes, until it is decided."""
    seen = 0
    for outcomes in looks:
        trial.observe(outcomes)
        seen += outcomes.ended_ns.size
        proof = trial.proof(int(outcomes.ended_ns[-1]))
        if proof is not None:
            return Ended(proof.decision, seen)
    return Ended(None, seen)


def looks(
    random: np.random.Generator,
    memory: float,
    effect: float,
    count: int,
    loss: float = 0.0,
    errors: tuple[float, float] = (0.0, 0.0),
) -> Iterator[Outcomes]:
    """Return what a trial by requests sees, a look after the other; the treatment's durations are changed."""
    n = count * AT_ONCE
    arms = (random.random(n) < 0.5).astype(np.int8)
    took = durations(random, n, memory) * np.where(arms, 1.0 + effect, 1.0)
    quality = random.beta(8.0, 2.0, size=n) * np.where(arms, 1.0 - loss, 1.0)
    failed = (random.random(n) < np.where(arms, errors[1], errors[0])).astype(np.float64)
    ended = (np.arange(n, dtype=np.int64) + 1) * (SECOND_NS // 5)
    for i in range(0, n, AT_ONCE):
        part = slice(i, i + AT_ONCE)
        values = {"duration": took[part], "quality": quality[part], "errors": failed[part]}
        yield Outcomes(ended[part], values, {"t": arms[part]})


def naive(measure: Measure, looked: Iterator[Outcomes]) -> Ended:
    """Decide by a t-test at each look, from 30 requests an arm on: what is better at p < .05 is kept."""
    control, treatment = np.zeros(0), np.zeros(0)
    for outcomes in looked:
        arm, took = outcomes.arms["t"], outcomes.values["duration"]
        control, treatment = np.append(control, took[arm == 0]), np.append(treatment, took[arm == 1])
        if min(control.size, treatment.size) < 30:
            continue
        one, other = control, treatment
        if measure.summary.quantile is not None:
            limit = np.quantile(np.append(control, treatment), measure.summary.quantile)
            one, other = (control > limit).astype(float), (treatment > limit).astype(float)
        error = math.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size)
        apart = float(other.mean() - one.mean())
        if error > 0.0 and two_sided(abs(apart) / error, one.size + other.size - 2.0) < 0.05:
            return Ended(Decision.KEEP if apart < 0 else Decision.ROLL_BACK, control.size + treatment.size)
    return Ended(None, control.size + treatment.size)


def share(ends: list[Ended], what: Decision = Decision.KEEP) -> float:
    """Return the percentage of trials that ended so."""
    return 100.0 * sum(end.decision is what for end in ends) / len(ends)


def no_effect(trials: int = TRIALS) -> Iterator[Result]:
    """False keeps of trials by requests, where both arms are alike."""
    for measure in (MEAN, P95):
        for memory in (0.0, 0.5, 0.8):
            ours, theirs = [], []
            for seed in range(trials):
                one, other = (looks(np.random.default_rng(seed), memory, 0.0, LOOKS) for _ in (0, 1))
                ours.append(decided(open_trial(plan(measure)), one))
                theirs.append(naive(measure, other))
            yield Result(
                f"false keeps in {trials} A/A trials by requests, {measure.words}, AR(1) {memory:g}, "
                f"a look every {AT_ONCE} of {LOOKS * AT_ONCE:,}",
                share(ours),
                "%",
                5.0,
                "lower",
                note=f"t-test at each look: {share(theirs):.1f}% kept, "
                f"{share(theirs) + share(theirs, Decision.ROLL_BACK):.1f}% called different; "
                f"ours rolled back early: {share(ours, Decision.ROLL_BACK):.1f}%",
            )


def guarded(trials: int = TRIALS) -> Iterator[Result]:
    """Keeps of a change that is 30% faster and breaks a guardrail, or lies just at its margin."""
    quality = Guardrail(QUALITY, 0.02)
    errors = Guardrail(ERRORS, 0.01, relative=False)
    for guardrail, loss, rates, words, bar in (
        (quality, 0.02, (0.0, 0.0), "quality exactly at its margin of 2%", 5.0),
        (quality, 0.04, (0.0, 0.0), "quality at twice its margin", 0.0),
        (errors, 0.0, (0.005, 0.015), "errors exactly at their margin, .5% and 1.5%", 5.0),
        (errors, 0.0, (0.005, 0.025), "errors at twice their margin, .5% and 2.5%", 0.0),
    ):
        ends = [
            decided(
                open_trial(plan(MEAN, guardrail)),
                looks(np.random.default_rng(seed), 0.0, -0.3, 100, loss, rates),
            )
            for seed in range(trials)
        ]
        yield Result(
            f"keeps of {trials} changes 30% faster with {words}, 10,000 requests",
            share(ends),
            "%",
            bar,
            "lower",
            note=f"rolled back before the end: {share(ends, Decision.ROLL_BACK):.1f}%",
        )
    for guardrail, words in ((quality, "quality within 2%"), (errors, "errors (.5%) within 1 point")):
        ends = [
            decided(
                open_trial(plan(MEAN, guardrail)),
                looks(np.random.default_rng(seed), 0.0, -0.3, 300, 0.0, (0.005, 0.005)),
            )
            for seed in range(trials // 5)
        ]
        took = [e.requests if e.decision is Decision.KEEP else math.inf for e in ends]
        yield Result(
            f"requests until -30% is kept with a guardrail of {words}",
            float(np.median(took)),
            "requests",
            None,
            "lower",
            note=f"kept: {share(ends):.0f}%",
        )


def requests_needed(trials: int = 60) -> Iterator[Result]:
    """Requests until a true effect is kept."""
    for measure in (MEAN, P95):
        for memory in (0.0, 0.5):
            for effect in (-0.1, -0.2, -0.3):
                ends = [
                    decided(
                        open_trial(plan(measure)), looks(np.random.default_rng(seed), memory, effect, 300)
                    )
                    for seed in range(trials)
                ]
                took = np.array([e.requests if e.decision is Decision.KEEP else math.inf for e in ends])
                low, middle, high = (float(np.quantile(took, q, method="lower")) for q in (0.1, 0.5, 0.9))
                variance = math.expm1(SPREAD**2)
                fixed = 4.0 * (1.96 + 0.84) ** 2 * variance / effect**2
                yield Result(
                    f"requests until {effect:.0%} of {measure.words} is kept, AR(1) {memory:g}",
                    middle,
                    "requests",
                    None,
                    "lower",
                    low=low,
                    high=high,
                    note=f"kept: {share(ends):.0f}%"
                    + (
                        f"; one t-test at a size fixed before, 80% power: {fixed:,.0f}"
                        if measure is MEAN
                        else ""
                    ),
                )
    ends = [
        decided(open_trial(plan(MEAN)), looks(np.random.default_rng(seed), 0.0, 0.3, 100))
        for seed in range(trials)
    ]
    took = np.array([e.requests for e in ends])
    yield Result(
        "requests until a change 30% slower is rolled back", float(np.median(took)), "requests", None, "lower"
    )


def switchback_looks(
    random: np.random.Generator, setup: TrialPlan, memory: float, effect: float, pairs: int
) -> Iterator[Outcomes]:
    """Return what a switchback sees: requests of one second at a time, whose level wanders by AR(1)."""
    seconds = round(2 * pairs * setup.block_s)
    level = np.exp(0.2 * noise(random, seconds, memory))
    for second in range(seconds):
        ended = second * SECOND_NS
        treated = arm_at(setup, ended)
        took = durations(random, 5, 0.0) * level[second] * (1.0 + effect * treated)
        yield Outcomes(np.full(5, ended), {"duration": took}, {})


def switchbacks(trials: int = 200) -> Iterator[Result]:
    """False keeps of trials by blocks of 20 s, 60 pairs, and the pairs that an effect takes."""
    base = replace(plan(MEAN), design=Design.SWITCHBACK, block_s=20.0, settle_s=2.0)
    for memory in (0.5, 0.98):
        kept = different = 0
        ends = []
        for seed in range(trials):
            setup = replace(base, name=f"t{seed}")
            random = np.random.default_rng(seed)
            trial = open_trial(setup)
            rows = list(switchback_looks(random, setup, memory, 0.0, 60))
            ends.append(decided(trial, iter(rows)))
            end = naive(
                MEAN,
                (
                    replace(
                        o, arms={"t": np.full(o.ended_ns.size, arm_at(setup, int(o.ended_ns[0])), np.int8)}
                    )
                    for o in rows
                ),
            )
            kept += end.decision is Decision.KEEP
            different += end.decision is not None
        yield Result(
            f"false keeps in {trials} A/A switchbacks of 60 pairs, level AR(1) {memory:g} a second",
            share(ends),
            "%",
            5.0,
            "lower",
            note=f"t-test of requests at each look: {100 * kept / trials:.1f}% kept, "
            f"{100 * different / trials:.1f}% called different",
        )
    for effect in (-0.1, -0.2, -0.3):
        took = []
        for seed in range(30):
            setup = replace(base, name=f"t{seed}")
            end = decided(
                open_trial(setup), switchback_looks(np.random.default_rng(seed), setup, 0.98, effect, 150)
            )
            took.append(end.requests / 5 / 60 if end.decision is Decision.KEEP else math.inf)
        yield Result(
            f"minutes until {effect:.0%} is kept by a switchback, 20 s blocks, 5 requests/s, level AR(1) .98",
            float(np.median(took)),
            "min",
            None,
            "lower",
        )


def costs() -> Iterator[Result]:
    """The time that a row takes, all measures together, and a look."""
    measures = (Guardrail(QUALITY, 0.02), Guardrail(Measure("errors"), 0.01, relative=False))
    setup = replace(plan(P95, *measures), objective=Objective((Term(P95), Term(Measure("cost"), 0.5))))
    random = np.random.default_rng(1)
    for n in (200, 1_000):
        arms = (random.random(n) < 0.5).astype(np.int8)
        values = {
            "duration": durations(random, n, 0.0),
            "cost": random.lognormal(size=n),
            "quality": random.beta(8, 2, size=n),
            "errors": (random.random(n) < 0.01).astype(np.float64),
        }
        outcomes = Outcomes(np.arange(n, dtype=np.int64), values, {"t": arms})
        trial = open_trial(setup)
        rows, looked = [], []
        for _ in range(200):
            begin = time.thread_time_ns()
            trial.observe(outcomes)
            middle = time.thread_time_ns()
            trial.progress(1)
            rows.append((middle - begin) / n / 1000)
            looked.append((time.thread_time_ns() - middle) / 1000)
        yield Result(
            f"a row of 4 measures, {n:,} rows between looks",
            float(np.median(rows)),
            "us",
            2.0 if n == 1_000 else None,
            "lower",
            low=float(np.quantile(rows, 0.1)),
            high=float(np.quantile(rows, 0.9)),
            note=f"a look with all intervals and words takes {np.median(looked):.0f} us",
        )


PARTS: tuple[Callable[[], Iterator[Result]], ...] = (no_effect, guarded, requests_needed, switchbacks, costs)


def run(data: Path | None) -> list[Result]:
    """Simulate trials with and without effects."""
    return [result for part in PARTS for result in part()]
