"""OTLP as protobuf: OpenTelemetry's own schema, read lazily.

Spans, metrics, log records and attributes are declared as `bytes` instead of messages, which the
protobuf wire format allows. So a damaged span is rejected alone, and an attribute whose encoding was
seen before is looked up instead of decoded. Taking in a span costs less than half of what it costs
with the plain schema (figures: docs/decisions/0010-ingest.md).
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

LAZY = frozenset(
    {
        ("ScopeSpans", "spans"),
        ("ScopeMetrics", "metrics"),
        ("ScopeLogs", "log_records"),
        ("Resource", "attributes"),
        ("Span", "attributes"),
        ("Event", "attributes"),
        ("LogRecord", "attributes"),
        ("NumberDataPoint", "attributes"),
        ("HistogramDataPoint", "attributes"),
        ("ExponentialHistogramDataPoint", "attributes"),
        ("SummaryDataPoint", "attributes"),
        ("NumberDataPoint", "exemplars"),
        ("ExponentialHistogramDataPoint", "exemplars"),
    }
)
UNREAD = frozenset(
    {
        ("Span", "links"),
        ("Span", "trace_state"),
        ("HistogramDataPoint", "exemplars"),
    }
)

_POOL = descriptor_pool.DescriptorPool()


def _relax(message: descriptor_pb2.DescriptorProto) -> None:
    kept = [f for f in message.field if (message.name, f.name) not in UNREAD]
    for field in kept:
        if (message.name, field.name) in LAZY:
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
    del message.field[:]
    message.field.extend(kept)
    for nested in message.nested_type:
        _relax(nested)


def _add(file: FileDescriptor) -> None:
    for dependency in file.dependencies:
        _add(dependency)
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    for message in proto.message_type:
        _relax(message)
    _POOL.Add(proto)


for _service in (trace_service_pb2, metrics_service_pb2, logs_service_pb2):
    _add(_service.DESCRIPTOR)


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"opentelemetry.proto.{name}"))


TraceRequest = _message("collector.trace.v1.ExportTraceServiceRequest")
MetricsRequest = _message("collector.metrics.v1.ExportMetricsServiceRequest")
LogsRequest = _message("collector.logs.v1.ExportLogsServiceRequest")
SpanMessage = _message("trace.v1.Span")
MetricMessage = _message("metrics.v1.Metric")
LogRecordMessage = _message("logs.v1.LogRecord")
KeyValue = _message("common.v1.KeyValue")
