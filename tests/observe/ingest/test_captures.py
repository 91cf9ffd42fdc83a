"""What real client packages sent for the same seven calls comes out as the same seven calls."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.span import Span
from homeostat.observe.ingest.receiver import Received, Receiver
from homeostat.testing.clock import ManualClock
from homeostat.testing.otlp_requests import captured, data_folder

DATA = data_folder()
pytestmark = pytest.mark.skipif(DATA is None, reason="no folder of real inputs")

CLIENTS = ("genai", "genaiall", "v2", "v2exp", "traceloop", "openinference")
MEDIA = {"protobuf": "application/x-protobuf", "json": "application/json"}
CAPTURED_NS = 1_795_162_500 * 10**9
MODEL, DATED = "gpt-4o-mini", "gpt-4o-mini-2025"


@dataclass(frozen=True)
class Client:
    """What a client tells of a call beyond what all tell."""

    cached: bool = True
    reasoning: bool = True
    stream_reasoning: bool = True
    streams: bool = True
    responses: bool = True


TELLS = {
    "genai": Client(),
    "genaiall": Client(),
    "v2": Client(cached=False, reasoning=False, stream_reasoning=False, streams=False, responses=False),
    "v2exp": Client(cached=False, reasoning=False, stream_reasoning=False, streams=False, responses=False),
    "traceloop": Client(stream_reasoning=False),
    "openinference": Client(),
}


def receive(name: str, form: str, capture_content: bool = False) -> list[tuple[str, Received]]:
    assert DATA is not None
    receiver = Receiver(ManualClock(CAPTURED_NS), Losses(), capture_content=capture_content)
    take = {"traces": receiver.traces, "metrics": receiver.metrics, "logs": receiver.logs}
    return [
        (r.signal, take[r.signal](r.protobuf if form == "protobuf" else r.json, MEDIA[form]))
        for r in captured(Path(DATA) / "otlp" / f"{name}.jsonl")
    ]


def spans_of(received: list[tuple[str, Received]]) -> list[Span]:
    return [s for _, r in received for s in r.batch.spans]


@pytest.mark.parametrize("form", MEDIA)
@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_shows_the_same_calls(name: str, form: str) -> None:
    tells = TELLS[name]
    received = receive(name, form)
    assert all(r.rejected == 0 for _, r in received)
    spans = spans_of(received)
    assert len(spans) == (7 if tells.responses else 6)
    cached, reasoning = (8 if tells.cached else None), (2 if tells.reasoning else None)

    for span in spans[:2]:
        assert span.llm is not None
        assert span.operation == span.llm.operation == "chat"
        assert (span.llm.provider, span.llm.model, span.llm.request_model) == ("openai", DATED, MODEL)
        assert (span.llm.input_tokens, span.llm.output_tokens) == (21, 5)
        assert (span.llm.cached_tokens, span.llm.reasoning_tokens) == (cached, reasoning)
        assert not span.llm.streaming
        assert span.llm.first_token_ns is None
        # 0.15 USD a million uncached, 0.075 cached, 0.60 written
        expected = ((21 - (cached or 0)) * 0.15 + (cached or 0) * 0.075 + 5 * 0.60) / 1e6
        assert span.llm.cost_usd == pytest.approx(expected)
        assert span.error == ""

    stream, silent = spans[2].llm, spans[3].llm
    assert stream is not None
    assert silent is not None
    assert (stream.input_tokens, stream.output_tokens, stream.cached_tokens) == (21, 5, cached)
    assert stream.reasoning_tokens == (2 if tells.stream_reasoning else None)
    assert (silent.input_tokens, silent.output_tokens, silent.cost_usd) == (None, None, None)
    for call in (stream, silent):
        assert call.streaming is tells.streams
        if tells.streams:
            assert call.first_token_ns is not None
            assert 0.055e9 < call.first_token_ns < 0.075e9
        else:
            assert call.first_token_ns is None

    failed = spans[4].llm
    assert failed is not None
    assert (failed.model, failed.request_model, failed.cost_usd) == ("boom", "boom", None)
    assert spans[4].error == "RateLimitError"

    embedding = spans[5].llm
    assert embedding is not None
    assert (embedding.operation, embedding.model) == ("embeddings", "text-embedding-3-small")
    assert (embedding.input_tokens, embedding.output_tokens) == (4, None)
    assert embedding.cost_usd == pytest.approx(4 * 0.02 / 1e6)

    if tells.responses:
        response = spans[6].llm
        assert response is not None
        assert (response.operation, response.model) == ("chat", MODEL)
        assert (response.input_tokens, response.output_tokens) == (9, 2)
        assert (response.cached_tokens, response.reasoning_tokens) == (3, 1)


@pytest.mark.parametrize("name", CLIENTS)
def test_tokens_are_counted_once_a_call(name: str) -> None:
    points = [p for signal, r in receive(name, "protobuf") if signal == "traces" for p in r.batch.points]
    tokens = {
        t: sum(
            p.moments.total for p in points if p.series.metric == "llm.tokens" and p.series.get("type") == t
        )
        for t in ("input", "output")
    }
    last = (9, 2) if TELLS[name].responses else (0, 0)
    assert tokens == {"input": 3 * 21 + 4 + last[0], "output": 3 * 5 + last[1]}
    unpriced = sum(p.moments.total for p in points if p.series.metric == "llm.calls_unpriced")
    assert unpriced == 1
    errors = [p for p in points if p.series.metric == "llm.errors"]
    assert [(p.series.get("error"), p.moments.total) for p in errors] == [("RateLimitError", 1.0)]


@pytest.mark.parametrize("name", [*CLIENTS, "mcp_native"])
def test_protobuf_and_json_give_the_same_batches(name: str) -> None:
    for (_, a), (_, b) in zip(receive(name, "protobuf"), receive(name, "json"), strict=True):
        assert a.batch.spans == b.batch.spans
        assert a.batch.logs == b.batch.logs
        assert [(p.series, p.start_ns, p.moments) for p in a.batch.points] == [
            (p.series, p.start_ns, p.moments) for p in b.batch.points
        ]


@pytest.mark.parametrize("form", MEDIA)
@pytest.mark.parametrize("name", [*CLIENTS, "mcp_native"])
def test_no_message_text_is_kept_unless_asked_for(name: str, form: str) -> None:
    kept = repr(receive(name, form))
    for text in (
        "be brief",
        "hello",
        "Hello world",
        "Oslo",
        "get_weather",
        "Error code",
        "Traceback",
        "'abc'",
    ):
        assert text not in kept


@pytest.mark.parametrize("name", ["genaiall", "traceloop", "openinference", "v2exp"])
def test_message_text_is_kept_where_asked_for(name: str) -> None:
    kept = repr(receive(name, "protobuf", capture_content=True))
    assert "be brief" in kept
    assert "Error code: 429" in kept


def test_an_mcp_tool_call_is_an_operation_and_its_error_is_seen() -> None:
    spans = spans_of(receive("mcp_native", "protobuf"))
    assert all(s.llm is None for s in spans)
    served = {s.operation: s for s in spans if s.kind == "server"}
    assert set(served) == {"server/discover", "tools/list", "tools/call add", "tools/call bad"}
    assert served["tools/call bad"].error == "tool_error"
    assert served["tools/call add"].error == ""
    assert {s.service for s in spans} == {"srv", "cli"}


def test_latency_comes_from_spans_where_the_metric_stops_before_the_stream_is_read() -> None:
    received = receive("v2", "protobuf")
    streams = spans_of(received)[2:4]
    assert sum(s.duration_ns for s in streams) / 1e6 == pytest.approx(215.34 + 208.83, abs=0.01)
    reported = [
        p
        for signal, r in received
        if signal == "metrics"
        for p in r.batch.points
        if p.series.metric == "gen_ai.client.operation.duration"
        and p.series.get("request_model") == MODEL
        and not p.series.get("model")
    ]
    assert [round(p.moments.total, 2) for p in reported] == [15.14]


def test_a_layout_that_cannot_hold_the_unit_stays_visible_as_coarse() -> None:
    points = [
        p for signal, r in receive("traceloop", "protobuf") if signal == "metrics" for p in r.batch.points
    ]
    durations = [p for p in points if p.series.metric == "gen_ai.client.operation.duration"]
    assert all(p.series.get("source") == "explicit_buckets" for p in durations)
    assert all(p.series.kind is Kind.HISTOGRAM and p.series.unit == "ms" for p in durations)
    assert sum(p.moments.count for p in durations) == 6
    assert [p.series.get("error") for p in durations if not p.series.get("model")] == ["RateLimitError"]


def test_fingerprints_and_ports_do_not_multiply_series() -> None:
    for name in CLIENTS:
        for signal, received in receive(name, "protobuf"):
            if signal == "metrics":
                names = {a for p in received.batch.points for a, _ in p.series.attributes}
                assert not any("fingerprint" in n or "port" in n for n in names)
