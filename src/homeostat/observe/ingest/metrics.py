"""Metrics: the data points of the wire become points of series."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from homeostat.core.application import Application
from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import Scalar
from homeostat.observe.export.exemplar import read_moments
from homeostat.observe.ingest.attributes import AttributeReader
from homeostat.observe.ingest.book import SeriesBook
from homeostat.observe.ingest.cumulative import CumulativeStreams
from homeostat.observe.ingest.explicit import ExplicitTotal, spread, subtract_explicit
from homeostat.observe.ingest.exponential import (
    BUCKETS_MAX,
    ExponentialTotal,
    histogram_of,
    moments_of_histogram,
    subtract_exponential,
)
from homeostat.observe.ingest.limits import COUNT_MAX, Limits, in_range
from homeostat.observe.ingest.names import ERROR_TYPE, NOT_IN_SERIES, SERIES_ATTRIBUTES
from homeostat.observe.ingest.spans import last_name
from homeostat.observe.ingest.units import normal_unit
from homeostat.stats.sketch import count as count_of

DELTA, CUMULATIVE = 1, 2
NO_RECORDED_VALUE = 1
ATTRIBUTES_MAX = 12
VALUE_CHARS = 128
EXPLICIT = ("source", "explicit_buckets")

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who sent a metric: the application it is shown under, and what tells its process from all others."""

    application: Application
    identity: str


@dataclass(frozen=True, slots=True)
class _Metric:
    """What all data points of one metric share."""

    name: str
    unit: str
    factor: float
    temporality: int
    monotonic: bool
    writer: Writer


def series_attributes(attributes: dict[str, Scalar], *more: tuple[str, str]) -> Attributes:
    """Return what tells the series of a metric apart: the low-cardinality attributes, by their names here.

    Ids, ports and fingerprints are left out; at most 12 are kept, cut to 128 characters.
    """
    kept = {
        SERIES_ATTRIBUTES.get(name, name): _text(name, value)
        for name, value in attributes.items()
        if name not in NOT_IN_SERIES
    }
    if len(kept) > ATTRIBUTES_MAX:
        kept = dict(sorted(kept.items())[:ATTRIBUTES_MAX])
    kept.update(more)
    return tuple(sorted(kept.items()))


def _text(name: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)[:VALUE_CHARS]
    return last_name(text) if name == ERROR_TYPE else text


def subtract_number(new: float, old: float) -> float | None:
    """Return the increase; None where the number fell."""
    return new - old if new >= old else None


def _single(value: float) -> Moments:
    return Moments(1, value, 0.0, value, value, value)


class MetricReader:
    """Turns metric messages into points; holds the last totals of cumulative streams. For one thread."""

    def __init__(self, losses: Losses, limits: Limits, since_ns: int) -> None:
        self._losses = losses
        self._limits = limits
        self._book = SeriesBook(losses, limits.series)
        self._now_ns = since_ns
        size = limits.remembered_streams
        self._sums = CumulativeStreams(subtract_number, since_ns, size, losses)
        self._explicit = CumulativeStreams(subtract_explicit, since_ns, size, losses)
        self._exponential = CumulativeStreams(subtract_exponential, since_ns, size, losses)
        self._readers: dict[str, Callable[[Any, _Metric, dict[str, Scalar], int], Iterable[Point] | str]] = {
            "gauge": self._gauge,
            "sum": self._sum,
            "histogram": self._histogram,
            "exponential_histogram": self._exponential_histogram,
            "summary": self._summary,
        }

    def points(
        self,
        message: Any,
        attributes: AttributeReader,
        writer: Writer,
        now_ns: int,
        reject: Callable[[str], None],
    ) -> Iterable[Point]:
        """Yield the points of one metric; call `reject` with the reason for each data point that is none."""
        self._now_ns = now_ns
        kind = message.WhichOneof("data")
        if kind is None:
            return
        data = getattr(message, kind)
        if not message.name or len(message.name) > self._limits.name_chars:
            for _ in data.data_points:
                reject(f"a metric's name must have 1 to {self._limits.name_chars} characters")
            return
        unit, factor = normal_unit(message.unit)
        temporality = getattr(data, "aggregation_temporality", CUMULATIVE)
        monotonic = getattr(data, "is_monotonic", False)
        metric = _Metric(message.name, unit, factor, temporality, monotonic, writer)
        read = self._readers[kind]
        for point in data.data_points:
            if point.flags & NO_RECORDED_VALUE:
                continue
            time_ns = point.time_unix_nano or now_ns
            if not now_ns - self._limits.age_ns <= time_ns <= now_ns + self._limits.ahead_ns:
                reject("a data point's time is too far from this machine's clock")
                continue
            if temporality not in (DELTA, CUMULATIVE):
                reject("a metric must say that it is delta or cumulative")
                continue
            try:
                found = read(point, metric, attributes.read(point.attributes), time_ns)
            except (ValueError, OverflowError):
                found = "a data point cannot be read"
            if isinstance(found, str):
                reject(found)
            else:
                yield from found

    def _key(
        self, metric: _Metric, kind: Kind, attributes: dict[str, Scalar], *more: tuple[str, str]
    ) -> SeriesKey | None:
        named = series_attributes(attributes, *metric.writer.application.attributes.items(), *more)
        return self._book.key(metric.name, kind, metric.unit, named, self._now_ns)

    def _point(
        self,
        key: SeriesKey | None,
        time_ns: int,
        moments: Moments,
        histogram: Any = None,
    ) -> Iterable[Point]:
        return () if key is None else (Point(key, time_ns // SECOND_NS * SECOND_NS, moments, histogram),)

    def _gauge(
        self, point: Any, metric: _Metric, attributes: dict[str, Scalar], time_ns: int
    ) -> Iterable[Point] | str:
        value = self._number(point, metric.factor)
        if value is None:
            return "a value must be a finite number"
        moments = _carried(point, metric) or _single(value)
        return self._point(self._key(metric, Kind.GAUGE, attributes), time_ns, moments)

    def _sum(
        self, point: Any, metric: _Metric, attributes: dict[str, Scalar], time_ns: int
    ) -> Iterable[Point] | str:
        value = self._number(point, metric.factor)
        if value is None:
            return "a value must be a finite number"
        if not metric.monotonic:
            kind = Kind.GAUGE if metric.temporality == CUMULATIVE else Kind.COUNTER
            moments = _carried(point, metric) or _single(value)
            return self._point(self._key(metric, kind, attributes), time_ns, moments)
        if value < 0.0:
            return "a monotonic sum must not be negative"
        if metric.temporality == CUMULATIVE:
            stream = self._stream(metric, attributes)
            increase = self._sums.increase(stream, point.start_time_unix_nano, time_ns, value)
            if increase is None:
                return ()
            value = increase
        moments = _carried(point, metric) or _single(value)
        return self._point(self._key(metric, Kind.COUNTER, attributes), time_ns, moments)

    def _histogram(
        self, point: Any, metric: _Metric, attributes: dict[str, Scalar], time_ns: int
    ) -> Iterable[Point] | str:
        held = _explicit_total(point, metric.factor)
        if isinstance(held, str):
            return held
        if metric.temporality == CUMULATIVE:
            stream = self._stream(metric, attributes)
            increase = self._explicit.increase(stream, point.start_time_unix_nano, time_ns, held)
            if increase is None:
                return ()
            held = increase
        if held.count == 0:
            return ()
        moments, histogram = spread(
            held, _optional(point, "min", metric.factor), _optional(point, "max", metric.factor)
        )
        key = self._key(metric, Kind.HISTOGRAM, attributes, EXPLICIT)
        return self._point(key, time_ns, moments, histogram)

    def _exponential_histogram(
        self, point: Any, metric: _Metric, attributes: dict[str, Scalar], time_ns: int
    ) -> Iterable[Point] | str:
        histogram = histogram_of(point, metric.factor)
        if isinstance(histogram, str):
            return histogram
        total = _optional(point, "sum", metric.factor)
        if total is None and point.HasField("sum"):
            return "a sum must be a finite number"
        held = ExponentialTotal(histogram, total)
        if metric.temporality == CUMULATIVE:
            stream = self._stream(metric, attributes)
            increase = self._exponential.increase(stream, point.start_time_unix_nano, time_ns, held)
            if increase is None:
                return ()
            held = increase
        if count_of(held.histogram) == 0:
            return ()
        moments = _carried(point, metric) if metric.temporality == DELTA else None
        if moments is None or moments.count != count_of(held.histogram):
            moments = moments_of_histogram(
                held, _optional(point, "min", metric.factor), _optional(point, "max", metric.factor)
            )
        key = self._key(metric, Kind.HISTOGRAM, attributes)
        return self._point(key, time_ns, moments, held.histogram)

    def _summary(
        self, point: Any, metric: _Metric, attributes: dict[str, Scalar], time_ns: int
    ) -> Iterable[Point] | str:
        """A summary's quantiles cannot be merged: they are gauges; its count and sum are counters."""
        total = point.sum * metric.factor
        if not in_range(total) or not 0 <= point.count < COUNT_MAX:
            return "a summary's sum and count must be finite numbers"
        found: list[Point] = []
        start_ns = point.start_time_unix_nano
        for part, unit, value in (("count", "1", float(point.count)), ("sum", metric.unit, total)):
            named = _Metric(f"{metric.name}.{part}", unit, 1.0, CUMULATIVE, True, metric.writer)
            increase = self._sums.increase(self._stream(named, attributes), start_ns, time_ns, value)
            if increase is not None:
                found += self._point(self._key(named, Kind.COUNTER, attributes), time_ns, _single(increase))
        for at in point.quantile_values[:16]:
            if in_range(at.value * metric.factor):
                key = self._key(metric, Kind.GAUGE, attributes, ("quantile", f"{at.quantile:g}"))
                found += self._point(key, time_ns, _single(at.value * metric.factor))
        return found

    def _number(self, point: Any, factor: float) -> float | None:
        which = point.WhichOneof("value")
        value = float(getattr(point, which)) * factor if which else math.nan
        if in_range(value):
            return value
        self._losses.add("ingest.not_finite")
        return None

    @staticmethod
    def _stream(metric: _Metric, attributes: dict[str, Scalar]) -> tuple[object, ...]:
        return metric.writer.identity, metric.name, tuple(sorted(attributes.items(), key=lambda i: i[0]))


def _carried(point: Any, metric: _Metric) -> Moments | None:
    """The exact moments that Homeostat's own exporter sends along with a delta or a gauge."""
    exemplars = getattr(point, "exemplars", ())
    if not exemplars or metric.factor != 1.0 or (metric.temporality == CUMULATIVE and metric.monotonic):
        return None
    return read_moments(exemplars)


def _optional(point: Any, name: str, factor: float) -> float | None:
    if not point.HasField(name):
        return None
    value = float(getattr(point, name)) * factor
    return value if in_range(value) else None


def _explicit_total(point: Any, factor: float) -> ExplicitTotal | str:
    counts = tuple(point.bucket_counts) or (point.count,)
    bounds = tuple(b * factor for b in point.explicit_bounds)
    if len(bounds) + 1 != len(counts) or len(counts) > BUCKETS_MAX:
        return "a histogram must have one bucket more than bounds"
    if not all(in_range(b) for b in bounds) or any(a >= b for a, b in pairwise(bounds)):
        return "the bounds of a histogram must be finite and increasing"
    if not 0 <= min(counts) <= max(counts) < COUNT_MAX:
        return "a bucket's count is out of range"
    if sum(counts) >= COUNT_MAX:
        return "a bucket's count is out of range"
    total = _optional(point, "sum", factor)
    if total is None and point.HasField("sum"):
        return "a sum must be a finite number"
    return ExplicitTotal(bounds, counts, total)
