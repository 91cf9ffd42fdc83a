"""Seasons are found where they are, and nowhere else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.stats.season_length import f_survival, season_lengths, seasonal_test

Floats = NDArray[np.float64]


def autoregressive(n: int, memory: float, paths: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(paths, n))
    for t in range(1, n):
        found[:, t] += memory * found[:, t - 1]
    return found


@pytest.mark.parametrize("season", [4, 7, 12, 24, 60, 168])
def test_a_season_is_found_without_being_told_the_time(season: int) -> None:
    rng = np.random.default_rng(season)
    t = np.arange(1_000)
    shape = np.sin(2 * np.pi * np.arange(season) / season) + 0.5 * rng.normal(size=season)
    y = shape[t % season] + rng.normal(0.0, 0.4, 1_000) + 0.005 * t
    assert season in [s.length for s in season_lengths(y)]


def test_day_and_week_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(1_000)
    day = np.sin(2 * np.pi * t / 24)
    y = day + np.where(t // 24 % 7 >= 5, -1.5, 0.0) + rng.normal(0.0, 0.3, 1_000)
    assert [s.length for s in season_lengths(y, 3_600.0)] == [24, 168]
    only_day = day + rng.normal(0.0, 0.3, 1_000)
    assert [s.length for s in season_lengths(only_day, 3_600.0)] == [24]


def false_seasons(memory: float, paths: int, seconds_apart: float | None) -> float:
    drawn = autoregressive(500, memory, paths, 5)
    return float(np.mean([bool(season_lengths(y, seconds_apart)) for y in drawn]))


@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("seconds_apart", [None, 3_600.0])
def test_noise_has_no_season(memory: float, seconds_apart: float | None) -> None:
    assert false_seasons(memory, 200, seconds_apart) <= 0.015


@pytest.mark.long
@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("seconds_apart", [None, 3_600.0])
def test_noise_has_a_season_in_less_than_a_hundredth_of_cases(
    memory: float, seconds_apart: float | None
) -> None:
    assert false_seasons(memory, 3_000, seconds_apart) <= 0.008


@pytest.mark.parametrize("values", [[], [1.0], [2.0] * 500, [float("nan")] * 100, [0.0, 1.0] * 5])
def test_what_cannot_have_a_season_has_none(values: list[float]) -> None:
    assert season_lengths(values, 3_600.0) == ()


def test_strength_is_the_share_that_the_season_explains() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(2_400)
    y = np.sqrt(2.0) * np.sin(2 * np.pi * t / 24) + rng.normal(0.0, 1.0, 2_400)
    assert seasonal_test(y, 24).strength == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("ratio", "above", "below", "exact"),
    [(2.0, 5.0, 30.0, 0.107335), (3.7, 5.0, 30.0, 0.009987), (1.8, 23.0, 200.0, 0.017241)],
)
def test_the_tail_of_f_is_that_of_the_tables(ratio: float, above: float, below: float, exact: float) -> None:
    assert f_survival(ratio, above, below) == pytest.approx(exact, rel=0.1)
