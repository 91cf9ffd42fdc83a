"""The forecast as it is used: its intervals hold, and what cannot be forecast says so."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from homeostat.core.errors import NotAvailable
from homeostat.stats.forecast.path import Forecast
from homeostat.stats.forecast.selection import forecast
from homeostat.stats.forecast.statsforecast_models import statsforecast_forecast
from homeostat.stats.not_known import NotKnown

Floats = NDArray[np.float64]


def autoregressive(n: int, memory: float, paths: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(paths, n))
    for t in range(1, n):
        found[:, t] += memory * found[:, t - 1]
    return found


def hourly(n: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    day = rng.normal(0.0, 1.0, 24)
    week = np.repeat(rng.normal(0.0, 0.7, 7), 24)
    found: Floats = 10.0 + day[t % 24] + week[t % 168] + autoregressive(n, 0.6, 1, seed)[0] * 0.3
    return found


def known(found: Forecast | NotKnown) -> Forecast:
    assert isinstance(found, Forecast), found
    return found


def coverage(paths: Floats, n: int, confidence: float = 0.95) -> float:
    hits = []
    for path in paths:
        f = known(forecast(path[:n], path.size - n, confidence=confidence))
        hits.append(np.mean((f.low <= path[n:]) & (path[n:] <= f.high)))
    return float(np.mean(hits))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 1.0])
def test_intervals_hold_what_comes_about_as_often_as_they_say(memory: float) -> None:
    assert 0.91 <= coverage(autoregressive(320, memory, 100, 7), 300) <= 0.99


@pytest.mark.long
@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("n", "horizon"), [(60, 12), (100, 10), (300, 30), (1_000, 48)])
def test_intervals_hold_what_comes_for_short_and_long_series(memory: float, n: int, horizon: int) -> None:
    assert 0.92 <= coverage(autoregressive(n + horizon, memory, 500, n), n) <= 0.995


@pytest.mark.long
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9])
def test_other_levels_hold_too(confidence: float) -> None:
    found = coverage(autoregressive(1_048, 0.5, 400, 3), 1_000, confidence)
    assert confidence - 0.03 <= found <= confidence + 0.07


def test_intervals_are_narrower_than_those_of_the_seasonal_naive_forecast() -> None:
    ours, naive, hits = [], [], []
    for seed in range(25):
        y = hourly(1_048, seed)
        f = known(forecast(y[:1_000], 48, seconds_apart=3_600.0))
        after = y[1_000:]
        deviation = np.sqrt(np.mean((y[24:1_000] - y[:976]) ** 2))
        naive.append(2 * 1.96 * deviation)
        ours.append(np.mean(f.high - f.low))
        hits.append(np.mean((f.low <= after) & (after <= f.high)))
        assert f.seasons == (24, 168)
    assert np.mean(ours) < 0.7 * np.mean(naive)
    assert np.mean(hits) > 0.92


@given(
    values=arrays(
        np.float64,
        st.integers(0, 120),
        elements=st.one_of(st.floats(-1e9, 1e9), st.just(0.0), st.floats()),
    ),
    horizon=st.integers(1, 40),
)
@settings(max_examples=150, deadline=None)
def test_any_series_gives_ordered_finite_bounds_or_a_reason(values: Floats, horizon: int) -> None:
    found = forecast(values, horizon)
    if isinstance(found, NotKnown):
        assert found.reason
        return
    assert found.point.shape == found.low.shape == found.high.shape == (horizon,)
    assert np.isfinite(found.point).all()
    assert np.isfinite(found.low).all()
    assert np.isfinite(found.high).all()
    assert bool((found.low <= found.point).all() and (found.point <= found.high).all())
    assert sum(weight for _, weight in found.weights) == pytest.approx(1.0)


@given(seed=st.integers(0, 1_000), scale=st.floats(0.01, 1e4), shift=st.floats(-1e5, 1e5))
@settings(max_examples=25, deadline=None)
def test_units_do_not_matter(seed: int, scale: float, shift: float) -> None:
    y = hourly(400, seed)
    found = known(forecast(y, 24, seasons=(24,)))
    moved = known(forecast(scale * y + shift, 24, seasons=(24,)))
    for a, b in ((found.point, moved.point), (found.low, moved.low), (found.high, moved.high)):
        np.testing.assert_allclose(b, scale * a + shift, atol=1e-3 * scale)


def test_intervals_of_higher_confidence_enclose_those_of_lower() -> None:
    y = hourly(500, 4)
    wide, narrow = (known(forecast(y, 48, confidence=c)) for c in (0.99, 0.8))
    assert bool((wide.low <= narrow.low).all() and (wide.high >= narrow.high).all())


@pytest.mark.parametrize("value", [0.0, -3.5, 1e12])
def test_a_constant_is_forecast_as_itself_with_no_width(value: float) -> None:
    found = known(forecast(np.full(200, value), 30))
    np.testing.assert_allclose(found.point, value)
    np.testing.assert_allclose(found.high - found.low, 0.0, atol=1e-9 * max(abs(value), 1.0))


def test_counts_with_many_zeros_are_forecast() -> None:
    y = np.random.default_rng(2).poisson(0.2, 400).astype(np.float64)
    found = known(forecast(y, 24))
    assert bool((found.high > found.low).all())
    assert 0.0 <= float(found.point.mean()) <= 0.6


@pytest.mark.parametrize("n", [0, 1, 2, 20, 39])
def test_a_short_series_is_not_known_and_the_reason_says_what_is_needed(n: int) -> None:
    found = forecast(np.arange(float(n)), 24)
    assert isinstance(found, NotKnown)
    assert f"{n} values are too few" in found.reason
    assert isinstance(forecast(np.arange(40.0), 24), Forecast)


def test_gaps_change_little() -> None:
    y = hourly(800, 9)
    whole = known(forecast(y, 24, seasons=(24, 168)))
    holed = y.copy()
    rng = np.random.default_rng(1)
    holed[rng.random(800) < 0.08] = np.nan
    holed[300:330] = np.inf
    found = known(forecast(holed, 24, seasons=(24, 168)))
    width = float(np.mean(whole.high - whole.low))
    assert float(np.abs(found.point - whole.point).max()) < width / 2


def test_too_many_gaps_are_refused_with_a_reason() -> None:
    y = hourly(400, 9)
    y[::3] = np.nan
    found = forecast(y, 24)
    assert isinstance(found, NotKnown)
    assert "134 of 400 values are missing" in found.reason


def test_a_series_that_stopped_is_refused_with_a_reason() -> None:
    y = hourly(400, 9)
    y[350:] = np.nan
    found = forecast(y, 24)
    assert isinstance(found, NotKnown)
    assert "last tenth" in found.reason


def test_a_season_that_is_longer_than_the_series_bears_is_not_used() -> None:
    found = known(forecast(hourly(120, 1), 24, seasons=(24, 168)))
    assert found.seasons == (24,)


@pytest.mark.parametrize(
    ("horizon", "confidence", "said"), [(0, 0.95, "horizon must be at least 1"), (5, 1.0, "confidence")]
)
def test_a_wrong_call_is_an_error(horizon: int, confidence: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        forecast(np.arange(100.0), horizon, confidence=confidence)


@pytest.mark.skipif(importlib.util.find_spec("statsforecast") is not None, reason="it is installed")
def test_without_the_extra_the_error_names_it() -> None:
    with pytest.raises(NotAvailable, match=r"homeostat\[forecast\]"):
        statsforecast_forecast(np.arange(100.0), 5)


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("statsforecast") is None, reason="the extra is not installed")
def test_the_extra_answers_in_the_same_form() -> None:
    found = statsforecast_forecast(hourly(400, 2), 24, seconds_apart=3_600.0)
    assert isinstance(found, Forecast)
    assert bool((found.low <= found.point).all() and (found.point <= found.high).all())


def test_a_forecast_that_was_always_too_low_is_corrected_and_lies_within_its_interval() -> None:
    t = np.arange(800.0)
    rng = np.random.default_rng(3)
    grows = 1e6 + 1_500.0 * t + 2_000.0 * np.sin(2 * np.pi * t / 12) + rng.normal(0.0, 500.0, t.size)
    f = known(forecast(grows[:640], 160))
    width = f.high - f.low
    assert (f.point - f.low > 0.05 * width).all()
    assert (f.high - f.point > 0.05 * width).all()
    assert np.abs(grows[640:] - f.point).mean() < 0.5 * np.abs(grows[640:] - grows[639]).mean()


@pytest.mark.parametrize("memory", [0.0, 0.8, 1.0])
def test_what_is_not_biased_is_not_shifted_for_the_worse(memory: float) -> None:
    """Half of the errors lie on each side, however few forecasts did not overlap."""
    above = []
    for path in autoregressive(132, memory, 150, 17):
        f = known(forecast(path[:120], 12))
        above.append(np.mean(path[120:] > f.point))
    assert 0.4 < np.mean(above) < 0.6
