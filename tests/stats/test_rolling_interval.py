"""Claims about the t-interval of a rolling window: it equals working it out anew, and never loses digits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.stats.t_interval import MINIMUM_SAMPLES, RollingInterval, t_interval


def rolled(values: list[float], window: int) -> RollingInterval:
    rolling = RollingInterval(window)
    rolling.extend(values)
    return rolling


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=150),
    st.integers(MINIMUM_SAMPLES, 60),
)
def test_mean_and_variance_are_those_of_the_last_samples(values: list[float], window: int) -> None:
    rolling = rolled(values, window)
    last = np.array(values[-window:])
    size = max(float(np.abs(last).max()), 1e-3)
    assert rolling.n == last.size
    assert rolling.mean == pytest.approx(last.mean(), abs=1e-9 * size)
    if last.size > 1:
        assert rolling.variance == pytest.approx(last.var(ddof=1), rel=1e-9, abs=1e-9 * size**2)


def test_the_interval_is_that_of_the_last_thousand_samples() -> None:
    values = np.random.default_rng(1).lognormal(3.0, 1.0, 12_345)
    rolling = RollingInterval()
    rolling.extend(values.tolist())
    last = values[-1_000:]
    expected, found = t_interval(1_000, float(last.mean()), float(last.var(ddof=1))), rolling.interval()
    assert found is not None
    assert expected is not None
    assert found.low == pytest.approx(expected.low, rel=1e-12)
    assert found.high == pytest.approx(expected.high, rel=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e12])
def test_rounding_does_not_add_up_far_from_zero(offset: float) -> None:
    values = offset + np.random.default_rng(2).normal(0.0, 1.0, 20_000)
    rolling = rolled(values.tolist(), 500)
    assert rolling.variance == pytest.approx(values[-500:].var(ddof=1), rel=1e-6)
    assert rolling.mean - offset == pytest.approx(
        values[-500:].mean() - offset, abs=1e-15 * abs(offset) + 1e-9
    )


@pytest.mark.parametrize("giant", [1e8, 1e30, 1e100, -1e140])
@pytest.mark.parametrize("after", [60, 63, 170])
def test_a_giant_that_has_left_the_window_leaves_no_trace(giant: float, after: int) -> None:
    values = [1.0 + 1e-3 * math.sin(k) for k in range(200)]
    rolling = rolled([*values[:10], giant, *values[10 : 10 + after]], 50)
    last = np.array(values[10 + after - 50 : 10 + after])
    assert rolling.mean == pytest.approx(last.mean(), rel=1e-12)
    assert rolling.variance == pytest.approx(last.var(ddof=1), rel=1e-6)


def test_a_constant_window_is_a_point() -> None:
    found = rolled([0.1] * 137, 50).interval()
    assert found is not None
    assert (found.low, found.high) == (0.1, 0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e160])
@pytest.mark.parametrize("before", [0, 10, 70])
def test_what_is_no_number_is_refused_and_changes_nothing(bad: float, before: int) -> None:
    rolling = rolled([float(k) for k in range(before)], 50)
    interval, n = rolling.interval(), rolling.n
    with pytest.raises(InputError, match="finite"):
        rolling.add(bad)
    assert (rolling.interval(), rolling.n) == (interval, n)


def test_nothing_is_said_of_few_samples() -> None:
    rolling = RollingInterval(100)
    assert math.isnan(rolling.mean)
    assert math.isnan(rolling.variance)
    rolling.extend([1.0, 2.0] * 14)
    assert rolling.interval() is None
    rolling.extend([1.0, 2.0])
    assert rolling.interval() is not None


def test_settings_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(ConfigError, match="window"):
        RollingInterval(29)
    with pytest.raises(ConfigError, match="confidence"):
        RollingInterval(confidence=1.0)
