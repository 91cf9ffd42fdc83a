"""The closed-loop benchmark judges courses by what they did, not by what they say."""

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.closed_loop import SCENARIOS, Row, results, score
from benchmarks.closed_loop_course import Course, Kept, governed, nobody, oracle, threshold

from homeostat.core.knob import Value
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.scenario_file import read_scenario
from homeostat.testing.simulated_application.variation import settled


def scenario(name: str) -> Scenario:
    """Return a scenario of the benchmark, made definite."""
    return settled(read_scenario(Path(SCENARIOS / f"{name}.toml").read_text(encoding="utf-8"), name))


def course(of: Scenario, at_s: float, **values: Value) -> Course:
    """Return the course of one change that is kept."""
    after = {**of.initial, **values}
    kept = Kept(at_s, at_s - 600.0, of.initial, after)
    return Course([(0.0, of.initial), (at_s, after)], [kept], trials=1)


def test_a_trap_that_is_kept_breaks_a_guardrail() -> None:
    trap = scenario("faster_but_worse")
    found = score(trap, course(trap, 3_600.0, rank="shallow"))
    assert found.guardrails_broken == 1
    assert found.drifted
    assert found.gain > 0.1


def test_a_change_that_does_nothing_is_useless() -> None:
    idle = scenario("idle_knobs")
    found = score(idle, course(idle, 3_600.0, threads=16))
    assert (found.useless, found.guardrails_broken) == (1, 0)


def test_the_remedy_brings_it_back_and_recovery_is_counted_from_the_fault() -> None:
    slow = scenario("sparse_load")
    left = score(slow, nobody(slow))
    assert not left.within
    assert left.recovered_s is None
    assert slow.fault_s is not None
    found = score(slow, course(slow, slow.fault_s + 1_800.0, provider="second"))
    assert found.within
    assert found.recovered_s == pytest.approx(1_800.0, abs=600.0)


def test_the_oracle_does_better_than_nobody_and_breaks_nothing() -> None:
    slow = scenario("sparse_load")
    found = score(slow, oracle(slow))
    assert found.within
    assert found.gain > 0.3
    assert not found.drifted


def test_the_alert_takes_the_next_step_of_the_runbook_when_a_limit_is_exceeded() -> None:
    slow = replace(scenario("provider_fails"), hours=2.0)
    found = threshold(slow, 1)
    assert [kept.after["retries"] for kept in found.kept] == [1, 2]
    assert found.noticed_s is not None
    assert slow.fault_s is not None
    assert slow.fault_s < found.noticed_s < slow.fault_s + 1_200.0


def test_bars_count_scenarios_in_trouble_only_where_there_is_a_remedy() -> None:
    slow = scenario("sparse_load")
    bad, good = score(slow, nobody(slow)), score(slow, course(slow, 5_000.0, provider="second"))
    rows = [
        Row("helped", True, True, good, bad, bad, good),
        Row("not helped", True, True, bad, bad, bad, good),
        Row("cannot be helped", False, True, bad, bad, bad, bad),
        Row("quiet", True, False, good, good, good, good),
    ]
    within = results(rows)[0]
    assert within.value == 50.0
    assert "not helped" in within.note


@pytest.mark.long
def test_the_governor_leaves_a_quiet_application_alone() -> None:
    idle = replace(scenario("idle_knobs"), hours=3.0)
    found = score(idle, governed(idle, 1))
    assert found.guardrails_broken == 0
    assert found.kept <= 1
