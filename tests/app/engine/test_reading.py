"""Claims about what the engine answers."""

import math

import msgspec
import pytest

from homeostat.app.engine.engine import Engine
from homeostat.app.engine.operations import OPERATIONS, ORDERING, READING, called, described
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.errors import HomeostatError, InputError, NotAvailable
from homeostat.core.finding import FindingKind
from homeostat.loop.writer import together
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.small_node import SmallNode

EXPECTED = {
    "get_performance_report",
    "optimize_system",
    "get_optimization_recommendations",
    "apply_recommendations",
    "get_resource_status",
    "get_resource_metrics",
    "optimize_memory_usage",
    "balance_cpu_load",
    "optimize_io_operations",
    "predict_resource_needs",
    "adapt_to_constraints",
    "get_workload_patterns",
    "get_real_time_metrics",
    "set_performance_alert",
    "get_dashboard_data",
    "analyze_performance_trends",
    "find_metric_correlations",
    "identify_bottlenecks",
}


def test_the_engine_has_the_operations_that_an_operator_expects() -> None:
    assert set(OPERATIONS) == EXPECTED
    told = {one["operation"]: one for one in described()}
    assert set(told) == EXPECTED
    assert {name for name, one in told.items() if one["orders"]} == set(ORDERING)
    assert all(one["does"] for one in told.values())
    assert told["set_performance_alert"]["takes"] == {
        "metric": "needed",
        "threshold": "needed",
        "action": "",
        "severity": "warning",
        "notify": (),
    }


@pytest.mark.parametrize("seconds", [0, 1, 90])
def test_every_operation_that_reads_answers_in_json_however_little_is_known(
    node: SmallNode, engine: Engine, seconds: int
) -> None:
    now_ns = node.clock.now_ns()
    if seconds:
        node.store.write(together(list(SampleTraffic().seconds(now_ns - seconds * SECOND_NS, now_ns))))
    for name in READING:
        assert msgspec.json.encode(called(engine, name, {})) != b"null", name


def test_without_a_loop_every_operation_that_orders_one_says_what_to_do(engine: Engine) -> None:
    for name in ORDERING:
        if name == "set_performance_alert":
            continue
        needed = {"at_most": 1.0, "uses": {"batch": 1.0}} if name == "adapt_to_constraints" else {}
        with pytest.raises(NotAvailable, match=r"hs\.govern"):
            called(engine, name, needed)


def test_the_report_is_of_the_period_that_is_asked_for(busy: Engine) -> None:
    report = busy.get_performance_report("30m")
    assert report.end_ns - report.start_ns < 32 * MINUTE_NS
    assert report.comparison is None
    assert busy.get_performance_report("30m", "before").comparison is not None


def test_bottlenecks_and_recommendations_name_the_stage_that_takes_the_time(busy: Engine) -> None:
    (worst, *_) = busy.identify_bottlenecks()
    assert worst.operation == "chat"
    found = busy.get_optimization_recommendations()
    assert found.changes == ()
    assert "chat" in found.others[0].action


def test_the_status_of_resources_counts_what_is_measured(busy: Engine, engine: Engine) -> None:
    rows = [row for group in busy.get_resource_metrics() for row in group.rows if row.available]
    status = busy.get_resource_status()
    assert status.measured == len(rows) > 0
    assert status.words.startswith(f"{len(rows)} resource")
    assert engine.get_resource_status().words == "0 resources measured, 0 with a limit"


def test_needs_are_rates_a_second_and_levels_in_their_unit(busy: Engine) -> None:
    found = {(n.metric, n.attributes): n for n in busy.predict_resource_needs(300.0, 0.9)}
    (calls,) = [n for n in found.values() if dict(n.attributes).get("operation") == "answer"]
    report = next(
        row
        for row in busy.get_real_time_metrics().rows
        if row.metric == "operation.duration" and ("operation", "answer") in row.attributes
    )
    assert calls.unit == "calls/s"
    assert calls.service == "assistant"
    assert calls.expected is not None
    assert calls.peak is not None
    assert 0.3 * report.rate_per_s < calls.expected <= calls.peak < 5.0 * report.rate_per_s
    assert "expected within 5 min" in calls.words
    assert "with a chance of 90%" in calls.words
    surer = {(n.metric, n.attributes): n for n in busy.predict_resource_needs(300.0, 0.99)}
    assert surer[calls.metric, calls.attributes].peak > calls.peak  # type: ignore[operator]


def test_a_service_that_fell_silent_needs_less_than_when_it_ran(node: SmallNode, engine: Engine) -> None:
    now_ns = node.clock.now_ns()
    begin_ns = now_ns - 40 * MINUTE_NS
    node.store.write(together(list(SampleTraffic().seconds(begin_ns, begin_ns + 20 * MINUTE_NS))))
    needs = {dict(n.attributes).get("operation", ""): n for n in engine.predict_resource_needs(60.0)}
    expected = needs["answer"].expected
    assert expected is not None
    assert expected < 0.5


@pytest.mark.parametrize("horizon", [0.0, -1.0, math.nan, math.inf])
def test_a_horizon_without_sense_is_refused_even_without_data(engine: Engine, horizon: float) -> None:
    with pytest.raises(InputError, match="a horizon is a number of seconds above 0"):
        engine.predict_resource_needs(horizon)


def test_trends_and_correlations_are_findings_of_their_kind(busy: Engine) -> None:
    correlations = busy.find_metric_correlations()
    assert correlations
    assert {f.kind for f in correlations} == {FindingKind.CORRELATION}
    assert {f.kind for f in busy.analyze_performance_trends()} <= {FindingKind.TREND, FindingKind.CHANGE}


def test_workload_and_dashboard_are_of_the_application(busy: Engine) -> None:
    (answers, *_) = busy.get_workload_patterns()
    assert answers.title == "answer"
    shown = busy.get_dashboard_data("1h")
    assert set(shown) == {"overview", "plots", "operations", "alerts", "loops"}
    assert busy.get_real_time_metrics().services == ("assistant",)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("make_it_faster", {}, "there is no operation 'make_it_faster'; there are: get_performance_report"),
        ("close", {}, "there is no operation 'close'"),
        ("__init__", {}, "there is no operation '__init__'"),
        ("get_resource_status", {"rang": "1h"}, "has no argument 'rang'; it takes: range"),
        ("get_real_time_metrics", {"range": "1h"}, "has no argument 'range'; it takes: none"),
        ("get_resource_status", {"range": "2h"}, "range '2h' is not known; use one of 15m"),
        ("get_performance_report", {"since": "soon"}, "soon"),
        ("set_performance_alert", {"metric": "x"}, "needs the argument 'threshold'"),
        ("predict_resource_needs", {"time_horizon": "an hour"}, "time_horizon='an hour'"),
        ("predict_resource_needs", {"confidence_level": 2}, "a confidence lies between 0.5 and 1, not 2.0"),
        ("adapt_to_constraints", {"at_most": 1, "uses": 3}, "uses=3"),
    ],
)
def test_a_wrong_name_or_argument_says_what_would_be_right(
    engine: Engine, name: str, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(HomeostatError) as caught:
        called(engine, name, arguments)
    assert said in str(caught.value)
