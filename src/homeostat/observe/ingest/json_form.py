"""OTLP as JSON: messages with the field names and the presence methods of the protobuf ones.

By the OTLP/JSON rules ids are hex (not base64, which is why protobuf's own JSON reader cannot be used),
64-bit integers are text or numbers, enumerations are integers; their names are understood as well.
Unknown fields are ignored.
"""

import base64
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

ENUMS = {
    name: value
    for names in (
        ("SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
         "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"),
        ("STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"),
        ("AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA",
         "AGGREGATION_TEMPORALITY_CUMULATIVE"),
    )
    for value, name in enumerate(names)
}  # fmt: skip


def _enum(value: int | str) -> int:
    if isinstance(value, int):
        return value
    return int(value) if value.isdigit() else ENUMS.get(value, 0)


class Message(Struct, rename="camel", kw_only=True):
    """A message that tells presence as protobuf's do."""

    def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf's name
        """Tell whether an optional field was sent."""
        return getattr(self, name) is not None


class OneOf(Message):
    """A message of which one field is set."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the name of the field that was sent."""
        return next((f for f in self.__struct_fields__ if getattr(self, f) is not None), None)


class AnyValue(OneOf):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: "ArrayValue | None" = None
    kvlist_value: "KeyValueList | None" = None
    base64_value: str | None = field(default=None, name="bytesValue")

    @property
    def bytes_value(self) -> bytes:
        return base64.b64decode(self.base64_value or "")


class ArrayValue(Message):
    values: list[AnyValue] = []


class KeyValue(Message):
    key: str
    value: AnyValue = field(default_factory=AnyValue)


class KeyValueList(Message):
    values: list[KeyValue] = []


class Resource(Message):
    attributes: list[Raw] = []


class Scope(Message):
    name: str = ""


class Status(Message):
    message: str = ""
    code_: int | str = field(default=0, name="code")

    @property
    def code(self) -> int:
        return _enum(self.code_)


class Event(Message):
    time_unix_nano: int = 0
    name: str = ""
    attributes: list[Raw] = []


class WithIds(Message):
    """The ids of a span or of the span that a log record belongs to."""

    hex_trace_id: str | None = field(default=None, name="traceId")
    hex_span_id: str | None = field(default=None, name="spanId")

    @property
    def trace_id(self) -> bytes:
        return bytes.fromhex(self.hex_trace_id or "")

    @property
    def span_id(self) -> bytes:
        return bytes.fromhex(self.hex_span_id or "")


class Span(WithIds):
    hex_parent_span_id: str | None = field(default=None, name="parentSpanId")
    name: str = ""
    kind_: int | str = field(default=0, name="kind")
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: list[Raw] = []
    events: list[Event] = []
    status: Status = field(default_factory=Status)

    @property
    def parent_span_id(self) -> bytes:
        return bytes.fromhex(self.hex_parent_span_id or "")

    @property
    def kind(self) -> int:
        return _enum(self.kind_)


class ScopeSpans(Message):
    scope: Scope = field(default_factory=Scope)
    spans: list[Raw] = []


class ResourceSpans(Message):
    resource: Resource = field(default_factory=Resource)
    scope_spans: list[ScopeSpans] = []


class TraceRequest(Message):
    resource_spans: list[ResourceSpans] = []


class Point(Message):
    attributes: list[Raw] = []
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    flags: int = 0


class NumberPoint(Point):
    as_int: int | None = None
    as_double: float | None = None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return which of the two numbers was sent."""
        return "as_int" if self.as_int is not None else "as_double" if self.as_double is not None else None


class HistogramPoint(Point):
    count: int = 0
    sum: float | None = None
    bucket_counts: list[int] = []
    explicit_bounds: list[float] = []
    min: float | None = None
    max: float | None = None


class Buckets(Message):
    offset: int = 0
    bucket_counts: list[int] = []


class ExponentialPoint(Point):
    count: int = 0
    sum: float | None = None
    scale: int = 0
    zero_count: int = 0
    positive: Buckets = field(default_factory=Buckets)
    negative: Buckets = field(default_factory=Buckets)
    min: float | None = None
    max: float | None = None


class QuantileValue(Message):
    quantile: float = 0.0
    value: float = 0.0


class SummaryPoint(Point):
    count: int = 0
    sum: float = 0.0
    quantile_values: list[QuantileValue] = []


class Aggregated(Message):
    temporality: int | str = field(default=0, name="aggregationTemporality")

    @property
    def aggregation_temporality(self) -> int:
        return _enum(self.temporality)


class Gauge(Message):
    data_points: list[NumberPoint] = []


class Sum(Aggregated):
    data_points: list[NumberPoint] = []
    is_monotonic: bool = False


class Histogram(Aggregated):
    data_points: list[HistogramPoint] = []


class ExponentialHistogram(Aggregated):
    data_points: list[ExponentialPoint] = []


class Summary(Message):
    data_points: list[SummaryPoint] = []


class Metric(Message):
    name: str = ""
    unit: str = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: ExponentialHistogram | None = None
    summary: Summary | None = None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the kind of data that was sent."""
        kinds = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
        return next((k for k in kinds if getattr(self, k) is not None), None)


class ScopeMetrics(Message):
    scope: Scope = field(default_factory=Scope)
    metrics: list[Raw] = []


class ResourceMetrics(Message):
    resource: Resource = field(default_factory=Resource)
    scope_metrics: list[ScopeMetrics] = []


class MetricsRequest(Message):
    resource_metrics: list[ResourceMetrics] = []


class LogRecord(WithIds):
    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number_: int | str = field(default=0, name="severityNumber")
    severity_text: str = ""
    event_name: str = ""
    body: AnyValue = field(default_factory=AnyValue)
    attributes: list[Raw] = []

    @property
    def severity_number(self) -> int:
        return self.severity_number_ if isinstance(self.severity_number_, int) else 0


class ScopeLogs(Message):
    scope: Scope = field(default_factory=Scope)
    log_records: list[Raw] = []


class ResourceLogs(Message):
    resource: Resource = field(default_factory=Resource)
    scope_logs: list[ScopeLogs] = []


class LogsRequest(Message):
    resource_logs: list[ResourceLogs] = []


def decoder(message: type[Any]) -> msgspec.json.Decoder[Any]:
    """Return a decoder that takes integers and booleans written as text."""
    return msgspec.json.Decoder(message, strict=False)
