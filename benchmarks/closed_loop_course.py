"""Courses: how a governor, nobody, an alert with a runbook and an oracle steer one simulated application."""

from dataclasses import dataclass, field, replace

import numpy as np

from homeostat.act.controller import Controller
from homeostat.core.knob import Configuration
from homeostat.core.objective import Summary
from homeostat.core.order import Mode
from homeostat.core.plant import Outcomes, Steering
from homeostat.core.proof import Decision
from homeostat.core.verdict import State
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.policy.policy import Policy
from homeostat.loop.rules.acts import Begin, Conclude, Put
from homeostat.stats.change_points import change_points
from homeostat.testing.simulated_application.application import SimulatedApplication
from homeostat.testing.simulated_application.oracle import Oracle
from homeostat.testing.simulated_application.scenario import Limit, Scenario

TICK_S = 10.0
END_POINTS_S = (3_300.0, 2_640.0, 1_980.0, 1_320.0, 660.0, 60.0)
"""Before the end: when the last configuration is judged, an hour that no period divides evenly."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A change that was made for good: the configurations on both sides, and the time that it rests on."""

    at_s: float
    since_s: float
    before: Configuration
    after: Configuration
    proven: bool = True


@dataclass(slots=True)
class Course:
    """What became of an application: its configurations with their times, and what was changed for good."""

    configurations: list[tuple[float, Configuration]]
    kept: list[Kept] = field(default_factory=list)
    trials: int = 0
    reverted: int = 0
    noticed_s: float | None = None
    told: list[str] = field(default_factory=list)

    @property
    def last(self) -> Configuration:
        """The configuration at the end."""
        return self.configurations[-1][1]


def end_times(scenario: Scenario) -> tuple[float, ...]:
    """Return the times at which the end is judged."""
    return tuple(max(scenario.end_s - before_s, 0.0) for before_s in END_POINTS_S)


def nobody(scenario: Scenario) -> Course:
    """Do nothing."""
    return Course([(0.0, scenario.initial)])


def oracle(scenario: Scenario) -> Course:
    """Have the best configuration for the end, from the fault on."""
    best = Oracle(scenario, end_times(scenario)[::2]).best()
    return Course([(0.0, scenario.initial), (scenario.fault_s or 0.0, best)])


def policy(scenario: Scenario) -> Policy:
    """Return the policy of a scenario; the controllers and all else are as they are shipped."""
    return Policy(
        scenario.objective,
        scenario.guardrails,
        scenario.targets,
        mode=Mode.ACT,
        bounds={"quality": (0.0, 1.0)},
    )


def governed(scenario: Scenario, seed: int, controllers: tuple[Controller, ...] | None = None) -> Course:
    """Let the governor act, looking every ten seconds; by other controllers than usual, if given."""
    plant = SimulatedApplication(scenario, seed)
    usual = policy(scenario)
    chosen = usual if controllers is None else replace(usual, controllers=controllers)
    governor = Governor(plant, chosen, Book(), plant.now_ns)
    course = Course([(0.0, scenario.initial)])
    begun: dict[str, float] = {}
    while plant.at_s < scenario.end_s:
        plant.advance(TICK_S)
        before = governor.seen.state.configuration
        acts = governor.tick(plant.now_ns)
        after = governor.seen.state.configuration
        violated = any(j.verdict.state is State.VIOLATED for j in governor.seen.situation.judged)
        if violated and course.noticed_s is None and plant.at_s >= (scenario.fault_s or 0.0):
            course.noticed_s = plant.at_s
        for act in acts:
            match act:
                case Begin():
                    course.trials += 1
                    begun[act.trial] = plant.at_s
                case Conclude():
                    if act.proof.decision is Decision.KEEP:
                        changed = act.change.applied(before)
                        course.kept.append(Kept(plant.at_s, begun[act.trial], before, changed))
                    _tell(
                        course,
                        plant.at_s,
                        f"{act.change.words}: {act.proof.decision.value}, {act.proof.reason}",
                    )
                case Put():
                    course.reverted += 1
                    _tell(course, plant.at_s, f"{act.change.words}: {act.kind}, {act.change.reason}")
                case _:
                    _tell(course, plant.at_s, repr(act)[:300])
        if after != before:
            course.configurations.append((plant.at_s, dict(after)))
    return course


def _tell(course: Course, at_s: float, words: str) -> None:
    course.told.append(f"{at_s / 3600:.2f} h  {words}")


class Alarm:
    """What watches a value a minute: a static threshold, and a test for change points every ten minutes."""

    def __init__(self, limits: tuple[Limit, ...]) -> None:
        self._limits = limits
        self._minutes: dict[str, list[float]] = {limit.measure.words: [] for limit in limits}
        self._parts: list[Outcomes] = []
        self._over = 0

    def look(self, found: Outcomes, minute: int) -> bool:
        """Take in a minute's outcomes; tell whether something is over its limit or has jumped."""
        self._parts = [*self._parts[-9:], found]
        over = jumped = False
        for limit in self._limits:
            name = limit.measure.name
            window = np.concatenate([part.values[name] for part in self._parts])
            over |= window.size > 30 and not limit.holds(_summary(limit, window))
            series = self._minutes[limit.measure.words]
            values = found.values[name]
            series.append(_summary(limit, values) if np.isfinite(values).any() else np.nan)
            if minute % 10 == 0:
                worse = [c for c in change_points(series[-120:]) if limit.measure.better == "lower"]
                jumped |= any(
                    c.kind == "level" and c.after > 1.2 * c.before and c.index > len(series[-120:]) - 12
                    for c in worse
                )
        self._over = self._over + 1 if over else 0
        return self._over >= 2 or jumped


def _summary(limit: Limit, values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    if not known.size:
        return limit.bound
    quantile = limit.measure.summary.quantile
    if limit.measure.summary is Summary.MEAN or quantile is None:
        return float(known.mean())
    return float(np.quantile(known, quantile))


def threshold(scenario: Scenario, seed: int) -> Course:
    """Have an alert carry out the runbook's next step at once, without proof, and wait 15 minutes."""
    plant = SimulatedApplication(scenario, seed)
    course = Course([(0.0, scenario.initial)])
    alarm, steps, quiet_s = Alarm(scenario.limits), list(scenario.runbook), 0.0
    minute = 0
    while plant.at_s < scenario.end_s:
        plant.advance(60.0)
        minute += 1
        (found,) = plant.outcomes()
        if not alarm.look(found, minute):
            continue
        if course.noticed_s is None and plant.at_s >= (scenario.fault_s or 0.0):
            course.noticed_s = plant.at_s
        if steps and plant.at_s >= quiet_s:
            before = dict(plant.configuration)
            after = {**before, **steps.pop(0)}
            plant.steer(Steering(after))
            course.configurations.append((plant.at_s, after))
            course.kept.append(Kept(plant.at_s, plant.at_s - 600.0, before, after, proven=False))
            quiet_s = plant.at_s + 900.0
    return course
