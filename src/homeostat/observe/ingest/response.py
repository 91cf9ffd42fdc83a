"""Responses of OTLP/HTTP: success, partial success, errors. Source: the OTLP specification 1.9."""

from typing import Any, Literal

import msgspec
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from homeostat.observe.ingest.formats import JSON

Signal = Literal["traces", "metrics", "logs"]

_RESPONSES: dict[str, tuple[Any, str, str]] = {
    "traces": (ExportTraceServiceResponse, "rejected_spans", "rejectedSpans"),
    "metrics": (ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints"),
    "logs": (ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords"),
}

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 415: 3, 429: 8, 503: 14}
"""The gRPC code that says the same as an HTTP status."""


def response_type(media_type: str) -> str:
    """Return the media type of the answer to a request: that of the request, protobuf if it is not known."""
    return JSON if media_type.partition(";")[0].strip().lower() == JSON else "application/x-protobuf"


def encode_response(signal: Signal, rejected: int, reason: str, media_type: str) -> bytes:
    """Return the body of a 200: empty for full success, else the partial success with its reason."""
    response, field, json_field = _RESPONSES[signal]
    if response_type(media_type) == JSON:
        partial = {json_field: str(rejected), "errorMessage": reason} if rejected or reason else None
        return msgspec.json.encode({"partialSuccess": partial} if partial else {})
    message = response()
    if rejected or reason:
        setattr(message.partial_success, field, rejected)
        message.partial_success.error_message = reason
    return bytes(message.SerializeToString())


def encode_error(http_status: int, reason: str, media_type: str) -> bytes:
    """Return the body of a 4xx or 5xx: a google.rpc.Status."""
    code = _CODES.get(http_status, 2)
    if response_type(media_type) == JSON:
        return msgspec.json.encode({"code": code, "message": reason})
    return bytes(Status(code=code, message=reason).SerializeToString())
