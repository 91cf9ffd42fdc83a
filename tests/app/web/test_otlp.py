"""Claims about taking OTLP in over HTTP."""

import asyncio
import gzip
import json
import struct
import threading
import tracemalloc
import zlib
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.requests import Request
from starlette.testclient import TestClient

from homeostat.app.web import otlp
from homeostat.app.web.app import create_app
from homeostat.app.web.otlp import Bounds, OtlpReceiver
from homeostat.core.query import TracesQuery
from homeostat.loop.writer import Fate, Settled
from homeostat.testing.small_node import SmallNode

PROTOBUF = {"content-type": "application/x-protobuf"}


def request_with(node: SmallNode, spans: int = 1, text: str = "") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add()
    start_ns = node.clock.now_ns() - 10**9
    for i in range(spans):
        span = scope.spans.add(
            trace_id=(i + 1).to_bytes(16, "big"),
            span_id=(i + 1).to_bytes(8, "big"),
            name="checkout",
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns + 5_000_000,
        )
        if text:
            span.attributes.add(key="note").value.string_value = text
    return request


def kept(node: SmallNode) -> int:
    now_ns = node.clock.now_ns()
    return len(node.store.read(TracesQuery(now_ns - 60 * 10**9, now_ns, limit=1_000)))


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate"])
def test_spans_arrive_in_the_store_in_each_encoding(
    client: TestClient, node: SmallNode, encoding: str
) -> None:
    body = request_with(node).SerializeToString()
    packed = {"identity": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[encoding]
    answer = client.post("/v1/traces", content=packed, headers={**PROTOBUF, "content-encoding": encoding})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-protobuf"
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert kept(node) == 1


def test_json_is_taken_and_answered_in_json(client: TestClient, node: SmallNode) -> None:
    start_ns = node.clock.now_ns() - 10**9
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "checkout",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 1_000_000),
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = client.post("/v1/traces", content=json.dumps(body), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert client.get("/api/traces/0af7651916cd43dd8448eb211c80319c").json()["operation"] == "checkout"


def test_a_bad_span_is_rejected_alone_and_the_rest_is_kept(client: TestClient, node: SmallNode) -> None:
    request = request_with(node, spans=3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    answer = client.post("/v1/traces", content=request.SerializeToString(), headers=PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert partial.error_message
    assert kept(node) == 2


def test_malformed_bodies_are_answered_with_400_and_a_reason(client: TestClient) -> None:
    answer = client.post("/v1/traces", content=b"\xff\xff\xff not protobuf", headers=PROTOBUF)
    assert answer.status_code == 400
    assert "traces" in Status.FromString(answer.content).message
    answer = client.post("/v1/logs", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_body_that_is_not_what_its_encoding_says_is_400(client: TestClient) -> None:
    answer = client.post("/v1/traces", content=b"plain", headers={**PROTOBUF, "content-encoding": "gzip"})
    assert answer.status_code == 400
    assert "gzip" in Status.FromString(answer.content).message


def test_an_unknown_media_type_is_415(client: TestClient) -> None:
    answer = client.post("/v1/traces", content=b"x", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_a_body_over_the_limit_is_413_whether_it_says_so_or_not(node: SmallNode) -> None:
    app = create_app(node, Bounds(body_bytes=1_000))
    with TestClient(app, base_url="http://localhost") as client:
        assert client.post("/v1/traces", content=b"x" * 1_001, headers=PROTOBUF).status_code == 413

        def chunks() -> object:
            yield from (b"x" * 600, b"x" * 600)

        assert client.post("/v1/traces", content=chunks(), headers=PROTOBUF).status_code == 413  # type: ignore[arg-type]
    assert node.losses.totals()["web.refused_413"] == 2


def test_a_gzip_bomb_is_413_and_is_never_held(client: TestClient) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    assert len(bomb) < 2_000_000
    tracemalloc.start()
    try:
        answer = client.post("/v1/traces", content=bomb, headers={**PROTOBUF, "content-encoding": "gzip"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 150 * 2**20


def test_a_full_queue_is_429_with_retry_after_and_nothing_is_lost_on_retry(
    client: TestClient, node: SmallNode
) -> None:
    body = request_with(node).SerializeToString()
    node.writer.full = True
    answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert Status.FromString(answer.content).code == 8
    node.writer.full = False
    assert client.post("/v1/traces", content=body, headers=PROTOBUF).status_code == 200
    assert kept(node) == 1


def test_a_batch_that_finds_no_room_in_time_is_counted_as_lost(
    client: TestClient, node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "OFFER_FOR_S", 0.1)
    monkeypatch.setattr(node.writer, "offer", lambda batch, settled: False)
    answer = client.post("/v1/traces", content=request_with(node).SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 429
    assert node.losses.totals()["web.queue_full"] >= 1


def test_yes_is_said_only_of_what_is_written(
    client: TestClient, node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = request_with(node).SerializeToString()
    for fate, status in ((Fate.WRITTEN, 200), (Fate.LEFT, 503), (Fate.REFUSED, 400)):

        def offer(batch: object, settled: Settled, fate: Fate = fate) -> bool:
            threading.Timer(0.05, settled, (fate,)).start()
            return True

        monkeypatch.setattr(node.writer, "offer", offer)
        answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
        assert answer.status_code == status
        assert ("retry-after" in answer.headers) == (status == 503)


def test_what_is_not_written_in_time_is_to_be_sent_again(
    node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node.writer, "offer", lambda batch, settled: True)
    with TestClient(create_app(node, Bounds(written_s=0.05)), base_url="http://localhost") as client:
        body = request_with(node).SerializeToString()
        answer = client.post("/v1/traces", content=body, headers=PROTOBUF)
    assert answer.status_code == 503
    assert "send it again" in Status.FromString(answer.content).message


def test_a_flood_is_answered_429_and_never_holds_more_than_the_budget(
    node: SmallNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(in_flight_bytes=300_000, decoders=1)
    release = threading.Event()
    real = node.receiver.traces

    def slow(body: bytes, media_type: str) -> object:
        release.wait(60.0)
        return real(body, media_type)

    monkeypatch.setattr(node.receiver, "traces", slow)
    body = request_with(node, spans=1, text="x" * 4_000).SerializeToString() * 20
    fit = bounds.in_flight_bytes // len(body)
    assert 1 <= fit < 12
    with (
        TestClient(create_app(node, bounds), base_url="http://localhost") as client,
        ThreadPoolExecutor(12) as pool,
    ):
        posts = [pool.submit(client.post, "/v1/traces", content=body, headers=PROTOBUF) for _ in range(12)]
        refused, waiting = [], set(posts)
        while len(waiting) > fit:
            done, waiting = wait(waiting, timeout=60, return_when=FIRST_COMPLETED)
            refused += [p.result() for p in done]
        release.set()
        taken = [p.result().status_code for p in waiting]
    assert {r.status_code for r in refused} == {429}
    assert all(r.headers["retry-after"] == "1" for r in refused)
    assert taken == [200] * fit


def test_numbers_that_are_none_are_dropped_and_counted(client: TestClient, node: SmallNode) -> None:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="queue.depth", unit="1")
    for value in (float("nan"), float("inf"), 3.0):
        metric.gauge.data_points.add(time_unix_nano=node.clock.now_ns() - 10**9, as_double=value)
    answer = client.post("/v1/metrics", content=request.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200
    series = client.get("/api/frames?metric=queue.depth").json()["frames"]
    assert [s["last"] for s in series] == [[3.0]]
    assert sum(node.losses.totals().values()) >= 2


def test_a_client_that_promises_more_than_it_may_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = {**PROTOBUF, "content-length": str(2**40)}
    answer = client.post("/v1/traces", content=struct.pack("8x"), headers=headers)
    assert answer.status_code == 413


def test_a_body_that_does_not_arrive_in_time_is_refused_and_gives_its_room_back(node: SmallNode) -> None:
    receiver = OtlpReceiver(node.receiver, node.writer, node.losses, node.intake, Bounds(body_s=0.05))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/traces",
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-protobuf"), (b"content-length", b"1000")],
    }

    async def never() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    answer = asyncio.run(receiver.traces(Request(scope, never)))
    assert answer.status_code == 408
    assert receiver.held_bytes == 0
