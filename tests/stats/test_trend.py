import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.stats.trend import SAMPLES_MAX, SAMPLES_MIN, Trend, trend


def autoregressive(rng: np.random.Generator, phi: float, series: int, length: int) -> np.ndarray:
    noise = rng.standard_normal((series, length + 100))
    for i in range(1, length + 100):
        noise[:, i] += phi * noise[:, i - 1]
    return noise[:, 100:]


def false_alarms(phi: float, length: int, series: int = 1_500) -> float:
    rng = np.random.default_rng(7)
    told = [trend(x).direction != "none" for x in autoregressive(rng, phi, series, length)]
    return sum(told) / series


def obvious_slope(y: list[float], t: list[float]) -> float:
    samples = itertools.combinations(zip(t, y, strict=True), 2)
    return float(np.median([(v - u) / (b - a) for (a, u), (b, v) in samples if b > a]))


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_false_alarms_stay_within_7_percent_at_a_nominal_5(phi: float) -> None:
    assert false_alarms(phi, 60) <= 0.07


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_false_alarms_of_short_series_stay_within_8_percent(phi: float) -> None:
    assert false_alarms(phi, SAMPLES_MIN) <= 0.08


@pytest.mark.long
@pytest.mark.parametrize("length", [60, 120, 240])
@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.3, 0.5])
def test_false_alarms_stay_within_7_percent_at_every_length_from_60_on(phi: float, length: int) -> None:
    assert false_alarms(phi, length, 3_000) <= 0.07


def test_a_slope_of_four_deviations_over_the_series_is_nearly_always_found() -> None:
    rng = np.random.default_rng(3)
    noise = autoregressive(rng, 0.5, 300, 60) * math.sqrt(1 - 0.25)
    found = [trend(x).direction == "up" for x in noise + np.arange(60) * 4 / 60]
    assert np.mean(found) >= 0.97


def test_the_interval_covers_the_slope_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    results = [trend(x + 0.05 * np.arange(60)) for x in autoregressive(rng, 0.5, 800, 60)]
    assert 0.92 <= np.mean([r.low <= 0.05 <= r.high for r in results]) <= 0.99


@given(st.lists(st.integers(-20, 20), min_size=SAMPLES_MIN, max_size=40), st.randoms(use_true_random=False))
def test_slope_is_the_median_over_all_pairs(values: list[int], random: object) -> None:
    times = sorted(random.choice(range(100)) / 2 for _ in values)  # type: ignore[attr-defined]
    if times[0] == times[-1]:
        return
    found = trend(values, times)
    assert found.slope == pytest.approx(obvious_slope([float(v) for v in values], times))
    assert found.low <= found.slope <= found.high
    # the verdict, the p-value and the interval say the same, but for rounding at the very edge
    if found.direction == "up":
        assert found.slope > 0
        assert found.p_value <= 0.05
        assert found.low >= -1e-9
    if found.direction == "down":
        assert found.slope < 0
        assert found.high <= 1e-9


def test_a_step_that_is_small_beside_the_slope_does_not_hide_it() -> None:
    noise = np.random.default_rng(6).normal(size=50)
    assert trend(noise + 3.0 * np.arange(50) + np.where(np.arange(50) < 20, 0, 12)).direction == "up"


def test_a_quarter_of_wild_values_does_not_move_the_slope_far() -> None:
    values = np.arange(100.0)
    values[::4] = 1e9 * np.resize([1, -1], 25)
    assert trend(values).slope == pytest.approx(1.0, abs=0.05)


def test_falling_series_point_down() -> None:
    found = trend([-3.0 * i + i % 5 for i in range(40)])
    assert found.direction == "down"
    assert found.high < 0 < 1 - found.p_value


def test_too_few_samples_are_unknown_not_none() -> None:
    found = trend(range(SAMPLES_MIN - 1))
    assert found.direction == "unknown"
    assert math.isnan(found.slope)


def test_samples_that_are_not_finite_are_left_out() -> None:
    assert trend([math.nan] * 50 + [1.0] * (SAMPLES_MIN - 1)).direction == "unknown"
    assert trend([*map(float, range(40)), math.inf]).direction == "up"


def test_all_samples_at_one_moment_are_unknown() -> None:
    assert trend(range(50), [1.0] * 50).direction == "unknown"


def test_a_constant_has_no_trend() -> None:
    assert trend([5.0] * 50) == Trend(0.0, 0.0, 0.0, 1.0, "none")


def test_a_perfect_line_is_a_trend() -> None:
    found = trend(range(30))
    assert (found.slope, found.low, found.high, found.direction) == (1.0, 1.0, 1.0, "up")


def test_long_series_are_reduced_and_keep_their_slope() -> None:
    n = SAMPLES_MAX * 21 + 13
    values = np.random.default_rng(5).normal(size=n) + np.arange(n) * 0.01
    assert trend(values).slope == pytest.approx(0.01, rel=0.01)


def test_times_that_decrease_are_refused() -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        trend(range(30), range(30, 0, -1))


def test_values_and_times_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(30,\) and \(29,\)"):
        trend(range(30), range(29))
