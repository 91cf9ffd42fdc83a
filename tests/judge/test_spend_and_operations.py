"""Claims about money, tokens, operations and resources."""

import numpy as np
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.judge.views.operations import operations
from homeostat.judge.views.resources import resources
from homeostat.judge.views.spend import spend
from homeostat.judge.views.window import Window
from homeostat.observe.fold import moments_of
from homeostat.stats.sketch import sketch

WINDOW = Window("15m", 0, 900 * SECOND_NS, 10 * SECOND_NS, 900 * SECOND_NS)


def counter(metric: str, amount: float, unit: str = "1", **attributes: object) -> dict[SeriesKey, Total]:
    return {SeriesKey.of(metric, Kind.COUNTER, unit, attributes): Total(moments_of(np.array([amount])), None)}


def durations(metric: str, values: list[float], **attributes: object) -> dict[SeriesKey, Total]:
    total = Total(moments_of(np.array(values)), sketch(values))
    return {SeriesKey.of(metric, Kind.HISTOGRAM, "ms", attributes): total}


def test_cached_and_reasoning_tokens_are_counted_once() -> None:
    tokens = {
        **counter("llm.tokens", 100, type="input", model="m", operation="chat"),
        **counter("llm.tokens", 80, type="cached", model="m", operation="chat"),
        **counter("llm.tokens", 50, type="output", model="m", operation="chat"),
        **counter("llm.tokens", 30, type="reasoning", model="m", operation="chat"),
    }
    found = spend(tokens, {}, {}, {}, WINDOW)
    assert found.total_tokens == 150
    assert (found.rows[0].cached_tokens, found.rows[0].reasoning_tokens) == (80, 30)


def test_services_of_one_model_and_operation_are_one_row() -> None:
    cost = {
        **counter("llm.cost", 1.0, "USD", model="m", operation="chat", service="a"),
        **counter("llm.cost", 2.0, "USD", model="m", operation="chat", service="b"),
    }
    found = spend({}, cost, {}, {}, WINDOW)
    assert len(found.rows) == 1
    assert found.cost_usd == pytest.approx(3.0)
    assert found.cost_usd_per_hour == pytest.approx(12.0)


def test_releases_of_one_operation_are_one_row_in_operations_and_in_spend() -> None:
    calls, runs, cost = (
        {k: t for release in ("1", "2") for k, t in made(release).items()}
        for made in (
            lambda r: durations("llm.duration", [5.0] * 2, model="m", operation="chat", release=r),
            lambda r: durations("operation.duration", [10.0] * 9, operation="answer", release=r),
            lambda r: counter("llm.cost", 1.0, "USD", model="m", operation="chat", release=r),
        )
    )
    (row,) = operations(runs, {}, {}, {}, WINDOW)
    assert (row.n, row.rate_per_s) == (18, pytest.approx(18 / 900))
    (spent,) = spend({}, cost, {}, calls, WINDOW).rows
    assert (spent.calls, spent.cost_usd) == (4, pytest.approx(2.0))


def test_an_unpriced_model_is_unpriced_beside_a_priced_one() -> None:
    cost = counter("llm.cost", 1.5, "USD", model="dear", operation="chat")
    unpriced = counter("llm.calls_unpriced", 3, model="house", operation="chat")
    calls = {
        **durations("llm.duration", [1.0] * 3, model="house", operation="chat"),
        **durations("llm.duration", [1.0] * 5, model="dear", operation="chat"),
    }
    found = spend({}, cost, unpriced, calls, WINDOW)
    words = {r.model: r.cost_words for r in found.rows}
    assert words == {"dear": "$1.50", "house": "unpriced"}
    assert found.cost_words == "$1.50 + 3 calls unpriced"
    assert next(r for r in found.rows if r.model == "dear").cost_per_call_usd == pytest.approx(0.3)


def test_without_calls_there_is_no_cost_of_zero() -> None:
    found = spend({}, {}, {}, {}, WINDOW)
    assert (found.cost_usd, found.cost_words) == (None, "no calls")


def test_errors_carry_wilsons_interval_and_are_never_more_than_all() -> None:
    runs = durations("operation.duration", [10.0] * 200, operation="answer", service="a")
    errors = counter("operation.errors", 6, operation="answer", error="Timeout", service="a")
    row = operations(runs, errors, {}, {}, WINDOW)[0]
    assert (row.errors, row.error_share) == (6, 0.03)
    assert (row.errors_low, row.errors_high) == (
        pytest.approx(0.0138, abs=1e-4),
        pytest.approx(0.0639, abs=1e-4),
    )
    assert row.error_types == (("Timeout", 6),)
    assert row.busy == pytest.approx(200 * 0.010 / 900)


def test_services_that_run_the_same_operation_are_merged_without_loss() -> None:
    runs = {
        **durations("operation.duration", [10.0] * 99, operation="answer", service="a"),
        **durations("operation.duration", [1_000.0], operation="answer", service="b"),
    }
    row = operations(runs, {}, {}, {}, WINDOW)[0]
    assert row.n == 100
    assert row.max_ms == 1_000.0
    assert row.p50_ms == pytest.approx(10.0, rel=0.006)


def test_what_is_not_available_says_why_and_has_no_number() -> None:
    metric = Metric("gpu.power", "W", Kind.GAUGE, Better.NEITHER, "", "gpu", "gpu", "last")
    group = resources((metric,), {"gpu.power": "no driver"}, {}, {}, WINDOW)[0]
    assert group.rows[0].words == "not available here: no driver"
    assert (group.rows[0].now, group.rows[0].mean, group.rows[0].available) == (None, None, False)
    group = resources((metric,), {}, {}, {}, WINDOW)[0]
    assert group.rows[0].words == "not measured yet"
