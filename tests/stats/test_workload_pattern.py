"""Patterns of workloads: those that are there are found, chance has none."""

import numpy as np
import pytest

from homeostat.stats.not_known import NotKnown
from homeostat.stats.workload_pattern import (
    ArrivalPattern,
    WorkloadPattern,
    arrival_pattern,
    counts_of,
    workload_pattern,
)


def known(found: WorkloadPattern | NotKnown) -> WorkloadPattern:
    assert isinstance(found, WorkloadPattern), found
    return found


def arrivals(found: ArrivalPattern | NotKnown) -> ArrivalPattern:
    assert isinstance(found, ArrivalPattern), found
    return found


def test_a_day_with_its_peak_and_a_burst_are_found() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(1_008)
    counts = rng.poisson(20.0 * (1.0 + 0.8 * np.sin(2 * np.pi * t / 24)))
    counts[500:504] += 80
    found = known(workload_pattern(counts, 3_600.0))
    (day,) = found.repetitions
    assert day.length_s == 86_400.0
    assert abs(day.peak_s - 6 * 3_600.0) <= 2 * 3_600.0
    assert day.peak_to_mean == pytest.approx(1.8, abs=0.2)
    assert [(b.begin, b.length) for b in found.bursts] == [(500, 4)]
    assert found.rate == pytest.approx(20.0 / 3_600.0, rel=0.1)


@pytest.mark.parametrize("mean", [0.5, 3.0, 50.0])
def test_chance_has_a_dispersion_of_one_and_no_bursts(mean: float) -> None:
    rng = np.random.default_rng(2)
    found = [known(workload_pattern(rng.poisson(mean, 500), 60.0)) for _ in range(150)]
    held = [f.dispersion_interval.low <= 1.0 <= f.dispersion_interval.high for f in found]
    assert np.mean(held) >= 0.9
    assert np.mean([f.dispersion_p_value < 0.05 for f in found]) <= 0.1
    assert np.mean([bool(f.bursts) for f in found]) <= 0.03


def test_bursty_counts_have_their_dispersion_in_the_interval_and_are_told_from_chance() -> None:
    rng = np.random.default_rng(3)
    found = [known(workload_pattern(rng.negative_binomial(4, 1.0 / 6.0, 500), 60.0)) for _ in range(100)]
    assert np.mean([f.dispersion_interval.low <= 6.0 <= f.dispersion_interval.high for f in found]) >= 0.9
    assert all(f.dispersion_p_value < 1e-6 for f in found)


def test_paced_counts_have_a_dispersion_below_one() -> None:
    counts = np.random.default_rng(4).binomial(10, 0.8, 400)
    assert known(workload_pattern(counts, 1.0)).dispersion_interval.high < 0.5


def test_random_arrivals_have_no_burstiness_and_no_memory() -> None:
    rng = np.random.default_rng(5)
    found = [arrivals(arrival_pattern(np.cumsum(rng.exponential(1.0, 500)))) for _ in range(150)]
    assert np.mean([f.burstiness_interval.low <= 0.0 <= f.burstiness_interval.high for f in found]) >= 0.89
    assert np.mean([f.memory_interval.low <= 0.0 <= f.memory_interval.high for f in found]) >= 0.88


def test_a_clock_is_minus_one_and_heavy_tails_are_above_zero() -> None:
    assert arrivals(arrival_pattern(np.arange(100.0))).burstiness == pytest.approx(-1.0)
    heavy = np.cumsum(np.random.default_rng(6).pareto(1.5, 5_000))
    assert arrivals(arrival_pattern(heavy)).burstiness_interval.low > 0.3


def test_gaps_that_follow_their_neighbours_have_memory() -> None:
    rng = np.random.default_rng(7)
    rate = np.repeat(np.where(rng.random(100) < 0.5, 1.0, 20.0), 30)
    found = arrivals(arrival_pattern(np.cumsum(rng.exponential(1.0, 3_000) * rate)))
    assert found.memory_interval.low > 0.1


def test_events_are_counted_from_the_first_to_the_last_in_any_order() -> None:
    found = counts_of([25.0, 1.0, 1.5, float("nan"), 12.0], 10.0)
    assert not isinstance(found, NotKnown)
    assert found.tolist() == [2.0, 1.0, 1.0]


def test_counts_that_would_fill_the_memory_are_refused() -> None:
    found = counts_of([0.0, 1.7e9], 1.0)
    assert isinstance(found, NotKnown)
    assert "choose a width above" in found.reason


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([1.0] * 5, "too few"),
        ([0.0] * 50, "no events"),
        ([1.0] * 40 + [-1.0], "negative"),
        ([1.0] * 40 + [float("nan")], "missing"),
    ],
)
def test_what_has_no_pattern_says_why(counts: list[float], said: str) -> None:
    found = workload_pattern(counts, 60.0)
    assert isinstance(found, NotKnown)
    assert said in found.reason


@pytest.mark.parametrize(("times", "said"), [([1.0, 2.0], "too few"), ([5.0] * 50, "at one time")])
def test_arrivals_without_a_pattern_say_why(times: list[float], said: str) -> None:
    found = arrival_pattern(times)
    assert isinstance(found, NotKnown)
    assert said in found.reason


def test_constant_counts_are_no_error() -> None:
    assert known(workload_pattern([3.0] * 100, 60.0)).dispersion == 0.0
