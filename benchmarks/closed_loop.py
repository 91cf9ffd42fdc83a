"""Does the loop bring applications back within their limits, without breaking or believing what is not so?"""

import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.closed_loop_course import Course, end_times, governed, nobody, oracle, threshold
from benchmarks.result import Result
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.scenario_file import read_scenarios
from homeostat.testing.simulated_application.truth import broken, effect, excess, truth_over
from homeostat.testing.simulated_application.variation import settled

SCENARIOS = Path(__file__).parent / "scenarios"
SEED = 1
GAIN_MIN = 0.05
"""Below this gain of the oracle no share of it is told: there is nothing to reach."""

WITHIN = 0.02
"""A limit counts as kept where the truth exceeds it by less than this share: what a p95 over ten minutes of
some thousand requests cannot tell apart."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one policy did in one scenario, by the truth.

    `gain` is that against doing nothing. `guardrails_broken` counts changes for good that break one,
    `useless` those that do not improve the objective. `recovered_s` counts from the fault.
    """

    within: bool
    gain: float
    kept: int
    guardrails_broken: int
    useless: int
    drifted: bool
    trials: int
    noticed_s: float | None
    recovered_s: float | None
    last: dict[str, object]
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario with the scores of all policies; `trouble` where doing nothing ends beyond a limit."""

    name: str
    remedy: bool
    trouble: bool
    governor: Score
    nobody: Score
    threshold: Score
    oracle: Score

    @property
    def share(self) -> float | None:
        """The share of the oracle's gain that the governor reached, at most 1."""
        return min(1.0, self.governor.gain / self.oracle.gain) if self.oracle.gain >= GAIN_MIN else None


def score(scenario: Scenario, course: Course) -> Score:
    """Judge a course by the truth."""
    times = end_times(scenario)
    start = truth_over(scenario, scenario.initial, times)
    last = truth_over(scenario, course.last, times)
    guardrails_broken = useless = 0
    for kept in course.kept:
        window = tuple(kept.since_s + share * (kept.at_s - kept.since_s) for share in (0.1, 0.5, 0.9))
        before = truth_over(scenario, kept.before, window)
        after = truth_over(scenario, kept.after, window)
        guardrails_broken += bool(broken(scenario.guardrails, before, after))
        useless += effect(scenario.objective, before, after) > -1e-4
    return Score(
        within=excess(scenario.limits, last) <= WITHIN,
        gain=-effect(scenario.objective, start, last),
        kept=len(course.kept),
        guardrails_broken=guardrails_broken,
        useless=useless,
        drifted=bool(broken(scenario.guardrails, start, last)),
        trials=course.trials,
        noticed_s=_since_fault(scenario, course.noticed_s),
        recovered_s=_since_fault(scenario, _recovered_s(scenario, course)),
        last=dict(course.last),
        told=tuple(course.told),
    )


def _since_fault(scenario: Scenario, at_s: float | None) -> float | None:
    return None if at_s is None or scenario.fault_s is None else at_s - scenario.fault_s


def _recovered_s(scenario: Scenario, course: Course) -> float | None:
    """Return from when on the configuration in force kept all limits, looked at every ten minutes."""
    if scenario.fault_s is None:
        return None
    since: float | None = None
    at_s = scenario.fault_s
    while at_s < scenario.end_s:
        configuration = next(c for begun_s, c in reversed(course.configurations) if begun_s <= at_s)
        if excess(scenario.limits, truth_over(scenario, configuration, (at_s,), 512)) > WITHIN:
            since = None
        elif since is None:
            since = at_s
        at_s += 600.0
    return since


def play(scenario: Scenario, seed: int = SEED) -> Row:
    """Play one scenario with all policies."""
    definite = settled(scenario, seed)
    nothing = score(definite, nobody(definite))
    return Row(
        scenario.name,
        scenario.remedy,
        not nothing.within,
        score(definite, governed(definite, seed)),
        nothing,
        score(definite, threshold(definite, seed)),
        score(definite, oracle(definite)),
    )


def rows(scenarios: Sequence[Scenario], seed: int = SEED) -> Iterator[Row]:
    """Play all scenarios, on as many cores as there are; yield each when it and those before it are done."""
    with ProcessPoolExecutor(max_workers=min(len(scenarios), os.cpu_count() or 1)) as pool:
        yield from pool.map(play, scenarios, [seed] * len(scenarios))


def results(found: Sequence[Row]) -> list[Result]:
    """Return the bars."""
    faulty = [row for row in found if row.trouble and row.remedy and row.oracle.within]
    hopeless = [row.name for row in found if row.trouble and row.remedy and not row.oracle.within]
    quiet = [row for row in found if not row.trouble]
    shares = [row.share for row in found if row.share is not None]
    changed = sum(row.governor.kept for row in found)
    return [
        _within(faulty, hopeless),
        Result(
            "share of the oracle's gain reached, median",
            100 * statistics.median(shares),
            "%",
            80.0,
            "higher",
            low=100 * min(shares),
            high=100 * max(shares),
            note=f"{len(shares)} scenarios in which something is to gain; "
            f"the alert with a runbook {100 * _median_share(found):.0f}%",
        ),
        Result(
            "changes kept that break a guardrail",
            _total(found, "governor", "guardrails_broken"),
            "",
            0.0,
            "lower",
            note=f"of {changed} kept in {len(found)} scenarios; the alert with a runbook "
            f"{_total(found, 'threshold', 'guardrails_broken')} of {_total(found, 'threshold', 'kept')}; all "
            f"changes together break one in {_total(found, 'governor', 'drifted')} scenarios",
        ),
        Result(
            "changes kept that improve nothing",
            _total(found, "governor", "useless"),
            "",
            None,
            "lower",
            note=f"of {changed} kept after {_total(found, 'governor', 'trials')} trials; where nothing is "
            f"wrong {_total(quiet, 'governor', 'useless')} in {_total(quiet, 'governor', 'trials')} trials; "
            f"the alert with a runbook {_total(found, 'threshold', 'useless')}",
        ),
        *_times(faulty),
    ]


def _total(found: Sequence[Row], policy: str, count: str) -> int:
    return sum(int(getattr(getattr(row, policy), count)) for row in found)


def _median_share(found: Sequence[Row]) -> float:
    return statistics.median(
        min(1.0, row.threshold.gain / row.oracle.gain) for row in found if row.oracle.gain >= GAIN_MIN
    )


def _within(faulty: Sequence[Row], hopeless: Sequence[str]) -> Result:
    """Return the bar; where not even the oracle ends within the limits, nothing can be brought back."""
    count = len(faulty)
    missed = [row.name for row in faulty if not row.governor.within]
    return Result(
        "fault scenarios brought back within limits",
        100 * (count - len(missed)) / count,
        "%",
        90.0,
        "higher",
        note=f"{count - len(missed)} of {count}; the alert with a runbook "
        f"{_total(faulty, 'threshold', 'within')}"
        + (f"; missed: {', '.join(missed)}" if missed else "")
        + (f"; not counted, beyond the oracle too: {', '.join(hopeless)}" if hopeless else ""),
    )


def _times(faulty: Sequence[Row]) -> list[Result]:
    """Return how long it took to notice and to recover, in minutes."""
    found = []
    for what, attribute in (("notice", "noticed_s"), ("recover", "recovered_s")):
        ours = [s / 60 for row in faulty if (s := getattr(row.governor, attribute)) is not None]
        theirs = [s / 60 for row in faulty if (s := getattr(row.threshold, attribute)) is not None]
        if ours:
            found.append(
                Result(
                    f"minutes from the fault to {what}, median",
                    statistics.median(ours),
                    "min",
                    None,
                    "lower",
                    low=min(ours),
                    high=max(ours),
                    note=f"{len(ours)} of {len(faulty)}; the alert with a runbook "
                    + (f"{statistics.median(theirs):.3g} min in {len(theirs)}" if theirs else "never"),
                )
            )
    return found


def line(row: Row) -> str:
    """Return what became of a scenario, on one line."""
    one, other = row.governor, row.threshold
    share = "   -" if row.share is None else f"{100 * row.share:3.0f}%"
    return (
        f"    {row.name:20} {'trouble' if row.trouble else '       '} "
        f"{'within' if one.within else 'BEYOND'} share {share} kept {one.kept} of {one.trials} "
        f"broke {one.guardrails_broken} useless {one.useless} | alert: "
        f"{'within' if other.within else 'BEYOND'} broke {other.guardrails_broken}"
    )


def run(data: Path | None) -> list[Result]:
    """Play all scenarios, tell of each, and return the bars."""
    found = []
    for row in rows(read_scenarios(SCENARIOS)):
        print(line(row), file=sys.stderr, flush=True)
        found.append(row)
    return results(found)
