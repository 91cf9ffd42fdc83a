"""Claims about the exporter, against real servers on this machine and the receiver at the other end."""

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError, StoreBusy, StoreError
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, LogRecord, Span, SpanEvent
from homeostat.observe.export.messages import ITEMS_PER_REQUEST, requests
from homeostat.observe.export.otlp import OtlpExporter, retry_after_s
from homeostat.observe.ingest.receiver import Receiver
from homeostat.observe.recorder import Recorder
from homeostat.stats.sketch import sketch
from homeostat.testing.clock import ManualClock

SECOND = 1_000_000_000
NOW = 1_750_000_000 * SECOND

Answer = tuple[int, dict[str, str], bytes]


class Server:
    """An OTLP receiver that answers as it is told, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[Answer | None] = []
        self.connections = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def setup(self) -> None:
                super().setup()
                owner.connections += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {k.lower(): v for k, v in self.headers.items()}
                owner.got.append((self.path, headers, gzip.decompress(body)))
                answer = owner.answers.pop(0) if owner.answers else (200, {}, b"")
                if answer is None:
                    self.close_connection = True
                    return
                status, extra, content = answer
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def exporter(server: Server) -> Iterator[OtlpExporter]:
    exporter = OtlpExporter(server.address, "svc", Losses())
    yield exporter
    exporter.close()


def point(values: list[float], kind: Kind = Kind.HISTOGRAM, **attributes: object) -> Point:
    recorder = Recorder(SeriesKey.of("m.x", kind, "ms", {"service": "svc", **attributes}))
    recorder.buffer.extend(values)
    folded = recorder.fold(NOW, NOW + SECOND, Losses())
    assert folded is not None
    return folded


def span(**fields: object) -> Span:
    usual = Span(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_id=b"",
        name="answer",
        operation="answer",
        service="svc",
        kind="internal",
        start_ns=NOW,
        duration_ns=5,
    )
    return msgspec.structs.replace(usual, **fields)


BATCH = Batch(points=(point([1.0, 2.0]),), spans=(span(),))


def received(batch: Batch) -> Batch:
    """What a server makes of a batch that was exported."""
    receiver = Receiver(ManualClock(NOW), Losses())
    take = {"/v1/traces": receiver.traces, "/v1/metrics": receiver.metrics, "/v1/logs": receiver.logs}
    parts = [take[path](body, "application/x-protobuf") for path, body in requests(batch, "svc")]
    assert [p.rejected for p in parts] == [0] * len(parts), [p.reason for p in parts]
    return Batch(
        points=tuple(p for part in parts for p in part.batch.points),
        spans=tuple(s for part in parts for s in part.batch.spans),
        logs=tuple(r for part in parts for r in part.batch.logs),
    )


def test_releases_of_one_service_arrive_apart() -> None:
    points = (point([1.0], release="1"), point([2.0], release="2"), point([3.0]))
    spans = tuple(span(span_id=bytes([n]) * 8, release=r) for n, r in ((1, "1"), (2, "2"), (3, "")))
    got = received(Batch(points=points, spans=spans))
    assert {(p.series.get("release"), p.moments.total) for p in got.points} == {
        ("1", 1.0),
        ("2", 2.0),
        ("", 3.0),
    }
    assert {p.series for p in got.points} == {p.series for p in points}
    assert {(s.span_id[0], s.release) for s in got.spans} == {(1, "1"), (2, "2"), (3, "")}


def same_point(a: Point, b: Point) -> bool:
    """Equal to the last bit, whatever empty buckets the histogram has at its ends."""

    def counts(p: Point) -> list[object]:
        if p.histogram is None:
            return []
        sides = (p.histogram.positive, p.histogram.negative)
        filled = [{s.offset + i: int(n) for i, n in enumerate(s.counts) if n} for s in sides]
        return [p.histogram.scale, p.histogram.zero_count, *filled]

    return replace(a, histogram=None) == replace(b, histogram=None) and counts(a) == counts(b)


values = st.floats(1e-6, 1e9) | st.just(0.0) | st.floats(-1e6, -1e-3)


@given(st.lists(values, min_size=1, max_size=50), st.sampled_from(Kind))
def test_points_arrive_without_any_loss(recorded: list[float], kind: Kind) -> None:
    sent = point(recorded, kind, model="m", error="Boom")
    (arrived,) = received(Batch(points=(sent,))).points
    assert same_point(arrived, sent)


def test_many_series_of_several_services_arrive_as_they_were() -> None:
    sent = [
        replace(p, series=SeriesKey.of(f"m{i % 3}", p.series.kind, "1", {"service": f"s{i % 2}", "n": i}))
        for i, p in enumerate([point([float(i), i + 1.0], kind) for i in range(10) for kind in Kind])
    ]
    arrived = {p.series: p for p in received(Batch(points=tuple(sent))).points}
    assert len(arrived) == len(sent)
    assert all(same_point(arrived[p.series], p) for p in sent)


def test_spans_arrive_without_any_loss_and_are_not_measured_twice() -> None:
    call = LlmCall(
        operation="chat",
        provider="openai",
        model="gpt-4o-2024-08-06",
        request_model="gpt-4o",
        input_tokens=100,
        output_tokens=20,
        cached_tokens=64,
        cache_write_tokens=0,
        reasoning_tokens=8,
        first_token_ns=123_456_789,
        streaming=True,
        cost_usd=0.00123,
    )
    sent = (
        span(attributes={"a": "x", "n": 3, "r": 0.5, "b": True}, events=(SpanEvent(NOW + 1, "e", {"k": 1}),)),
        span(
            span_id=b"2" * 8,
            parent_id=b"s" * 8,
            name="chat gpt-4o",
            operation="chat",
            kind="client",
            duration_ns=2 * SECOND,
            llm=call,
        ),
        span(span_id=b"3" * 8, error="TimeoutError", service="other"),
    )
    arrived = received(Batch(spans=sent))
    assert arrived.points == ()
    found = {s.span_id: s for s in arrived.spans}
    assert found[b"s" * 8] == sent[0]
    assert found[b"2" * 8].llm == call
    assert found[b"2" * 8].parent_id == b"s" * 8
    assert (found[b"3" * 8].error, found[b"3" * 8].service) == ("TimeoutError", "other")


@pytest.mark.parametrize("first_token_ns", [1, 999_999_999, 123_456_789_012_345])
def test_the_time_of_the_first_token_survives_to_the_nanosecond(first_token_ns: int) -> None:
    call = LlmCall(
        operation="chat", model="m", request_model="m", first_token_ns=first_token_ns, streaming=True
    )
    (arrived,) = received(
        Batch(spans=(span(llm=call, start_ns=NOW - 2 * 10**14, duration_ns=2 * 10**14),))
    ).spans
    assert arrived.llm is not None
    assert arrived.llm.first_token_ns == first_token_ns


def test_logs_arrive() -> None:
    sent = LogRecord(NOW, "svc", "error", "exception", "", b"t" * 16, b"s" * 8, {"k": 1})
    assert received(Batch(logs=(sent,))).logs == (sent,)


def test_a_histogram_of_any_range_fits_what_receivers_take() -> None:
    wide = point([1e-90, 1.0, 1e90])
    (arrived,) = received(Batch(points=(wide,))).points
    assert arrived.moments == wide.moments
    assert arrived.histogram is not None
    assert arrived.histogram.positive.counts.sum() == 3
    assert arrived.histogram.scale < 6


def test_requests_are_cut_to_a_size_that_servers_take() -> None:
    spans = tuple(span(span_id=i.to_bytes(8, "big")) for i in range(1, 2 * ITEMS_PER_REQUEST + 2))
    assert [path for path, _ in requests(Batch(spans=spans), "svc")] == ["/v1/traces"] * 3


def test_a_batch_goes_out_compressed_over_one_connection(server: Server, exporter: OtlpExporter) -> None:
    for _ in range(3):
        exporter.write(Batch(points=BATCH.points, spans=BATCH.spans))
    assert [path for path, _, _ in server.got] == ["/v1/metrics", "/v1/traces"] * 3
    assert server.connections == 1
    headers = server.got[0][1]
    assert (headers["content-type"], headers["content-encoding"]) == ("application/x-protobuf", "gzip")
    assert "authorization" not in headers


def test_the_token_and_the_path_of_the_address_are_used(server: Server) -> None:
    exporter = OtlpExporter(server.address + "/base/", "svc", Losses(), token="secret")
    exporter.write(Batch(spans=(span(),)))
    exporter.close()
    path, headers, _ = server.got[0]
    assert (path, headers["authorization"]) == ("/base/v1/traces", "Bearer secret")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_the_server_takes_later_is_busy_and_goes_on_where_it_stopped(
    server: Server, exporter: OtlpExporter, status: int
) -> None:
    server.answers = [(200, {}, b""), (status, {}, b"")]
    with pytest.raises(StoreBusy, match=str(status)):
        exporter.write(BATCH)
    exporter.write(BATCH)
    assert [path for path, _, _ in server.got] == ["/v1/metrics", "/v1/traces", "/v1/traces"]


def test_retry_after_is_honoured(server: Server) -> None:
    now = [100.0]
    exporter = OtlpExporter(server.address, "svc", Losses(), monotonic=lambda: now[0])
    server.answers = [(429, {"Retry-After": "7"}, b"")]
    with pytest.raises(StoreBusy):
        exporter.write(BATCH)
    now[0] += 6.9
    with pytest.raises(StoreBusy, match="patience"):
        exporter.write(BATCH)
    assert len(server.got) == 1
    now[0] += 0.2
    exporter.write(BATCH)
    exporter.close()
    assert len(server.got) == 3


@pytest.mark.parametrize(
    ("status", "remedy"), [(400, "log"), (401, "token"), (404, "address"), (413, "size")]
)
def test_a_refusal_says_what_helps_and_is_not_tried_again(
    server: Server, exporter: OtlpExporter, status: int, remedy: str
) -> None:
    server.answers = [(status, {}, b"because")]
    with pytest.raises(StoreError, match=remedy) as refused:
        exporter.write(BATCH)
    assert not isinstance(refused.value, StoreBusy)
    exporter.write(Batch(spans=(span(),)))
    assert [path for path, _, _ in server.got] == ["/v1/metrics", "/v1/traces"]


def test_a_connection_that_the_server_closed_while_idle_is_opened_again(
    server: Server, exporter: OtlpExporter
) -> None:
    server.answers = [(200, {"Connection": "close"}, b""), None, (200, {}, b"")]
    exporter.write(Batch(spans=(span(),)))
    with pytest.raises(StoreBusy, match="cannot be reached"):
        exporter.write(BATCH)
    exporter.write(BATCH)
    server.answers = [None, (200, {}, b"")]
    exporter.write(Batch(spans=(span(),)))


def test_an_address_where_nobody_listens_is_busy_not_fatal() -> None:
    server = Server()
    server.close()
    exporter = OtlpExporter(server.address, "svc", Losses())
    with pytest.raises(StoreBusy, match="cannot be reached"):
        exporter.write(BATCH)


def test_what_a_server_rejects_of_a_batch_is_counted(server: Server) -> None:
    losses = Losses()
    exporter = OtlpExporter(server.address, "svc", losses)
    partial = ExportTracePartialSuccess(rejected_spans=3, error_message="too old")
    content = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    server.answers = [(200, {}, content), (200, {}, b"\xff not protobuf")]
    exporter.write(Batch(spans=(span(),)))
    exporter.write(Batch(spans=(span(),)))
    exporter.close()
    assert losses.totals() == {"export.rejected.traces": 3}


@pytest.mark.parametrize("address", ["", "localhost:4318", "ftp://x", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="endpoint must be an address"):
        OtlpExporter(address, "svc", Losses())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("", 0.0), ("soon", 0.0), ("nan", 0.0), ("1e9", 60.0)],
)
def test_retry_after_is_bounded(header: str, seconds: float) -> None:
    assert retry_after_s(header) == seconds


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_s("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0
    assert retry_after_s("Fri, 31 Dec 9999 23:59:59 GMT") == 60.0


def test_the_oracle_of_these_tests_sees_a_difference() -> None:
    a = point([1.0, 2.0])
    assert not same_point(a, replace(a, histogram=sketch(np.array([1.0, 3.0]))))
