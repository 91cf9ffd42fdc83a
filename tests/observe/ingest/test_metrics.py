"""Metrics: temporality, resets, units, buckets, merging."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from homeostat.core.histogram import ExponentialHistogram
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.observe.ingest.explicit import ExplicitTotal, spread
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.receiver import Receiver
from homeostat.stats.sketch import count, merge, quantiles, sketch
from homeostat.testing.clock import ManualClock

SECOND = 10**9
START_NS = 1_750_000_000 * SECOND
PROTOBUF = "application/x-protobuf"
DELTA, CUMULATIVE = 1, 2


class Sender:
    """A process that reports one metric to a receiver, a second later each time."""

    def __init__(
        self, receiver: Receiver, clock: ManualClock, instance: str = "a", version: str = ""
    ) -> None:
        self.receiver, self.clock, self.instance = receiver, clock, instance
        self.version = (("service.version", version),) if version else ()
        self.rejected = 0

    def send(self, fill: Any, unit: str = "", name: str = "m", **attributes: Any) -> tuple[Point, ...]:
        self.clock.advance(1.0)
        message = ExportMetricsServiceRequest()
        resource = message.resource_metrics.add()
        for key, value in (("service.name", "shop"), ("service.instance.id", self.instance), *self.version):
            resource.resource.attributes.add(key=key).value.string_value = value
        metric = resource.scope_metrics.add().metrics.add(name=name, unit=unit)
        fill(metric, self.clock.now_ns())
        received = self.receiver.metrics(message.SerializeToString(), PROTOBUF)
        self.rejected += received.rejected
        return received.batch.points


@pytest.fixture
def losses() -> Losses:
    return Losses()


@pytest.fixture
def sender(losses: Losses) -> Sender:
    clock = ManualClock(START_NS)
    return Sender(Receiver(clock, losses), clock)


def number(
    value: float,
    start_ns: int = START_NS,
    temporality: int = CUMULATIVE,
    monotonic: bool = True,
    at_ns: int = 0,
    **attributes: str,
) -> Any:
    def fill(metric: Any, now_ns: int) -> None:
        metric.sum.aggregation_temporality = temporality
        metric.sum.is_monotonic = monotonic
        point = metric.sum.data_points.add(
            as_double=value, start_time_unix_nano=start_ns, time_unix_nano=at_ns or now_ns
        )
        for key, text in attributes.items():
            point.attributes.add(key=key).value.string_value = text

    return fill


def exponential(
    values: ExponentialHistogram,
    start_ns: int = START_NS,
    temporality: int = DELTA,
    total: float | None = None,
) -> Any:
    def fill(metric: Any, now_ns: int) -> None:
        data = metric.exponential_histogram
        data.aggregation_temporality = temporality
        point = data.data_points.add(
            scale=values.scale,
            zero_count=values.zero_count,
            count=count(values),
            start_time_unix_nano=start_ns,
            time_unix_nano=now_ns,
        )
        if total is not None:
            point.sum = total
        for ours, theirs in ((values.positive, point.positive), (values.negative, point.negative)):
            theirs.offset = ours.offset
            theirs.bucket_counts.extend(ours.counts.tolist())

    return fill


def totals(points: tuple[Point, ...]) -> list[float]:
    return [p.moments.total for p in points]


def test_a_cumulative_counter_becomes_its_increases(sender: Sender) -> None:
    assert [totals(sender.send(number(v))) for v in (5, 8, 8, 20)] == [[5.0], [3.0], [0.0], [12.0]]
    point = sender.send(number(21))[0]
    assert point.series.kind is Kind.COUNTER
    assert point.series.attributes == (("service", "shop"),)
    assert point.start_ns % SECOND == 0


def test_what_was_counted_before_the_receiver_began_is_the_baseline(sender: Sender) -> None:
    before = START_NS - 1
    assert [totals(sender.send(number(v, before))) for v in (500, 503)] == [[], [3.0]]
    assert totals(sender.send(number(7, 0), name="unknown start")) == []


def test_a_restart_counts_in_full_whether_seen_by_its_start_or_by_a_decrease(sender: Sender) -> None:
    assert totals(sender.send(number(10))) == [10.0]
    assert totals(sender.send(number(12, START_NS + SECOND))) == [12.0]
    assert totals(sender.send(number(4, START_NS + SECOND))) == [4.0]
    assert totals(sender.send(number(6, START_NS + SECOND))) == [2.0]


def test_a_report_that_comes_late_or_twice_is_dropped_and_counted(sender: Sender, losses: Losses) -> None:
    assert totals(sender.send(number(10))) == [10.0]
    late = sender.clock.now_ns()
    assert totals(sender.send(number(30))) == [20.0]
    assert totals(sender.send(number(20, at_ns=late))) == []
    assert losses.totals() == {"ingest.points_out_of_order": 1}
    assert totals(sender.send(number(31))) == [1.0]


def test_instances_of_one_service_are_no_resets_of_each_other(sender: Sender) -> None:
    other = Sender(sender.receiver, sender.clock, instance="b")
    seen = [totals(s.send(number(v))) for s, v in ((sender, 100), (other, 3), (sender, 101), (other, 5))]
    assert seen == [[100.0], [3.0], [1.0], [2.0]]


def test_series_that_become_one_are_summed_within_their_second(sender: Sender) -> None:
    def fill(metric: Any, now_ns: int) -> None:
        number(5, **{"server.port": "1"})(metric, now_ns)
        number(7, **{"server.port": "2"})(metric, now_ns)

    (point,) = sender.send(fill)
    assert point.moments.total == 12.0


def test_streams_that_were_forgotten_are_not_counted_twice() -> None:
    losses, clock = Losses(), ManualClock(START_NS)
    sender = Sender(Receiver(clock, losses, Limits(remembered_streams=2)), clock)
    for name in ("a", "b", "c"):
        assert totals(sender.send(number(10), name=name)) == [10.0]
    assert totals(sender.send(number(11), name="a")) == []
    assert losses.totals()["ingest.streams_forgotten"] == 2


def test_delta_sums_count_as_they_are_and_levels_are_gauges(sender: Sender) -> None:
    assert [totals(sender.send(number(v, temporality=DELTA))) for v in (5, 3)] == [[5.0], [3.0]]
    (level,) = sender.send(number(-4, monotonic=False), name="level")
    assert (level.series.kind, level.moments.last) == (Kind.GAUGE, -4.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_total_that_cannot_be_is_rejected(sender: Sender, value: float) -> None:
    assert sender.send(number(value)) == ()
    assert sender.rejected == 1


def test_a_sum_that_does_not_say_its_temporality_is_rejected(sender: Sender) -> None:
    assert sender.send(number(3, temporality=0)) == ()
    assert sender.rejected == 1


def test_seconds_become_milliseconds_and_braces_are_left_off(sender: Sender) -> None:
    (point,) = sender.send(number(1.5), unit="s")
    assert (point.series.unit, point.moments.total) == ("ms", 1500.0)
    (point,) = sender.send(number(3), unit="{request}", name="n")
    assert (point.series.unit, point.moments.total) == ("request", 3.0)


VALUES = st.lists(st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6), min_size=1, max_size=40)


def same(a: ExponentialHistogram, b: ExponentialHistogram) -> bool:
    return a.zero_count == b.zero_count and all(
        {i + x.offset: c for i, c in enumerate(x.counts.tolist()) if c}
        == {i + y.offset: c for i, c in enumerate(y.counts.tolist()) if c}
        for x, y in ((a.positive, b.positive), (a.negative, b.negative))
    )


@given(st.lists(st.tuples(VALUES, st.integers(-2, 8)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_exponential_histograms_are_merged_without_loss(parts: list[tuple[list[float], int]]) -> None:
    clock = ManualClock(START_NS)
    sender = Sender(Receiver(clock, Losses()), clock)
    points = [sender.send(exponential(sketch(v, scale)), unit="ms")[0] for v, scale in parts]
    merged = merge(p.histogram for p in points if p.histogram is not None)
    whole = sketch([v for values, _ in parts for v in values], min(6, *(s for _, s in parts)))
    assert merged.scale == whole.scale
    assert same(merged, whole)
    assert sum(p.moments.count for p in points) == sum(len(v) for v, _ in parts)


@given(st.lists(VALUES, min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_cumulative_exponential_histograms_lose_nothing_either(parts: list[list[float]]) -> None:
    clock = ManualClock(START_NS)
    sender = Sender(Receiver(clock, Losses()), clock)
    so_far: list[float] = []
    for values in parts:
        so_far += values
        (point,) = sender.send(
            exponential(sketch(so_far), temporality=CUMULATIVE, total=float(np.sum(so_far))), unit="ms"
        )
        assert point.histogram is not None
        assert same(point.histogram, sketch(values))
        assert point.moments.count == len(values)


def test_an_exponential_histogram_that_begins_again_counts_in_full(sender: Sender) -> None:
    assert sender.send(exponential(sketch([1.0, 2.0, 3.0]), temporality=CUMULATIVE))[0].moments.count == 3
    assert sender.send(exponential(sketch([1.0, 9.0]), temporality=CUMULATIVE))[0].moments.count == 2


@given(st.lists(st.floats(1e-4, 1e3), min_size=1, max_size=50), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_a_change_of_unit_moves_quantiles_by_half_a_bucket_at_most(values: list[float], scale: int) -> None:
    clock = ManualClock(START_NS)
    sender = Sender(Receiver(clock, Losses()), clock)
    (point,) = sender.send(exponential(sketch(values, scale), total=float(np.sum(values))), unit="s")
    assert point.histogram is not None
    found = quantiles(point.histogram, [0.0, 0.5, 0.9, 1.0])
    exact = np.quantile(np.array(values) * 1e3, [0.0, 0.5, 0.9, 1.0], method="lower")
    assert np.all(np.abs(np.log2(found / exact)) <= 1.02 * 2.0**-scale + 2.0**-6)
    assert point.moments.total == pytest.approx(1e3 * float(np.sum(values)), rel=1e-2)


@given(
    st.lists(st.floats(0.0, 200.0), min_size=1, max_size=300),
    st.lists(st.floats(0.01, 150.0), min_size=1, max_size=15, unique=True),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_explicit_buckets_are_spread_within_their_bounds(
    values: list[float], bounds: list[float], ranged: bool
) -> None:
    bounds = sorted(bounds)
    array = np.array(values)
    counts = np.bincount(np.searchsorted(bounds, array, side="left"), minlength=len(bounds) + 1)
    held = ExplicitTotal(tuple(bounds), tuple(int(c) for c in counts), float(array.sum()))
    least, most = (float(array.min()), float(array.max())) if ranged else (None, None)
    moments, histogram = spread(held, least, most)
    assert moments.count == count(histogram) == array.size
    if ranged or array.max() <= bounds[-1]:
        assert moments.total == pytest.approx(float(array.sum()), abs=1e-9)
    if not ranged:
        return
    assert (moments.minimum, moments.maximum) == (pytest.approx(least), pytest.approx(most))
    for p in (0.1, 0.5, 0.9):
        exact = float(np.quantile(array, p, method="lower"))
        bucket = int(np.searchsorted(bounds, exact, side="left"))
        low = max(bounds[bucket - 1] if bucket else 0.0, least or 0.0)
        high = min(bounds[bucket] if bucket < len(bounds) else np.inf, most or 0.0)
        (found,) = quantiles(histogram, [p], moments.minimum, moments.maximum)
        assert low * 0.99 <= found <= high * 1.01


def test_explicit_buckets_say_that_they_are_coarse_and_cumulative_ones_are_subtracted(sender: Sender) -> None:
    def histogram(counts: list[int], total: float) -> Any:
        def fill(metric: Any, now_ns: int) -> None:
            metric.histogram.aggregation_temporality = CUMULATIVE
            metric.histogram.data_points.add(
                count=sum(counts),
                sum=total,
                bucket_counts=counts,
                explicit_bounds=[1.0, 2.0],
                start_time_unix_nano=START_NS,
                time_unix_nano=now_ns,
            )

        return fill

    first = sender.send(histogram([1, 2, 0], 4.0), unit="s")[0]
    assert first.series.get("source") == "explicit_buckets"
    assert (first.moments.count, first.moments.total) == (3, 4000.0)
    second = sender.send(histogram([1, 4, 1], 10.5), unit="s")[0]
    assert (second.moments.count, second.moments.total) == (3, pytest.approx(6000.0, rel=0.1))
    assert sender.send(histogram([1, 4, 1], 10.5), unit="s") == ()
    assert sender.send(histogram([1, 0, 0], 0.5), unit="s")[0].moments.count == 1


@pytest.mark.parametrize(
    ("bounds", "counts"),
    [([1.0, 1.0], [1, 1, 1]), ([2.0, 1.0], [1, 1, 1]), ([1.0], [1, 1, 1]), ([float("nan")], [1, 1])],
)
def test_a_histogram_whose_buckets_make_no_sense_is_rejected(
    sender: Sender, bounds: list[float], counts: list[int]
) -> None:
    def fill(metric: Any, now_ns: int) -> None:
        metric.histogram.aggregation_temporality = DELTA
        metric.histogram.data_points.add(bucket_counts=counts, explicit_bounds=bounds, time_unix_nano=now_ns)

    assert sender.send(fill) == ()
    assert sender.rejected == 1


def test_a_summary_gives_counters_and_quantiles_as_gauges(sender: Sender) -> None:
    def fill(metric: Any, now_ns: int) -> None:
        point = metric.summary.data_points.add(
            count=4, sum=2.0, start_time_unix_nano=START_NS, time_unix_nano=now_ns
        )
        point.quantile_values.add(quantile=0.99, value=0.7)

    found = {(p.series.metric, p.series.kind): p for p in sender.send(fill, unit="s")}
    assert found["m.count", Kind.COUNTER].moments.total == 4.0
    assert found["m.sum", Kind.COUNTER].moments.total == 2000.0
    quantile = found["m", Kind.GAUGE]
    assert (quantile.series.get("quantile"), quantile.moments.last) == ("0.99", 700.0)


def test_series_beyond_the_bound_share_one_and_are_counted() -> None:
    losses, clock = Losses(), ManualClock(START_NS)
    sender = Sender(Receiver(clock, losses, Limits(series=3)), clock)
    points = [sender.send(number(1, user=f"u{i}"))[0] for i in range(10)]
    assert len({p.series for p in points}) == 4
    assert points[-1].series.attributes == (("overflow", "true"),)
    assert losses.totals() == {"ingest.series_limit": 7}


def test_the_version_of_the_resource_is_the_release_of_a_metric(losses: Losses) -> None:
    clock = ManualClock(START_NS)
    sender = Sender(Receiver(clock, losses), clock, version="1.4.0")
    (point,) = sender.send(number(3.0, temporality=DELTA))
    assert point.series.attributes == (("release", "1.4.0"), ("service", "shop"))


def test_a_counter_whose_series_was_forgotten_comes_back_without_a_jump(losses: Losses) -> None:
    clock = ManualClock(START_NS)
    sender = Sender(Receiver(clock, losses, Limits(series=1)), clock)
    assert totals(sender.send(number(100, kind="a"))) == [100.0]
    clock.advance(2 * 3_600)
    (other,) = sender.send(number(7, kind="b"))
    assert other.series.get("kind") == "b"
    assert losses.totals() == {"ingest.series_forgotten": 1}
    clock.advance(2 * 3_600)
    (back,) = sender.send(number(103, kind="a"))
    assert (back.series.get("kind"), back.moments.total) == ("a", 3.0)
