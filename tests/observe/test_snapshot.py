"""Claims about the snapshot."""

import math

import numpy as np
import pytest

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.observe.fold import WINDOW
from homeostat.observe.registry import Registry
from homeostat.stats.t_interval import t_interval

SECOND = 1_000_000_000


def filled(values_by_model: dict[str, np.ndarray]) -> Registry:  # type: ignore[type-arg]
    registry = Registry(Losses())
    for model, values in values_by_model.items():
        registry.recorder("d", Kind.HISTOGRAM, "ms", {"model": model}).buffer.extend(values.tolist())
    registry.fold(0, SECOND)
    return registry


def test_a_snapshot_says_what_numpy_says_of_the_values() -> None:
    values = np.random.default_rng(1).lognormal(3.0, 1.0, 800)
    seen = filled({"a": values}).snapshot("d", {})
    assert (seen.count, seen.series, seen.unit) == (800, 1, "ms")
    assert seen.mean == pytest.approx(values.mean())
    assert seen.variance == pytest.approx(values.var(ddof=1))
    assert seen.total == pytest.approx(values.sum())
    assert (seen.minimum, seen.maximum, seen.last) == (values.min(), values.max(), values[-1])
    exact = np.quantile(values, [0.5, 0.9, 0.95, 0.99], method="lower")
    assert [seen.p50, seen.p90, seen.p95, seen.p99] == pytest.approx(exact.tolist(), rel=0.0055)


def test_a_snapshot_merges_the_series_that_match() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(10, 1, 400), rng.normal(20, 1, 300)
    registry = filled({"a": a, "b": b})
    both = registry.snapshot("d", {})
    assert (both.series, both.count) == (2, 700)
    assert both.mean == pytest.approx(np.concatenate((a, b)).mean())
    assert both.variance == pytest.approx(np.concatenate((a, b)).var(ddof=1))
    assert registry.snapshot("d", {"model": "b"}).mean == pytest.approx(b.mean())


def test_the_interval_is_students_t_over_the_last_thousand_values() -> None:
    values = np.concatenate((np.full(5_000, 1e6), np.random.default_rng(4).normal(5, 1, WINDOW)))
    seen = filled({"a": values}).snapshot("d", {})
    window = values[-WINDOW:]
    assert (seen.window_count, seen.window_mean) == (WINDOW, pytest.approx(window.mean()))
    assert seen.interval == t_interval(WINDOW, float(window.mean()), float(window.var(ddof=1)))


def test_below_thirty_values_there_is_no_interval() -> None:
    assert filled({"a": np.arange(29.0)}).snapshot("d", {}).interval is None
    assert filled({"a": np.arange(30.0)}).snapshot("d", {}).interval is not None


def test_what_was_never_recorded_is_not_zero() -> None:
    seen = Registry(Losses()).snapshot("d", {})
    assert (seen.count, seen.series, seen.total) == (0, 0, 0.0)
    numbers = (seen.mean, seen.minimum, seen.last, seen.rate, seen.p50, seen.window_mean, seen.variance)
    assert all(math.isnan(number) for number in numbers)


def test_counters_and_gauges_have_no_quantiles() -> None:
    registry = Registry(Losses())
    registry.recorder("c", Kind.COUNTER, "1", {}).buffer.extend([1.0, 2.0])
    registry.fold(0, SECOND)
    seen = registry.snapshot("c", {})
    assert (seen.total, seen.count) == (3.0, 2)
    assert math.isnan(seen.p99)
