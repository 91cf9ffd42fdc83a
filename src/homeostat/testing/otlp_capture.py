"""The OTLP capture: a server that takes in what a program exports, and decodes it for a test to look at."""

import gzip
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

WAIT_S = 60.0


class OtlpCapture:
    """A server of OTLP over HTTP (protobuf) on a free port of this machine, while its block lasts."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._spans: list[tuple[str, str, Span]] = []
        self._metrics: set[str] = set()
        self.headers: list[dict[str, str]] = []
        capture = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                capture._take(self.path, body, {k.lower(): v for k, v in self.headers.items()})
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        with self._arrived:
            self.headers.append(headers)
            if path.endswith("/v1/traces"):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    service = str(attributes(resource.resource.attributes).get("service.name", ""))
                    self._spans += [
                        (service, s.scope.name, span) for s in resource.scope_spans for span in s.spans
                    ]
            elif path.endswith("/v1/metrics"):
                for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    self._metrics |= {m.name for scope in measured.scope_metrics for m in scope.metrics}
            self._arrived.notify_all()

    def spans(self, at_least: int = 0, timeout_s: float = WAIT_S) -> list[Span]:
        """Return the spans so far in order of their start, once there are so many (or time is up)."""
        return [span for _, _, span in self._sorted(at_least, timeout_s)]

    def scopes(self) -> set[str]:
        """Return the names of the instrumentations that sent spans."""
        return {scope for _, scope, _ in self._spans}

    def services(self) -> set[str]:
        """Return the services that sent spans."""
        return {service for service, _, _ in self._spans}

    def metrics(self, wanted: str = "", timeout_s: float = WAIT_S) -> set[str]:
        """Return the names of the metrics so far, once the wanted one is among them (or time is up)."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while wanted and wanted not in self._metrics and time.monotonic() < deadline:
                self._arrived.wait(deadline - time.monotonic())
            return set(self._metrics)

    def _sorted(self, at_least: int, timeout_s: float) -> list[tuple[str, str, Span]]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._spans) >= at_least, timeout_s)
            return sorted(self._spans, key=lambda found: found[2].start_time_unix_nano)


def attributes(pairs: Iterable[KeyValue]) -> dict[str, object]:
    """Return OTLP's attributes as a dict; lists and maps are left as they are."""
    return {pair.key: _scalar(pair.value) for pair in pairs}


def _scalar(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
