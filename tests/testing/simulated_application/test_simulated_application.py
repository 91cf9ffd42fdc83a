"""The simulated application does what its scenario says, and the truth is what it comes to without noise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.core.plant import CONTROL, NO_ARM, TREATMENT, Outcomes, Split, Steering
from homeostat.testing.simulated_application.application import START_NS, SimulatedApplication
from homeostat.testing.simulated_application.outcome_rows import MEASURES
from homeostat.testing.simulated_application.scenario import Scenario
from homeostat.testing.simulated_application.scenario_file import read_scenario
from homeostat.testing.simulated_application.truth import truth
from homeostat.testing.simulated_application.variation import settled

TEXT = """
story = "A test."
hours = 2
objective = [{ measure = "p95(duration)" }]
limits = [{ measure = "p95(duration)", times_healthy = 1.5 }]
[parameters]
load_per_s = 10
drift_spread = 0
load_spread = 0
cache_entries = 500
cache_ttl_min = 60
[[knob]]
name = "model"
kind = "choices"
default = "large"
scope = "request"
[knob.choices]
large = { decode_ms_per_token = 6 }
small = { decode_ms_per_token = 2, loss_model = 0.1 }
[[knob]]
name = "workers"
kind = "integers"
low = 4
high = 40
default = 24
[[knob]]
name = "cache_entries"
kind = "integers"
low = 10
high = 5000
default = 500
"""


def scenario(**parameters: float) -> Scenario:
    """Return the scenario of these tests with other parameters."""
    found = settled(read_scenario(TEXT, "test"))
    return replace(found, parameters={**found.parameters, **parameters})


def after(plant: SimulatedApplication, seconds: float) -> Outcomes:
    """Let time pass; return what ended in it."""
    plant.advance(seconds)
    (found,) = plant.outcomes()
    return found


def same(one: Outcomes, other: Outcomes) -> bool:
    """Tell whether two lots of outcomes are equal."""
    return np.array_equal(one.ended_ns, other.ended_ns) and all(
        np.array_equal(one.values[name], other.values[name], equal_nan=True) for name in MEASURES
    )


def test_the_same_seed_gives_the_same_rows_and_another_one_others() -> None:
    found = [after(SimulatedApplication(scenario(), seed), 300) for seed in (1, 1, 2)]
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_requests_are_handed_out_once_in_order_and_not_before_they_ended() -> None:
    plant = SimulatedApplication(scenario(), 3)
    parts = [after(plant, 7) for _ in range(40)]
    ended = np.concatenate([part.ended_ns for part in parts])
    assert (np.diff(ended) >= 0).all()
    assert ended[0] >= START_NS
    assert ended[-1] <= plant.now_ns
    assert ended.size == pytest.approx(10 * 280, rel=0.1)


@pytest.mark.parametrize(
    ("configuration", "parameters"),
    [
        ({}, {}),
        ({"model": "small"}, {}),
        ({"workers": 18}, {"contention": 0.01}),
        ({"workers": 20}, {"error_rate": 0.1, "retries": 2}),
        ({"workers": 32}, {"stall_share": 0.03, "hedge_after_s": 4.0}),
    ],
)
def test_without_noise_a_run_comes_to_the_truth(
    configuration: dict[str, Any], parameters: dict[str, float]
) -> None:
    wanted = scenario(**parameters)
    plant = SimulatedApplication(wanted, 5)
    whole = {**wanted.initial, **configuration}
    plant.steer(Steering(whole))
    after(plant, 1200)
    found = after(plant, 6000).values
    known = truth(wanted, whole, plant.at_s, size=8_192)
    assert np.quantile(found["duration"], 0.95) == pytest.approx(known["p95 of duration"], rel=0.08)
    assert np.median(found["duration"]) == pytest.approx(known["p50 of duration"], rel=0.08)
    assert found["cost"].mean() == pytest.approx(known["mean of cost"], rel=0.05)
    assert np.nanmean(found["quality"]) == pytest.approx(known["mean of quality"], rel=0.01)
    assert found["errors"].mean() == pytest.approx(known["mean of errors"], abs=0.004)


def test_a_split_divides_requests_by_its_share_and_the_arms_differ() -> None:
    plant = SimulatedApplication(scenario(), 7)
    plant.steer(Steering(plant.scenario.initial, (Split("t1", {"model": "small"}, share=0.3),)))
    found = after(plant, 1200)
    treated = found.arms["t1"] == TREATMENT
    assert treated.mean() == pytest.approx(0.3, abs=0.02)
    assert found.values["duration"][treated].mean() < 0.7 * found.values["duration"][~treated].mean()
    assert np.nanmean(found.values["quality"][treated]) < np.nanmean(found.values["quality"][~treated]) - 0.08


def test_two_splits_are_independent_of_each_other() -> None:
    plant = SimulatedApplication(scenario(), 8)
    splits = (Split("a", {"model": "small"}), Split("b", {"model": "large"}))
    plant.steer(Steering(plant.scenario.initial, splits))
    found = after(plant, 2400)
    both = (found.arms["a"] == TREATMENT) & (found.arms["b"] == TREATMENT)
    assert both.mean() == pytest.approx(0.25, abs=0.02)


def test_a_shadow_adds_rows_beside_those_of_its_control() -> None:
    plant = SimulatedApplication(scenario(), 9)
    split = Split("s", {"model": "small"}, share=0.5, shadow=True)
    plant.steer(Steering(plant.scenario.initial, (split,)))
    arms = after(plant, 1200).arms["s"]
    counts = {arm: int((arms == arm).sum()) for arm in (CONTROL, TREATMENT, NO_ARM)}
    assert counts[CONTROL] == pytest.approx(counts[TREATMENT], rel=0.03)
    assert counts[CONTROL] + counts[NO_ARM] == pytest.approx(12_000, rel=0.05)


@pytest.mark.parametrize("sticky", [True, False])
def test_a_sticky_split_keeps_each_user_in_one_arm(sticky: bool) -> None:
    lonely = replace(scenario(user_spread=0.5), users=1)
    plant = SimulatedApplication(lonely, 1)
    shares = []
    for number in range(8):
        plant.steer(Steering(lonely.initial, (Split(f"t{number}", {"model": "small"}, sticky=sticky),)))
        plant.advance(60)
        after(plant, 0)
        shares.append(float((after(plant, 120).arms[f"t{number}"] == TREATMENT).mean()))
    assert all(share in (0.0, 1.0) for share in shares) == sticky
    assert 0.0 < sum(shares) < 8.0


@pytest.mark.parametrize(
    "steering",
    [
        Steering({"model": "large"}),
        Steering({"model": "large", "workers": 4000, "cache_entries": 500}),
        Steering({"model": "none", "workers": 8, "cache_entries": 500}),
        Steering({"model": "large", "workers": 8, "cache_entries": 500}, (Split("p", {"workers": 16}),)),
        Steering({"model": "large", "workers": 8, "cache_entries": 500}, (Split("p", {"nothing": 16}),)),
    ],
)
def test_a_steering_that_cannot_be_is_refused_and_changes_nothing(steering: Steering) -> None:
    plant = SimulatedApplication(scenario(), 1)
    with pytest.raises(HomeostatError):
        plant.steer(steering)
    assert plant.configuration == plant.scenario.initial


def test_a_cache_that_was_just_enlarged_needs_time_to_fill() -> None:
    wanted = scenario(catalogue=5_000)
    plant = SimulatedApplication(wanted, 2)
    after(plant, 1800)
    plant.steer(Steering({**wanted.initial, "cache_entries": 4000}))
    means = [float(after(plant, 60).values["cost"].mean()) for _ in range(30)]
    assert np.mean(means[-5:]) < 0.8 * np.mean(means[:2])


def test_rows_that_nobody_takes_are_bounded_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.testing.simulated_application.outcome_rows.ROWS_MAX", 1_000)
    found = after(SimulatedApplication(scenario(), 4), 600)
    assert found.dropped > 4_000
    assert found.ended_ns.size <= 1_000


def test_ratings_that_come_later_are_rows_of_their_own() -> None:
    found = after(SimulatedApplication(scenario(rating_delay_s=60.0, rated_share=0.2), 4), 1200)
    rated = ~np.isnan(found.values["quality"])
    assert rated.mean() == pytest.approx(0.2 / 1.2, abs=0.02)
    assert np.isnan(found.values["duration"][rated]).all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("load_per_s = 10", "load = 10", "'load'"),
        ("p95(duration)", "p42(duration)", "p42"),
        ('kind = "choices"', 'kind = "dial"', "dial"),
        ("default = 24", "default = 240", "workers"),
        ("loss_model", "loss_of_model", "loss_of_model"),
        ("hours = 2", "", "'hours'"),
    ],
)
def test_a_scenario_that_cannot_be_says_where_it_is_wrong(old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_scenario(TEXT.replace(old, new), "test")
