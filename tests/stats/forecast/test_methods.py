"""What holds for every method: none knows the future, and units do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.stats.forecast.ets import start
from homeostat.stats.forecast.path import Method, actual, same_phase
from homeostat.stats.forecast.profile import trailing_profile
from homeostat.stats.forecast.selection import methods

Floats = NDArray[np.float64]
HORIZON = 20
SEASONS: list[tuple[int, ...]] = [(), (12,), (12, 84)]
EVERY = [
    pytest.param(seasons, method, id=f"{name}-of-{len(seasons)}")
    for seasons in SEASONS
    for name, method in methods(seasons).items()
]


def series(seed: int, n: int = 300) -> Floats:
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    found: Floats = np.sin(2 * np.pi * t / 12) + 0.3 * np.cumsum(rng.normal(size=n)) + rng.normal(size=n)
    return found


@pytest.mark.parametrize(("seasons", "method"), EVERY)
def test_a_forecast_depends_on_nothing_that_comes_after_its_origin(
    seasons: tuple[int, ...], method: Method
) -> None:
    y = series(1)
    origins = np.array([start(seasons) + 3, 200, 251, 300])
    found = method(y, origins, HORIZON)
    other = y.copy()
    other[251:] = series(2)[251:] * 50.0
    np.testing.assert_allclose(method(other, origins, HORIZON)[:3], found[:3], atol=1e-4)
    for row, origin in zip(found, origins, strict=True):
        np.testing.assert_allclose(row, method(y[:origin], np.array([origin]), HORIZON)[0], atol=1e-6)


@pytest.mark.parametrize(("seasons", "method"), EVERY)
@given(
    seed=st.integers(0, 10_000),
    scale=st.floats(0.01, 1000.0),
    shift=st.floats(-1e5, 1e5),
    sign=st.sampled_from([-1, 1]),
)
@settings(max_examples=15, deadline=None)
def test_shifting_and_scaling_the_values_does_so_to_the_forecast(
    seasons: tuple[int, ...], method: Method, seed: int, scale: float, shift: float, sign: int
) -> None:
    y = series(seed)
    origins = np.array([220, 300])
    found = method(y, origins, HORIZON)
    moved = method(sign * scale * y + shift, origins, HORIZON)
    np.testing.assert_allclose(moved, sign * scale * found + shift, atol=1e-4 * scale)


@pytest.mark.parametrize(("seasons", "method"), EVERY)
def test_a_constant_goes_on_as_it_was(seasons: tuple[int, ...], method: Method) -> None:
    found = method(np.full(300, 7.25), np.array([200, 300]), HORIZON)
    np.testing.assert_allclose(found, 7.25, atol=1e-9)


@pytest.mark.parametrize(("seasons", "method"), [p for p in EVERY if p.values[0]])
def test_a_season_without_noise_is_repeated(seasons: tuple[int, ...], method: Method) -> None:
    day = np.sin(2 * np.pi * np.arange(12) / 12) + np.arange(12.0) % 3
    y = np.tile(day, 30)
    found = method(y, np.array([300, 307]), HORIZON)
    np.testing.assert_allclose(found, [y[300:320], y[307:327]], atol=2e-3)


def test_a_profile_takes_out_the_trend() -> None:
    t = np.arange(240.0)
    day = np.tile([3.0, -1.0, -2.0, 0.0], 60)
    np.testing.assert_allclose(trailing_profile(5.0 + 0.7 * t + day, 4)[8:], day[8:], atol=1e-9)


def test_the_same_phase_is_the_last_one_before_the_origin() -> None:
    assert same_phase(np.array([10, 11]), 5, 4).tolist() == [[6, 7, 8, 9, 6], [7, 8, 9, 10, 7]]


def test_what_came_after_the_end_is_missing() -> None:
    found = actual(np.arange(5.0), np.array([3, 5]), 3)
    np.testing.assert_array_equal(found, [[3.0, 4.0, np.nan], [np.nan] * 3])
