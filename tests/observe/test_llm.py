"""Claims about calls to models."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.core.application import Application
from homeostat.core.losses import Losses
from homeostat.core.span import LlmCall, Span
from homeostat.observe import llm_meter
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock


def price(call: LlmCall, at_ns: int) -> float | None:
    """A price list of one model: a millionth of a dollar for each token."""
    if call.model != "priced" or call.input_tokens is None or call.output_tokens is None:
        return None
    return (call.input_tokens + call.output_tokens) / 1e6


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("svc"), price=price)

    def close(self) -> tuple[dict[str, Span], dict[str, float]]:
        """The kept spans by name, and the total of each series by metric and the last part of its name."""
        spans = {s.name: s for s in self.tracer.drain()}
        points = self.registry.fold(0, 1_000_000_000)
        totals: dict[str, float] = {}
        for p in points:
            detail = p.series.get("type") or p.series.get("error")
            totals[f"{p.series.metric}{'.' if detail else ''}{detail}"] = p.moments.total
        return spans, totals


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_call_is_recorded_with_tokens_times_and_cost(bench: Bench) -> None:
    with bench.tracer.llm("priced", "OpenAI", temperature=0.5) as call:
        bench.clock.advance(0.2)
        call.first_token()
        bench.clock.advance(0.9)
        call.usage(input_tokens=100, output_tokens=10, cached_tokens=64, reasoning_tokens=4)
    spans, totals = bench.close()
    assert totals == pytest.approx(
        {
            "llm.duration": 1_100.0,
            "llm.time_to_first_token": 200.0,
            "llm.time_per_output_token": 100.0,
            "llm.tokens.input": 100.0,
            "llm.tokens.output": 10.0,
            "llm.tokens.cached": 64.0,
            "llm.tokens.reasoning": 4.0,
            "llm.cost": 110e-6,
        }
    )
    span = spans["chat priced"]
    assert (span.operation, span.kind, span.attributes["temperature"]) == ("chat", "client", 0.5)
    assert span.llm == LlmCall(
        operation="chat",
        provider="openai",
        model="priced",
        request_model="priced",
        input_tokens=100,
        output_tokens=10,
        cached_tokens=64,
        reasoning_tokens=4,
        first_token_ns=200_000_000,
        streaming=True,
        cost_usd=110e-6,
    )


def test_every_series_carries_model_provider_operation_and_service(bench: Bench) -> None:
    with bench.tracer.llm("priced", "openai", operation="embeddings") as call:
        call.usage(input_tokens=1, output_tokens=0)
    bench.tracer.drain()
    for point in bench.registry.fold(0, 1):
        attributes = dict(point.series.attributes)
        attributes.pop("type", None)
        assert attributes == {
            "model": "priced",
            "provider": "openai",
            "operation": "embeddings",
            "service": "svc",
        }


def test_a_model_without_a_price_is_counted_as_unpriced_and_never_costs_zero(bench: Bench) -> None:
    with bench.tracer.llm("unheard-of") as call:
        call.usage(input_tokens=1, output_tokens=1)
    spans, totals = bench.close()
    assert totals["llm.calls_unpriced"] == 1.0
    assert "llm.cost" not in totals
    span = spans["chat unheard-of"]
    assert span.llm is not None
    assert span.llm.cost_usd is None


def test_a_cost_that_is_told_goes_before_the_price_list(bench: Bench) -> None:
    with bench.tracer.llm("priced") as call:
        call.usage(input_tokens=1, output_tokens=1)
        call.cost_usd = 0.25
    assert bench.close()[1]["llm.cost"] == 0.25


def test_what_was_not_said_is_unknown_not_zero(bench: Bench) -> None:
    with bench.tracer.llm("priced"):
        pass
    spans, totals = bench.close()
    assert totals.keys() == {"llm.duration", "llm.calls_unpriced"}
    llm = spans["chat priced"].llm
    assert llm is not None
    assert (llm.input_tokens, llm.output_tokens, llm.first_token_ns) == (None, None, None)


def test_a_failed_call_is_counted_by_type_and_not_as_unpriced(bench: Bench) -> None:
    with pytest.raises(TimeoutError), bench.tracer.llm("priced"):
        raise TimeoutError
    spans, totals = bench.close()
    assert totals == {"llm.duration": 0.0, "llm.errors.TimeoutError": 1.0}
    assert spans["chat priced"].error == "TimeoutError"


def test_the_model_that_answered_names_the_series(bench: Bench) -> None:
    with bench.tracer.llm("alias") as call:
        call.model = "priced"
        call.usage(input_tokens=1, output_tokens=1)
    spans, totals = bench.close()
    assert totals["llm.cost"] == pytest.approx(2e-6)
    llm = spans["chat alias"].llm
    assert llm is not None
    assert (llm.model, llm.request_model) == ("priced", "alias")


def test_one_output_token_has_no_time_between_tokens(bench: Bench) -> None:
    with bench.tracer.llm("priced") as call:
        call.first_token()
        call.usage(output_tokens=1)
    assert "llm.time_per_output_token" not in bench.close()[1]


@pytest.mark.parametrize("bad", [-1, 2**60, 1.5, "7", True])
def test_what_cannot_be_a_number_of_tokens_is_counted_and_dropped(bench: Bench, bad: Any) -> None:
    with bench.tracer.llm("priced") as call:
        call.usage(input_tokens=bad)
    assert "llm.tokens.input" not in bench.close()[1]
    assert bench.losses.totals() == {"llm.bad_token_count": 1}


CHUNKS: list[dict[str, Any]] = [
    {"choices": [{"delta": {"role": "assistant", "content": ""}}], "usage": None},
    {"choices": [{"delta": {"content": "Hel"}}], "usage": None},
    {"choices": [{"delta": {"content": "lo"}}], "usage": None},
    {
        "choices": [],
        "model": "priced",
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 16},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    },
]

STREAMED = {
    "llm.duration": 400.0,
    "llm.time_to_first_token": 200.0,
    "llm.time_per_output_token": 100.0,
    "llm.tokens.input": 20.0,
    "llm.tokens.output": 3.0,
    "llm.tokens.cached": 16.0,
    "llm.tokens.reasoning": 0.0,
    "llm.cost": 23e-6,
}


def test_a_stream_tells_its_first_token_its_usage_and_its_end(bench: Bench) -> None:
    def chunks() -> Any:
        for chunk in CHUNKS:
            bench.clock.advance(0.1)
            yield chunk

    with bench.tracer.llm("alias") as call:
        assert list(call.stream(chunks())) == CHUNKS
        bench.clock.advance(60.0)  # what the application does afterwards is none of the call's time
    assert bench.close()[1] == pytest.approx(STREAMED)


def test_an_async_stream_does_the_same(bench: Bench) -> None:
    async def chunks() -> AsyncIterator[dict[str, Any]]:
        for chunk in CHUNKS:
            await asyncio.sleep(0)
            bench.clock.advance(0.1)
            yield chunk

    async def main() -> list[dict[str, Any]]:
        async with bench.tracer.llm("alias") as call:
            return [chunk async for chunk in call.stream(chunks())]

    assert asyncio.run(main()) == CHUNKS
    assert bench.close()[1] == pytest.approx(STREAMED)


def test_a_stream_that_breaks_is_a_failed_call_with_what_came(bench: Bench) -> None:
    def chunks() -> Any:
        yield CHUNKS[1]
        raise ConnectionError

    with pytest.raises(ConnectionError), bench.tracer.llm("priced") as call:
        list(call.stream(chunks()))
    totals = bench.close()[1]
    assert totals["llm.errors.ConnectionError"] == 1.0
    assert "llm.time_to_first_token" in totals


def test_a_response_that_cannot_be_read_does_no_harm(bench: Bench) -> None:
    class Hostile:
        @property
        def usage(self) -> object:
            raise RuntimeError

    hostile = Hostile()
    with bench.tracer.llm("priced") as call:
        assert call.response(hostile) is hostile
    assert bench.losses.totals() == {"internal_error.llm_response": 1}


def test_a_price_list_that_fails_does_no_harm() -> None:
    def broken(call: LlmCall, at_ns: int) -> float:
        raise RuntimeError

    losses, clock = Losses(), ManualClock()
    registry = Registry(losses)
    tracer = Tracer(registry, losses, clock, Application("svc"), price=broken)
    with tracer.llm("m"):
        pass
    assert len(tracer.drain()) == 1
    assert registry.fold(0, 1)
    assert losses.totals()["internal_error.pricing"] == 2


def test_calls_that_wait_are_bounded_and_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm_meter, "NOTED_MAX", 3)
    for _ in range(5):
        with bench.tracer.llm("priced"):
            pass
    assert bench.losses.totals() == {"llm.calls_over_limit": 2}


def test_a_call_belongs_to_the_operation_around_it(bench: Bench) -> None:
    with bench.tracer.operation("answer"), bench.tracer.llm("priced"):
        pass
    spans, totals = bench.close()
    assert spans["chat priced"].parent_id == spans["answer"].span_id
    assert set(totals) == {"operation.duration", "llm.duration", "llm.calls_unpriced"}


def test_one_call_object_entered_again_is_two_calls(bench: Bench) -> None:
    call = bench.tracer.llm("priced")
    with call, call:
        pass
    bench.tracer.drain()
    (duration,) = [p for p in bench.registry.fold(0, 1) if p.series.metric == "llm.duration"]
    assert duration.moments.count == 2


def test_a_slow_call_at_the_root_is_kept_as_one(bench: Bench) -> None:
    for _ in range(300):
        with bench.tracer.llm("alias") as call:
            call.model = "priced"
            bench.clock.advance(0.01)
    bench.tracer.drain()
    bench.registry.fold(0, 1)
    bench.tracer.drain()
    with bench.tracer.llm("alias"):
        bench.clock.advance(1.0)
    (span,) = bench.tracer.drain()
    assert span.attributes["homeostat.kept"] == "slow"


def test_the_real_price_list_knows_a_real_model() -> None:
    losses = Losses()
    registry = Registry(losses)
    tracer = Tracer(registry, losses, ManualClock(), Application("svc"))
    with tracer.llm("gpt-4o", "openai") as call:
        call.usage(input_tokens=1_000, output_tokens=1_000)
    (span,) = tracer.drain()
    assert span.llm is not None
    assert span.llm.cost_usd is not None
    assert 1e-4 < span.llm.cost_usd < 1.0
    assert registry.fold(0, 1)
    assert registry.snapshot("llm.cost", {}).total == span.llm.cost_usd


def test_objects_of_a_client_package_are_read_like_dictionaries(bench: Bench) -> None:
    answer = SimpleNamespace(
        model="priced",
        usage=SimpleNamespace(
            input_tokens=7,
            output_tokens=2,
            input_tokens_details=SimpleNamespace(cached_tokens=3),
            output_tokens_details=SimpleNamespace(reasoning_tokens=1),
        ),
    )
    with bench.tracer.llm("alias") as call:
        call.response(answer)
    totals = bench.close()[1]
    assert (totals["llm.tokens.input"], totals["llm.tokens.cached"]) == (7.0, 3.0)
    assert (totals["llm.tokens.output"], totals["llm.tokens.reasoning"]) == (2.0, 1.0)
