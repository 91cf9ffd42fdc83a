"""Prometheus in and out: what is rendered is read back; counters become increases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from homeostat.core.errors import InputError
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.observe.fold import moments_of
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.prometheus_in import PrometheusReader
from homeostat.observe.ingest.prometheus_out import counts_at, media_type, render
from homeostat.stats.sketch import sketch

NOW_NS = 1_750_000_000 * 10**9
TEXT, OPENMETRICS = media_type(openmetrics=False), media_type(openmetrics=True)


def reader(since_ns: int = NOW_NS) -> PrometheusReader:
    return PrometheusReader(Losses(), Limits(), since_ns)


def scrape(reader: PrometheusReader, text: str, at_s: int = 0, kind: str = TEXT) -> dict[str, Point]:
    points = reader.points(text, kind, "shop", "10.0.0.1:9000", NOW_NS + at_s * 10**9)
    return {p.series.metric: p for p in points}


def total(values: list[float], kind: Kind) -> Total:
    array = np.array(values)
    return Total(moments_of(array), sketch(array) if kind is Kind.HISTOGRAM else None)


def test_counters_are_increases_between_scrapes_and_survive_a_restart() -> None:
    reading = reader()
    seen = [
        scrape(reading, f"# TYPE orders_total counter\norders_total {value}\n", at).get("orders")
        for at, value in enumerate((100, 103, 103, 2))
    ]
    assert seen[0] is None
    assert [p.moments.total for p in seen[1:] if p] == [3.0, 0.0, 2.0]
    assert seen[1] is not None
    assert seen[1].series.attributes == (("instance", "10.0.0.1:9000"), ("service", "shop"))


def test_a_target_that_began_after_the_reader_counts_in_full() -> None:
    started = NOW_NS / 1e9 + 5
    text = f"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {started}\n"
    assert scrape(reader(), text + "# TYPE n_total counter\nn_total 7\n", 9)["n"].moments.total == 7.0
    created = f"# TYPE n counter\nn_total 7\nn_created {started}\n# EOF\n"
    assert scrape(reader(), created, 9, OPENMETRICS)["n"].moments.total == 7.0


def test_everything_that_prometheus_client_exposes_is_read() -> None:
    registry = CollectorRegistry()
    counter = Counter("orders", "o", ["kind"], registry=registry)
    gauge = Gauge("memory_bytes", "m", registry=registry)
    histogram = Histogram("wait_seconds", "w", registry=registry, buckets=(0.1, 1.0, 5.0))
    summary = Summary("size_bytes", "s", registry=registry)
    reading = reader()
    scrape(reading, generate_latest(registry).decode())
    counter.labels("a").inc(3)
    gauge.set(12.5)
    for value in (0.05, 0.5, 0.7, 30.0):
        histogram.observe(value)
    summary.observe(10)
    scrape(reading, generate_latest(registry).decode(), 1)
    counter.labels("a").inc(4)
    histogram.observe(0.2)
    found = scrape(reading, generate_latest(registry).decode(), 2)
    assert (found["orders"].moments.total, found["orders"].series.get("kind")) == (4.0, "a")
    assert (found["memory_bytes"].moments.last, found["memory_bytes"].series.unit) == (12.5, "bytes")
    wait = found["wait"]
    assert (wait.moments.count, wait.series.unit, wait.series.get("source")) == (1, "ms", "explicit_buckets")
    assert wait.moments.total == pytest.approx(200.0)
    assert found["size_bytes.count"].moments.total == 0.0


def test_a_counter_that_does_not_say_its_type_is_known_by_its_name() -> None:
    reading = reader()
    scrape(reading, "orders_total 4\n")
    assert scrape(reading, "orders_total 6\n", 1)["orders"].moments.total == 2.0


def test_what_is_no_exposition_is_an_error_that_names_the_target() -> None:
    with pytest.raises(InputError, match=r"10\.0\.0\.1:9000"):
        scrape(reader(), "<html>{not metrics</html>")


@given(st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_counts_at_powers_of_two_are_exact(values: list[float]) -> None:
    values = [v if v >= 0 or not math.log2(-v).is_integer() else 0.0 for v in values]
    values += [1.0, 2.0, 0.25]
    for bound, count in counts_at(sketch(values), range(-10, 20)):
        assert count == sum(v <= bound for v in values)


def test_a_histogram_coarser_than_powers_of_two_shows_the_bounds_that_it_has() -> None:
    values = [1.0, 3.0, 5.0, 20.0]
    assert list(counts_at(sketch(values, scale=-1), range(6))) == [(1.0, 1), (4.0, 2), (16.0, 3)]


KEYS = (
    (
        SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": 'a"b\\c\nd', "le": "x"}),
        [0.5, 3.0, 700.0],
    ),
    (SeriesKey.of("llm.tokens", Kind.COUNTER, "tokens", {"type": "input"}), [5.0, 7.0]),
    (SeriesKey.of("llm.tokens", Kind.COUNTER, "tokens", {"type": "output"}), [1.0]),
    (SeriesKey.of("llm.cost", Kind.COUNTER, "USD", {}), [0.25]),
    (SeriesKey.of("1 odd-name", Kind.GAUGE, "°C", {"a.b": "1", "a-b": "2", "9": "3"}), [40.5]),
    (SeriesKey.of("disk.read", Kind.GAUGE, "bytes/s", {}), [7.0]),
)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_what_is_rendered_is_read_by_prometheus_own_parser(openmetrics: bool) -> None:
    text = render(
        ((k, total(v, k.kind)) for k, v in KEYS), openmetrics, {"llm.duration": 'How "long"\nit \\ takes'}
    )
    families = {f.name: f for f in (parse_openmetrics if openmetrics else parse_text)(text)}
    assert set(families) == {
        "llm_duration_milliseconds",
        "llm_tokens",
        "llm_cost_usd",
        "_1_odd_name_celsius",
        "disk_read_bytes_per_second",
    }
    duration = families["llm_duration_milliseconds"]
    assert (duration.type, duration.documentation) == ("histogram", 'How "long"\nit \\ takes')
    buckets = {s.labels["le"]: s.value for s in duration.samples if s.name.endswith("_bucket")}
    assert buckets["+Inf"] == 3
    assert buckets["4.0" if openmetrics else "4"] == 2
    assert {s.labels["model"] for s in duration.samples} == {'a"b\\c\nd'}
    assert {s.labels["exported_le"] for s in duration.samples} == {"x"}
    assert [s.value for s in families["llm_tokens"].samples] == [12.0, 1.0]
    (odd,) = families["_1_odd_name_celsius"].samples
    assert odd.labels == {"a_b": "1;2", "exported_9": "3"} or odd.labels == {"a_b": "2;1", "exported_9": "3"}
    assert text.endswith("# EOF\n") is openmetrics


def test_the_bounds_do_not_depend_on_the_values() -> None:
    key = KEYS[0][0]
    few, many = (render([(key, total(v, key.kind))]) for v in ([1.0], [0.001, 1e9]))
    assert few.count("_bucket") == many.count("_bucket") == 28


def test_metrics_whose_names_become_equal_do_not_repeat_a_series() -> None:
    keys = [SeriesKey.of(n, Kind.COUNTER, "1", {}) for n in ("a.b", "a_b")]
    keys.append(SeriesKey.of("a-b", Kind.GAUGE, "1", {}))
    text = render((k, total([1.0], k.kind)) for k in keys)
    assert text.count("\na_b_total 1\n") == 1
    assert "a_b_gauge 1" in text
