"""Captured OTLP: what real client packages sent, as the bytes that they sent.

The captures hold protobuf's JSON form (base64 ids), which is not OTLP/JSON; here it becomes protobuf
bytes or true OTLP/JSON again.
"""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS: dict[str, Any] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
IDS = ("traceId", "spanId", "parentSpanId")


@dataclass(frozen=True, slots=True)
class CapturedRequest:
    """One request: its signal (traces, metrics or logs) and its body as a protobuf message."""

    signal: str
    message: Any

    @property
    def protobuf(self) -> bytes:
        """The body as protobuf."""
        return bytes(self.message.SerializeToString())

    @property
    def json(self) -> bytes:
        """The body as OTLP/JSON: ids in hex, enumerations as integers."""
        return otlp_json(self.message)


def data_folder() -> Path | None:
    """Return the folder of real inputs: `HOMEOSTAT_DATA`, else `../shared/data`; None if it is absent."""
    named = os.environ.get("HOMEOSTAT_DATA")
    folder = Path(named) if named else Path(__file__).parents[4] / "shared" / "data"
    return folder if folder.is_dir() else None


def captured(file: Path) -> Iterator[CapturedRequest]:
    """Yield the requests of one capture."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            signal = request["path"].rpartition("/")[2]
            yield CapturedRequest(signal, ParseDict(request["body"], REQUESTS[signal]()))


def gauge_request(metric: str, value: float, time_ns: int, **attributes: str) -> bytes:
    """Return a request with one point of a gauge, as protobuf."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "test"
    found = resource.scope_metrics.add().metrics.add(name=metric)
    point = found.gauge.data_points.add(time_unix_nano=time_ns, as_double=value)
    for name, text in attributes.items():
        point.attributes.add(key=name).value.string_value = text
    return bytes(request.SerializeToString())


def otlp_json(message: Any) -> bytes:
    """Return a request message as OTLP/JSON."""
    return json.dumps(_with_hex_ids(MessageToDict(message, use_integers_for_enums=True))).encode()


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _hex(v) if k in IDS else _with_hex_ids(v) for k, v in value.items()}
    return [_with_hex_ids(v) for v in value] if isinstance(value, list) else value


def _hex(text: str) -> str:
    return base64.b64decode(text).hex()
