"""The messages of OTLP that a batch becomes.

Histograms go as exponential histograms with delta temporality, bucket for bucket; counters as delta
sums, gauges as gauges; moments ride along as exemplars. A call to a model goes in OpenTelemetry's GenAI
attributes. The scope is `homeostat`, by which a server of ours knows that the metrics of these spans
come too and need not be derived from them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.histogram import Buckets, ExponentialHistogram
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.span import LlmCall, LogRecord, Scalar, Span
from homeostat.observe.export.exemplar import write_moments
from homeostat.stats.sketch import downscale

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as LogMessage
    from opentelemetry.proto.metrics.v1.metrics_pb2 import (
        ExponentialHistogramDataPoint,
        Metric,
        NumberDataPoint,
    )
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

SCOPE = "homeostat"
ITEMS_PER_REQUEST = 5_000
"""Spans, points or logs of one request, so that a server's limit on its size is not met."""

BUCKETS_MAX = 4_096
"""Buckets of one histogram: receivers refuse larger ones."""

KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
SEVERITIES = {"trace": 1, "debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21}
STATUS_ERROR = 2
DELTA = 1
OF_RESOURCE = ("service", "release")
"""Attributes of series that the resource tells, under OpenTelemetry's names."""

Item = TypeVar("Item")


def requests(batch: Batch, service: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the body of each request that a batch takes."""
    for points in _parts(batch.points):
        yield "/v1/metrics", metrics_request(points, service)
    for spans in _parts(batch.spans):
        yield "/v1/traces", traces_request(spans)
    for logs in _parts(batch.logs):
        yield "/v1/logs", logs_request(logs)


def _parts(items: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    for start in range(0, len(items), ITEMS_PER_REQUEST):
        yield items[start : start + ITEMS_PER_REQUEST]


def _groups(
    items: Iterable[Item], key: Callable[[Item], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], Iterator[Item]]]:
    return groupby(sorted(items, key=key), key)


def _attributes(fields: "RepeatedCompositeFieldContainer[KeyValue]", values: Mapping[str, Scalar]) -> None:
    for key, value in values.items():
        field = fields.add()
        field.key = key
        if isinstance(value, bool):
            field.value.bool_value = value
        elif isinstance(value, int) and -(2**63) <= value < 2**63:
            field.value.int_value = value
        elif isinstance(value, int | float):
            field.value.double_value = float(value)
        else:
            field.value.string_value = value


def _resource(resource: "Resource", service: str, release: str = "") -> None:
    version = {"service.version": release} if release else {}
    _attributes(resource.attributes, {"service.name": service, **version})


def metrics_request(points: Sequence[Point], service: str) -> bytes:
    """Return an ExportMetricsServiceRequest; a point without a service belongs to the one given."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    request = ExportMetricsServiceRequest()
    for (name, release), of_release in _groups(
        points, lambda p: (p.series.get("service", service), p.series.get("release"))
    ):
        resource = request.resource_metrics.add()
        _resource(resource.resource, name, release)
        scope = resource.scope_metrics.add()
        scope.scope.name = SCOPE
        for _, of_metric in _groups(of_release, lambda p: (p.series.metric, p.series.kind, p.series.unit)):
            _metric(scope.metrics.add(), list(of_metric))
    return request.SerializeToString()


def _metric(metric: "Metric", points: list[Point]) -> None:
    series = points[0].series
    metric.name, metric.unit = series.metric, series.unit
    if series.kind is Kind.COUNTER:
        metric.sum.aggregation_temporality = DELTA  # type: ignore[assignment]
        metric.sum.is_monotonic = all(p.moments.minimum >= 0 for p in points)
    elif series.kind is Kind.HISTOGRAM:
        metric.exponential_histogram.aggregation_temporality = DELTA  # type: ignore[assignment]
    for point in points:
        if series.kind is Kind.HISTOGRAM:
            _histogram(metric.exponential_histogram.data_points.add(), point)
        else:
            _number((metric.sum if series.kind is Kind.COUNTER else metric.gauge).data_points.add(), point)


def _histogram(data: "ExponentialHistogramDataPoint", point: Point) -> None:
    _outline(data, point)
    moments = point.moments
    data.count, data.sum = moments.count, moments.total
    data.min, data.max = moments.minimum, moments.maximum
    if point.histogram is None:
        return
    histogram = fitting(point.histogram)
    data.scale, data.zero_count = histogram.scale, histogram.zero_count
    _buckets(data.positive, histogram.positive)
    _buckets(data.negative, histogram.negative)


def fitting(histogram: ExponentialHistogram) -> ExponentialHistogram:
    """Return the histogram at the finest scale, up to its own, at which each side has `BUCKETS_MAX` buckets.

    Coarser is only what spans more than 64 doublings (1 ns to 580 years).
    """
    while max(histogram.positive.counts.size, histogram.negative.counts.size) > BUCKETS_MAX:
        histogram = downscale(histogram, histogram.scale - 1)
    return histogram


def _number(data: "NumberDataPoint", point: Point) -> None:
    _outline(data, point)
    counted = point.series.kind is Kind.COUNTER
    data.as_double = point.moments.total if counted else point.moments.last


def _outline(data: "ExponentialHistogramDataPoint | NumberDataPoint", point: Point) -> None:
    data.start_time_unix_nano = point.start_ns
    data.time_unix_nano = point.start_ns + SECOND_NS - 1
    _attributes(data.attributes, {k: v for k, v in point.series.attributes if k not in OF_RESOURCE})
    write_moments(data.exemplars.add(), point.moments, data.time_unix_nano)


def _buckets(message: "ExponentialHistogramDataPoint.Buckets", buckets: Buckets) -> None:
    message.offset = buckets.offset
    message.bucket_counts.extend(buckets.counts.tolist())


def traces_request(spans: Sequence[Span]) -> bytes:
    """Return an ExportTraceServiceRequest."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    for (service, release, source), of_scope in _groups(spans, lambda s: (s.service, s.release, s.source)):
        resource = request.resource_spans.add()
        _resource(resource.resource, service, release)
        scope = resource.scope_spans.add()
        scope.scope.name = source
        for span in of_scope:
            _span(scope.spans.add(), span)
    return request.SerializeToString()


def _span(message: "SpanMessage", span: Span) -> None:
    message.trace_id, message.span_id, message.parent_span_id = span.trace_id, span.span_id, span.parent_id
    message.name = span.name
    message.kind = KINDS.get(span.kind, 0)  # type: ignore[assignment]
    message.start_time_unix_nano = span.start_ns
    message.end_time_unix_nano = span.start_ns + span.duration_ns
    _attributes(message.attributes, span.attributes)
    if span.llm is not None:
        _attributes(message.attributes, call_attributes(span.llm))
    if span.error:
        message.status.code = STATUS_ERROR  # type: ignore[assignment]
        _attributes(message.attributes, {"error.type": span.error})
    for happened in span.events:
        event = message.events.add()
        event.time_unix_nano, event.name = happened.time_ns, happened.name
        _attributes(event.attributes, happened.attributes)


def call_attributes(call: LlmCall) -> dict[str, Scalar]:
    """Return a call to a model in OpenTelemetry's GenAI attributes; what is unknown is left out."""
    first = call.first_token_ns
    said: dict[str, Scalar | None] = {
        "gen_ai.operation.name": call.operation,
        "gen_ai.provider.name": call.provider or None,
        "gen_ai.request.model": call.request_model or None,
        "gen_ai.response.model": call.model or None,
        "gen_ai.usage.input_tokens": call.input_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cached_tokens,
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens,
        # half a nanosecond up, so that cutting to whole nanoseconds gives the same number back
        "gen_ai.response.time_to_first_chunk": None if first is None else (first + 0.5) / 1e9,
        "gen_ai.request.stream": call.streaming or None,
        "homeostat.llm.cost_usd": call.cost_usd,
    }
    return {name: value for name, value in said.items() if value is not None}


def logs_request(logs: Sequence[LogRecord]) -> bytes:
    """Return an ExportLogsServiceRequest."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest()
    for (service,), of_service in _groups(logs, lambda r: (r.service,)):
        resource = request.resource_logs.add()
        _resource(resource.resource, service)
        scope = resource.scope_logs.add()
        scope.scope.name = SCOPE
        for log in of_service:
            _log(scope.log_records.add(), log)
    return request.SerializeToString()


def _log(message: "LogMessage", log: LogRecord) -> None:
    message.time_unix_nano = log.time_ns
    message.severity_number = SEVERITIES.get(log.severity, 0)  # type: ignore[assignment]
    message.severity_text, message.event_name = log.severity, log.name
    if log.body:
        message.body.string_value = log.body
    message.trace_id, message.span_id = log.trace_id, log.span_id
    _attributes(message.attributes, log.attributes)
