"""The OTLP exporter: a sink that sends batches to a server, as OTLP/HTTP with protobuf.

It sends where it is called; queue, thread and patience belong to the writer in front of it. The server
may get a request twice when the connection breaks before its answer.
Source: https://opentelemetry.io/docs/specs/otlp/ 1.9, section on OTLP/HTTP.
"""

import gzip
import http.client
import logging
import time
from collections import deque
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError, StoreBusy, StoreError
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.observe.export.messages import requests

TIMEOUT_S = 10.0
RETRY_AFTER_S_MAX = 60.0
BODY_BYTES_MAX = 65_536
GZIP_LEVEL = 1
"""Level 1 takes a third of the time of the default and a tenth more bytes."""

LATER = frozenset({429, 502, 503, 504})
"""Answers after which the standard lets a client try again."""


class OtlpExporter:
    """Sends batches over one connection that stays open. One thread at a time may use it."""

    def __init__(
        self,
        endpoint: str,
        service: str,
        losses: Losses,
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        address = urlsplit(endpoint)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(
                f"endpoint must be an address such as 'http://127.0.0.1:4318', not {endpoint!r}"
            )
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname, address.port, timeout=timeout_s)
        self._endpoint = endpoint
        self._path = address.path.rstrip("/")
        self._service = service
        self._losses = losses
        self._monotonic = monotonic
        self._not_before_s = 0.0
        self._batch: Batch | None = None
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def write(self, batch: Batch) -> None:
        """Send a batch. Raises StoreBusy where trying again helps, StoreError where it does not.

        A batch that is written again goes on after the requests that the server has taken already.
        """
        wait_s = self._not_before_s - self._monotonic()
        if wait_s > 0:
            raise StoreBusy(f"{self._endpoint} asked for patience: {wait_s:.1f} s to go")
        if self._batch is not batch:
            self._batch = batch
            self._waiting = deque(
                (path, gzip.compress(body, GZIP_LEVEL)) for path, body in requests(batch, self._service)
            )
        while self._waiting:
            path, body = self._waiting[0]
            status, retry_after, answer = self._post(path, body)
            if status in LATER:
                self._not_before_s = self._monotonic() + retry_after_s(retry_after)
                raise StoreBusy(f"{self._endpoint} answered {status}")
            if not 200 <= status < 300:
                self._batch = None
                raise StoreError(refusal(self._endpoint + path, status, answer))
            self._waiting.popleft()
            self._note_rejected(path, answer)
        self._batch = None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Send one request; once more where a connection that was kept open turns out to be closed."""
        reused = self._connection.sock is not None
        try:
            return self._exchange(path, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if not reused or isinstance(error, TimeoutError):
                raise StoreBusy(f"{self._endpoint} cannot be reached: {error!r}") from error
        try:
            return self._exchange(path, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise StoreBusy(f"{self._endpoint} cannot be reached: {error!r}") from error

    def _exchange(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        self._connection.request("POST", self._path + path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read(BODY_BYTES_MAX)
        if not response.isclosed():
            self._connection.close()
        return response.status, response.getheader("Retry-After", ""), answer

    def _note_rejected(self, path: str, answer: bytes) -> None:
        if not answer:
            return
        rejected, reason = rejected_of(path, answer)
        if rejected:
            self._losses.add(f"export.rejected{path.replace('/v1/', '.')}", rejected)
            event("homeostat.export_rejected", logging.WARNING, path=path, count=rejected, reason=reason)


def rejected_of(path: str, answer: bytes) -> tuple[int, str]:
    """Return how many items a server did not take, and why, as its partial success says."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    try:
        if path == "/v1/traces":
            traces = ExportTraceServiceResponse.FromString(answer).partial_success
            return traces.rejected_spans, traces.error_message
        if path == "/v1/metrics":
            metrics = ExportMetricsServiceResponse.FromString(answer).partial_success
            return metrics.rejected_data_points, metrics.error_message
        logs = ExportLogsServiceResponse.FromString(answer).partial_success
    except DecodeError:
        return 0, ""
    return logs.rejected_log_records, logs.error_message


def refusal(address: str, status: int, answer: bytes) -> str:
    """Say what a server refused, and what helps."""
    remedy = {
        401: "give the server's token (HOMEOSTAT_TOKEN)",
        403: "give the server's token (HOMEOSTAT_TOKEN)",
        404: "check that the address is that of an OTLP receiver",
        413: "raise the server's limit on the size of a request",
    }.get(status, "see the server's log")
    reason = answer[:200].decode("utf-8", "replace")
    return f"{address} answered {status} {reason!r}: {remedy}"


def retry_after_s(header: str) -> float:
    """Return how long a `Retry-After` header asks to wait, at most a minute; 0 where it says nothing."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX) if seconds == seconds else 0.0
