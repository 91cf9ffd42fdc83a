"""The receiver: what is rejected, cut, remembered and counted once."""

import gzip
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from homeostat.core.errors import InputError, TooLarge
from homeostat.core.losses import Losses
from homeostat.core.span import Span
from homeostat.observe.ingest.body import MEMBERS, decode_body
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.receiver import OWN_SCOPE, Received, Receiver
from homeostat.observe.ingest.response import encode_error, encode_response
from homeostat.testing.clock import ManualClock

NOW_NS = 1_750_000_000 * 10**9
PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE = b"t" * 16


def receiver(losses: Losses | None = None, **more: Any) -> Receiver:
    return Receiver(ManualClock(NOW_NS), losses or Losses(), **more)


def request(*spans: dict[str, Any], scope: str = "test", version: str = "") -> bytes:
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    if version:
        resource.resource.attributes.add(key="service.version").value.string_value = version
    scope_spans = resource.scope_spans.add()
    scope_spans.scope.name = scope
    for given in spans:
        fields = {
            "trace_id": TRACE,
            "span_id": b"s" * 8,
            "name": "work",
            "start_time_unix_nano": NOW_NS - 10**9,
            "end_time_unix_nano": NOW_NS,
            **given,
        }
        attributes = fields.pop("attributes", {})
        events = fields.pop("events", [])
        status = fields.pop("status", (0, ""))
        span = scope_spans.spans.add(**fields)
        span.status.code, span.status.message = status
        for name, value in attributes.items():
            _set(span.attributes.add(key=name).value, value)
        for name, at_ns, event_attributes in events:
            event = span.events.add(name=name, time_unix_nano=at_ns)
            for key, value in event_attributes.items():
                _set(event.attributes.add(key=key).value, value)
    return bytes(message.SerializeToString())


def _set(message: Any, value: Any) -> None:
    field = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[type(value)]
    setattr(message, field, value)


def chat(span_id: int, parent: int = 0, **attributes: Any) -> dict[str, Any]:
    tokens = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
    }
    return {
        "span_id": bytes([span_id]) * 8,
        "parent_span_id": bytes([parent]) * 8 if parent else b"",
        "attributes": {**said, **tokens, **attributes},
    }


def one(received: Received) -> Span:
    (span,) = received.batch.spans
    return span


def total(received: Received, metric: str, **attributes: str) -> float:
    return sum(
        p.moments.total
        for p in received.batch.points
        if p.series.metric == metric and p.series.matches(attributes)
    )


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"trace_id": bytes(16)}, "trace id"),
        ({"trace_id": b"short"}, "trace id"),
        ({"trace_id": b""}, "trace id"),
        ({"span_id": bytes(8)}, "span id"),
        ({"span_id": b"x" * 9}, "span id"),
        ({"parent_span_id": b"xyz"}, "parent"),
        ({"start_time_unix_nano": NOW_NS + 1}, "ends before it starts"),
        ({"end_time_unix_nano": 0}, "ends before it starts"),
        ({"start_time_unix_nano": 0}, "too far"),
        ({"end_time_unix_nano": NOW_NS + 2 * 3600 * 10**9}, "too far"),
        ({"start_time_unix_nano": 2**63, "end_time_unix_nano": 2**63 + 1}, "too far"),
    ],
)
def test_a_bad_span_is_rejected_and_the_rest_is_kept(bad: dict[str, Any], why: str) -> None:
    losses = Losses()
    received = receiver(losses).traces(request({"span_id": b"g" * 8}, bad), PROTOBUF)
    assert one(received).span_id == b"g" * 8
    assert received.rejected == 1
    assert why in received.reason
    assert losses.totals() == {"ingest.spans_rejected": 1}


def test_a_span_whose_bytes_are_damaged_is_rejected_alone() -> None:
    body = request({"name": "good"}, {"name": "damaged", "span_id": b"d" * 8})
    received = receiver().traces(body.replace(b"damaged", b"\xff" * 7), PROTOBUF)
    assert one(received).name == "good"
    assert (received.rejected, received.reason) == (1, "1 rejected: a span cannot be parsed")


def test_a_parent_of_zeros_is_no_parent() -> None:
    assert one(receiver().traces(request({"parent_span_id": bytes(8)}), PROTOBUF)).parent_id == b""


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"hello"])
def test_a_body_that_is_no_request_is_an_error_that_says_so(body: bytes) -> None:
    with pytest.raises(InputError, match="no OTLP traces request in application/x-protobuf"):
        receiver().traces(body, PROTOBUF)
    with pytest.raises(InputError, match="no OTLP traces request in application/json"):
        receiver().traces(body, JSON)


def test_an_unknown_media_type_is_an_error_with_its_remedy() -> None:
    with pytest.raises(InputError, match=r"'text/csv'.*application/json"):
        receiver().traces(b"", "text/csv")
    assert receiver().traces(b"{}", "application/json; charset=utf-8").rejected == 0


def test_hex_ids_and_numbers_as_text_are_read_from_json() -> None:
    body = b"""{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "5B8EFFF798038103D269B633813FC60C",
      "spanId": "eee19b7ec3c1b174", "parentSpanId": "", "name": "x", "kind": "SPAN_KIND_SERVER", "unknown": 1,
      "startTimeUnixNano": "%d", "endTimeUnixNano": %d, "status": {"code": "STATUS_CODE_ERROR"},
      "attributes": [{"key": "n", "value": {"intValue": "5"}},
      {"key": "d", "value": {"doubleValue": 2}}]}]}]}]}
    """ % (NOW_NS, NOW_NS + 5)
    span = one(receiver().traces(body, JSON))
    assert span.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert span.span_id.hex() == "eee19b7ec3c1b174"
    assert (span.kind, span.duration_ns, span.error) == ("server", 5, "error")
    assert span.attributes == {"n": 5, "d": 2.0}


def test_numbers_that_are_not_finite_are_dropped_and_counted() -> None:
    losses = Losses()
    values = {"a": float("nan"), "b": float("inf"), "c": 1.0}
    span = one(receiver(losses).traces(request({"attributes": values}), PROTOBUF))
    assert span.attributes == {"c": 1.0}
    assert losses.totals() == {"ingest.not_finite": 2}


def test_attributes_values_and_events_are_bounded_and_the_cut_is_counted() -> None:
    losses = Losses()
    limits = Limits(attributes=3, events=2, value_chars=10)
    events = [("e", NOW_NS, {}) for _ in range(5)]
    attributes = {"long": "x" * 50, **{f"a{i}": i for i in range(9)}}
    body = request({"attributes": attributes, "events": events})
    span = one(receiver(losses, limits=limits).traces(body, PROTOBUF))
    assert span.attributes == {"long": "x" * 10, "a0": 0, "a1": 1}
    assert len(span.events) == 2
    assert losses.totals() == {
        "ingest.attributes_cut": 7,
        "ingest.values_cut": 1,
        "ingest.events_cut": 3,
    }


def test_texts_of_exceptions_and_status_are_kept_only_where_content_is_captured() -> None:
    exception = (
        "exception",
        NOW_NS,
        {"exception.type": "a.Boom", "exception.message": "secret", "exception.stacktrace": "secret"},
    )
    body = request({"status": (2, "secret"), "events": [exception]})
    span = one(receiver().traces(body, PROTOBUF))
    assert span.error == "Boom"
    assert span.events[0].attributes == {"exception.type": "a.Boom"}
    assert "secret" not in repr(span)
    assert repr(one(receiver(capture_content=True).traces(body, PROTOBUF))).count("secret") == 3


def test_an_error_type_without_an_error_status_is_an_error_unless_the_status_is_ok() -> None:
    attributes = {"error.type": "tool_error"}
    assert one(receiver().traces(request({"attributes": attributes}), PROTOBUF)).error == "tool_error"
    body = request({"attributes": attributes, "status": (1, "")})
    assert one(receiver().traces(body, PROTOBUF)).error == ""


def test_a_span_that_is_sent_again_is_not_measured_again() -> None:
    losses = Losses()
    taking = receiver(losses)
    body = request(chat(1))
    assert total(taking.traces(body, PROTOBUF), "llm.tokens", type="input") == 100
    again = taking.traces(body, PROTOBUF)
    assert again.batch.points == ()
    assert len(again.batch.spans) == 1
    assert again.rejected == 0
    assert losses.totals() == {"ingest.spans_repeated": 1}


def test_what_is_remembered_of_spans_is_bounded() -> None:
    taking = receiver(limits=Limits(remembered_spans=10))
    for i in range(200):
        taking.traces(request({"span_id": i.to_bytes(7, "big") + b"x"}), PROTOBUF)
    assert len(taking._seen) <= 20
    assert len(taking._nesting._above) <= 20


def wrapped(order: Callable[[list[dict[str, Any]]], list[list[dict[str, Any]]]]) -> tuple[float, list[Span]]:
    """A framework's call (3) around a chain's span (2) around a client's call (1)."""
    taking = receiver()
    spans = [chat(1, parent=2), {"span_id": bytes([2]) * 8, "parent_span_id": bytes([3]) * 8}, chat(3)]
    batches = [taking.traces(request(*group), PROTOBUF) for group in order(spans)]
    tokens = sum(total(b, "llm.tokens", type="input") for b in batches)
    return tokens, [s for b in batches for s in b.batch.spans if s.llm is not None]


@pytest.mark.parametrize(
    "order",
    [
        lambda s: [s],
        lambda s: [s[::-1]],
        lambda s: [[s[0]], [s[1]], [s[2]]],
        lambda s: [[s[0]], s[1:]],
        lambda s: [s[:2], [s[2]]],
    ],
)
def test_a_call_within_a_call_is_counted_once_at_the_innermost(order: Any) -> None:
    tokens, calls = wrapped(order)
    assert tokens == 100
    assert [s.span_id for s in calls] == [bytes([1]) * 8]


@pytest.mark.parametrize(
    "order",
    [
        lambda s: [[s[2]], [s[1]], [s[0]]],
        lambda s: [[s[2]], s[:2]],
        lambda s: [[s[2]], s[1::-1]],
        lambda s: [s[1:], [s[0]]],
        lambda s: [[s[2]], [s[1]], [s[0]], s, s[::-1]],
    ],
)
def test_a_call_whose_wrapper_came_first_is_not_counted_again(order: Any) -> None:
    tokens, calls = wrapped(order)
    assert tokens == 100
    assert {s.span_id for s in calls} == {bytes([3]) * 8}


def test_a_call_whose_wrapper_came_first_and_told_no_tokens_is_counted() -> None:
    taking = receiver()
    silent = chat(3)
    silent["attributes"] = {k: v for k, v in silent["attributes"].items() if "usage" not in k}
    taking.traces(request(silent), PROTOBUF)
    later = taking.traces(request(chat(1, parent=3)), PROTOBUF)
    assert total(later, "llm.tokens", type="input") == 100


def test_what_is_remembered_of_counted_calls_is_bounded() -> None:
    taking = receiver(limits=Limits(remembered_spans=10))
    for i in range(1, 200):
        taking.traces(request({**chat(1), "span_id": i.to_bytes(7, "big") + b"x"}), PROTOBUF)
    assert len(taking._nesting._counted._calls) <= 20


def test_calls_side_by_side_within_a_wrapper_all_count() -> None:
    received = receiver().traces(request(chat(1, parent=3), chat(2, parent=3), chat(3)), PROTOBUF)
    assert total(received, "llm.tokens", type="input") == 200
    assert total(received, "operation.duration", operation="work") == 1000.0


def test_agents_and_tools_are_operations_whatever_tokens_they_sum_up() -> None:
    agent = chat(1, **{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"})
    tool = chat(2, **{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"})
    received = receiver().traces(request(agent, tool), PROTOBUF)
    assert [s.operation for s in received.batch.spans] == ["invoke_agent planner", "execute_tool search"]
    assert total(received, "llm.tokens") == 0


def test_tokens_that_a_sender_leaves_out_of_the_input_are_added() -> None:
    cached = {"gen_ai.usage.cache_read.input_tokens": 900, "gen_ai.usage.cache_creation.input_tokens": 50}
    call = one(receiver().traces(request(chat(1, **cached)), PROTOBUF)).llm
    assert call is not None
    assert (call.input_tokens, call.cached_tokens, call.cache_write_tokens) == (1050, 900, 50)


def test_the_oldest_names_and_those_of_other_conventions_are_understood() -> None:
    oldest = {
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "m",
        "gen_ai.usage.prompt_tokens": 3,
        "gen_ai.usage.completion_tokens": 4,
    }
    traceloop = {
        "llm.request.type": "completion",
        "gen_ai.system": "Anthropic",
        "gen_ai.request.model": "m",
        "llm.usage.prompt_tokens": 3,
        "llm.usage.completion_tokens": 4,
    }
    spans = [{"span_id": bytes([i]) * 8, "attributes": a} for i, a in enumerate((oldest, traceloop), 1)]
    calls = [s.llm for s in receiver().traces(request(*spans), PROTOBUF).batch.spans]
    assert [(c.operation, c.provider, c.input_tokens, c.output_tokens) for c in calls if c] == [
        ("chat", "openai", 3, 4),
        ("text_completion", "anthropic", 3, 4),
    ]


def test_tokens_that_cannot_be_are_unknown() -> None:
    for odd in (-1, True, 1.5, float("inf"), "many", 2**62):
        call = one(receiver().traces(request(chat(1, **{"gen_ai.usage.input_tokens": odd})), PROTOBUF)).llm
        assert call is not None
        assert call.input_tokens is None
        assert call.cost_usd is None


def test_homeostats_own_spans_are_kept_but_not_measured_again() -> None:
    received = receiver().traces(request(chat(1), scope=OWN_SCOPE), PROTOBUF)
    assert len(received.batch.spans) == 1
    assert received.batch.points == ()


def test_operations_beyond_the_bound_share_one_series_and_are_counted() -> None:
    losses = Losses()
    spans = [{"span_id": i.to_bytes(8, "big"), "name": f"GET /orders/{i}"} for i in range(1, 31)]
    received = receiver(losses, limits=Limits(series=10)).traces(request(*spans), PROTOBUF)
    durations = [p for p in received.batch.points if p.series.metric == "operation.duration"]
    assert len(durations) == 11
    assert sum(p.moments.count for p in durations) == 30
    assert max(p.moments.count for p in durations if p.series.get("overflow") == "true") == 20
    assert losses.totals()["ingest.series_limit"] > 0


def test_a_route_names_the_operation_where_there_is_one() -> None:
    attributes = {
        "http.route": "/orders/{id}",
        "http.request.method": "GET",
        "url.full": "http://x/?key=secret",
    }
    span = one(receiver().traces(request({"name": "GET /orders/7", "attributes": attributes}), PROTOBUF))
    assert span.operation == "GET /orders/{id}"
    assert "secret" not in repr(span)


def test_log_records_keep_their_text_only_where_asked_for() -> None:
    message = ExportLogsServiceRequest()
    records = message.resource_logs.add().scope_logs.add().log_records
    record = records.add(time_unix_nano=NOW_NS, severity_number=17, trace_id=TRACE, span_id=b"s" * 8)
    record.body.string_value = "secret"
    records.add(time_unix_nano=1)
    body = message.SerializeToString()
    received = receiver().logs(body, PROTOBUF)
    (log,) = received.batch.logs
    assert (log.severity, log.body, log.trace_id, log.service) == ("error", "", TRACE, "unknown_service")
    assert received.rejected == 1
    assert receiver(capture_content=True).logs(body, PROTOBUF).batch.logs[0].body == "secret"


def test_a_body_is_decoded_up_to_its_limit() -> None:
    body = b"x" * 1_000
    assert decode_body(gzip.compress(body), "gzip", 1_000) == body
    assert decode_body(body, None, 1_000) == body
    for encoding, sent in (("gzip", gzip.compress(body)), ("identity", body)):
        with pytest.raises(TooLarge):
            decode_body(sent, encoding, 999)


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=1)
    with pytest.raises(TooLarge):
        decode_body(bomb, "gzip", 1_000_000)
    with pytest.raises(InputError, match="members"):
        decode_body(gzip.compress(b"") * (MEMBERS + 1), "gzip", 1_000)


def test_a_partial_success_says_how_many_and_why() -> None:
    assert encode_response("traces", 0, "", PROTOBUF) == b""
    assert encode_response("traces", 0, "", JSON) == b"{}"
    answer = ExportTraceServiceResponse.FromString(encode_response("traces", 2, "why", PROTOBUF))
    assert (answer.partial_success.rejected_spans, answer.partial_success.error_message) == (2, "why")
    assert msgspec.json.decode(encode_response("metrics", 2, "why", JSON)) == {
        "partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "why"}
    }


def test_an_error_is_a_status_in_the_form_of_the_request() -> None:
    assert msgspec.json.decode(encode_error(400, "why", JSON)) == {"code": 3, "message": "why"}
    assert Status.FromString(encode_error(429, "slow down", PROTOBUF)).code == 8


CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("attributes", [{}, CALL], ids=["operation", "call"])
def test_the_version_of_the_resource_is_the_release_of_all_that_is_derived(
    attributes: dict[str, Any], failed: bool
) -> None:
    one = {"attributes": attributes, "status": (2 if failed else 0, "")}
    batch = receiver().traces(request(one, version="1.4.0"), PROTOBUF).batch
    assert batch.points
    assert {p.series.get("release") for p in batch.points} == {"1.4.0"}
    assert [s.release for s in batch.spans] == ["1.4.0"]
    plain = receiver().traces(request(one), PROTOBUF).batch
    assert all("release" not in dict(p.series.attributes) for p in plain.points)


def test_a_version_of_a_span_is_no_release() -> None:
    batch = receiver().traces(request({"attributes": {"service.version": "9"}}), PROTOBUF).batch
    assert all("release" not in dict(p.series.attributes) for p in batch.points)


def test_a_release_is_cut_and_releases_share_the_bound_on_series() -> None:
    losses = Losses()
    taker = receiver(losses, limits=Limits(series=2))
    (point,) = taker.traces(request({}, version="x" * 500), PROTOBUF).batch.points
    assert point.series.get("release") == "x" * 128
    for n in range(1, 5):
        batch = taker.traces(request({"span_id": bytes([n]) * 8}, version=f"v{n}"), PROTOBUF).batch
    assert batch.points[0].series.get("overflow") == "true"
    assert losses.drain()["ingest.series_limit"] == 3
