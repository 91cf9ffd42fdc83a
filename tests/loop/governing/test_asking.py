"""When controllers are asked, and what of their changes may be tried."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from homeostat.act.controller import MUST, WAY, Situation
from homeostat.act.controllers.cap import Adaptation, Cap
from homeostat.core.change import Change, Move
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.knob import Integers, Knob, Scope
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.order import Mode
from homeostat.core.plant import Outcomes
from homeostat.core.verdict import State
from homeostat.loop.governing.asking import Asked, Asking
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.loop.policy.schedule import NEVER, Schedule
from homeostat.loop.rules.state import LoopState
from homeostat.loop.sight.foresight import Foresight
from homeostat.loop.sight.recent import Recent
from homeostat.testing.situations import START_NS, after_trial, judged, later, situation

DEPTH = Knob("depth", 3, Integers(1, 9), scope=Scope.REQUEST)
WORKERS = Knob("workers", 8, Integers(1, 64))
DEEPER = Change((Move("depth", 3, 7),), "counting", "to try")
OBJECTIVE = Objective((Term(Measure("duration")),))


@dataclass
class Counting:
    """A controller that always proposes the same, and counts how often it was asked."""

    name: str = "counting"
    change: Change = DEEPER
    asked: int = 0

    def propose(self, situation: Situation) -> tuple[Change, ...]:
        self.asked += 1
        return (self.change,)


def anything(_: Change) -> None:
    """Allow it."""


@dataclass
class Bench:
    """An asking whose controllers, plant and requests are at hand."""

    controller: Counting = field(default_factory=Counting)
    check: Callable[[Change], None] = anything
    more: dict[str, object] = field(default_factory=dict)
    requests: Recent = field(default_factory=Recent)
    state: LoopState = field(default_factory=lambda: LoopState({"depth": 3, "workers": 8}, {}, mode=Mode.ACT))

    def __post_init__(self) -> None:
        self.at = situation([DEPTH, WORKERS], load_per_s=1.0)
        controllers = (*self.more.pop("also", ()), self.controller)  # type: ignore[misc]
        policy = Policy(OBJECTIVE, controllers=controllers, **self.more)  # type: ignore[arg-type]
        self.asking = Asking(policy, self.check, Foresight(self.requests), START_NS)

    def ask(self, seconds: float = 0.0, at_once: bool = False) -> Asked:
        at = later(self.at, seconds)
        return self.asking.ask(at, self.state, dict(at.knobs), (), at_once)


def test_controllers_are_asked_each_five_seconds() -> None:
    bench = Bench()
    asked = [bench.ask(half / 2) for half in range(40)]
    assert bench.controller.asked == 4
    assert asked[0].proposals == (DEEPER,)
    assert asked[1] == Asked()


def test_they_are_asked_at_once_where_something_has_changed() -> None:
    bench = Bench()
    bench.ask()
    bench.ask(0.5, at_once=True)
    bench.state = replace(bench.state, configuration={"depth": 4, "workers": 8})
    bench.ask(1.0)
    bench.state = replace(bench.state, mode=Mode.ADVISE)
    bench.ask(1.5)
    assert bench.controller.asked == 4


def test_nobody_is_asked_while_it_only_observes_or_rests() -> None:
    bench = Bench()
    bench.state = replace(bench.state, mode=Mode.OBSERVE)
    bench.ask()
    bench.state = replace(bench.state, mode=Mode.ACT, rest_until_ns=START_NS + 30 * SECOND_NS)
    bench.ask(10)
    assert bench.controller.asked == 0
    bench.ask(30.5)
    assert bench.controller.asked == 1, "at once when the rest is over"


def test_what_the_plant_would_refuse_is_held_back_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    def never(_: Change) -> None:
        raise InputError("the GPU's memory")

    bench = Bench(check=never)
    with caplog.at_level(logging.INFO, "homeostat"):
        assert bench.ask().proposals == ()
        assert bench.ask(10).proposals == ()
    assert bench.asking.held_back == {"depth 3 → 7": "the GPU's memory"}
    assert ["the GPU's memory" in record.message for record in caplog.records] == [True]


def slow_requests(n: int = 500) -> Recent:
    recent = Recent()
    duration = np.random.default_rng(1).lognormal(5.0, 0.5, n)
    recent.observe(Outcomes(np.arange(n), {"duration": duration}, {}))
    return recent


def test_a_trial_without_a_chance_to_be_decided_is_not_begun() -> None:
    rules = TrialRules(deadline_ns=60 * SECOND_NS)
    bench = Bench(requests=slow_requests(), more={"trials": rules})
    assert bench.ask().proposals == ()
    (why,) = bench.asking.held_back.values()
    assert "which is after the deadline in" in why
    patient = Bench(requests=slow_requests(), more={"trials": TrialRules(deadline_ns=600 * SECOND_NS)})
    assert patient.ask().proposals == (DEEPER,)
    unknown = Bench(more={"trials": rules})
    assert unknown.ask().proposals == (DEEPER,), "who knows nothing holds nothing back"


def test_in_trouble_larger_effects_are_hoped_for() -> None:
    rules = TrialRules(deadline_ns=120 * SECOND_NS)
    bench = Bench(requests=slow_requests(), more={"trials": rules})
    assert bench.ask().proposals == ()
    bench.at = replace(bench.at, judged=(judged("p95 < 1 s", State.VIOLATED),))
    assert bench.ask(10).proposals == (DEEPER,)


@pytest.mark.parametrize(("hours", "begun"), [(1, True), (7, False), (25, True)])
def test_trials_for_gain_begin_in_the_first_quarter_of_a_round(hours: int, begun: bool) -> None:
    bench = Bench(more={"schedule": Schedule(optimisation_ns=DAY_NS)})
    assert bool(bench.ask(hours * 3_600.0).proposals) == begun


def test_help_does_not_wait_for_the_round() -> None:
    bench = Bench(more={"schedule": Schedule(optimisation_ns=DAY_NS)})
    bench.at = replace(bench.at, judged=(judged("p95 < 1 s", State.VIOLATED),))
    assert bench.ask(7 * 3_600.0).proposals == (DEEPER,)


def test_what_was_kept_is_validated_even_where_nothing_is_optimised() -> None:
    kept = after_trial(situation([DEPTH, WORKERS], load_per_s=1.0), DEEPER, kept=True)
    for validation_ns, by in ((7 * DAY_NS, ["validation"]), (NEVER, [])):
        bench = Bench(more={"schedule": Schedule(HOUR_NS, NEVER, validation_ns)})
        bench.at = later(kept, 8 * 86_400.0)
        bench.state = replace(bench.state, configuration=bench.at.configuration)
        assert [change.by for change in bench.ask().proposals] == by


def test_limits_from_outside_are_obeyed_while_trials_run_and_rests_last() -> None:
    caps = Adaptation((Cap("memory_mb", 1_000.0, {"workers": 200.0}),))
    bench = Bench(more={"also": (caps,)})
    bench.state = replace(bench.state, rest_until_ns=START_NS + DAY_NS)
    bench.at = replace(bench.at, knobs={"depth": DEPTH})
    asked = bench.asking.ask(bench.at, bench.state, {"depth": DEPTH, "workers": WORKERS}, (), False)
    assert asked.proposals == ()
    assert [(c.moves, c.labels[WAY]) for c in asked.musts] == [((Move("workers", 8, 5),), MUST)]


def test_a_clock_that_was_set_back_hinders_nobody() -> None:
    bench = Bench()
    bench.ask(3_600)
    assert bench.ask(0).proposals == (DEEPER,)
