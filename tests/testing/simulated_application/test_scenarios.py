"""The scenarios of the closed-loop benchmark are what they say they are."""

import re
from pathlib import Path

import pytest

from homeostat.testing.simulated_application.oracle import Oracle
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.scenario_file import read_scenario, read_scenarios
from homeostat.testing.simulated_application.truth import broken, effect, excess, truth, truth_over
from homeostat.testing.simulated_application.variation import settled

ROOT = Path(__file__).parents[3]
SCENARIOS = read_scenarios(ROOT / "benchmarks" / "scenarios")
QUIET = {
    "badly_tuned", "daily_nothing_wrong", "faster_but_worse", "idle_knobs", "many_idle_knobs",
    "noise_nothing_wrong", "over_provisioned", "passing_burst", "users_differ",
}  # fmt: skip


def named(scenario: Scenario) -> str:
    """Return what a test of a scenario is called."""
    return scenario.name


def end(scenario: Scenario) -> tuple[float, ...]:
    """Return some moments of the last hour."""
    return tuple(scenario.end_s - 60.0 * minutes for minutes in (55, 35, 15))


def test_there_are_enough_scenarios_and_several_in_which_nothing_is_wrong() -> None:
    assert len(SCENARIOS) >= 24
    assert {scenario.name for scenario in SCENARIOS} >= QUIET
    assert all(2 <= scenario.hours <= 12 for scenario in SCENARIOS)
    assert all(1 <= len(scenario.levers) <= 5 for scenario in SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
@pytest.mark.parametrize("seed", [0, 5])
def test_the_limits_hold_before_the_fault_and_not_after_it_where_something_is_wrong(
    scenario: Scenario, seed: int
) -> None:
    definite = settled(scenario, seed)
    assert excess(definite.limits, truth(definite, definite.initial, 0.0)) == 0.0
    at_end = truth_over(definite, definite.initial, end(definite))
    assert (excess(definite.limits, at_end) == 0.0) == (scenario.name in QUIET)


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_a_scenario_has_a_remedy_if_and_only_if_it_says_so(scenario: Scenario) -> None:
    definite = settled(scenario)
    best = Oracle(definite, end(definite)).best()
    before = truth_over(definite, definite.initial, end(definite))
    found = truth_over(definite, best, end(definite))
    assert (excess(definite.limits, found) <= 0.01) == scenario.remedy
    assert not broken(definite.guardrails, before, found)
    assert effect(definite.objective, before, found) <= 0.005


def test_a_seed_varies_a_scenario_and_the_same_seed_varies_it_alike() -> None:
    (scenario,) = (s for s in SCENARIOS if s.name == "burst_x5")
    one, other = settled(scenario, 1), settled(scenario, 2)
    assert settled(scenario, 1) == one
    assert one.parameters != other.parameters
    assert one.faults[0].begin_s != other.faults[0].begin_s
    assert abs(one.faults[0].begin_s / scenario.faults[0].begin_s - 1) <= 0.11


def test_the_scenario_of_the_reference_can_be_read() -> None:
    page = (ROOT / "docs" / "reference" / "scenarios.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    definite = settled(read_scenario(text, "reference"))
    assert excess(definite.limits, truth(definite, definite.initial, definite.end_s)) > 0.0
    better = {**definite.initial, "provider": "second"}
    assert excess(definite.limits, truth(definite, better, definite.end_s)) == 0.0
