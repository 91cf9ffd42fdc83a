"""Claims about operations beside OpenTelemetry's own spans, with its real SDK."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import opentelemetry.trace
import pytest
from opentelemetry import context, propagate
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from homeostat.core.application import Application
from homeostat.core.losses import Losses
from homeostat.core.span import Span
from homeostat.observe.quota import TailPolicy
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import KEPT, Tracer
from homeostat.testing.clock import ManualClock


class Bench:
    def __init__(self, **policy: int) -> None:
        self.losses = Losses()
        self.tracer = Tracer(
            Registry(self.losses),
            self.losses,
            ManualClock(),
            Application("svc"),
            tail=TailPolicy(**policy),
        )
        self.operation = self.tracer.operation
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.otel = provider.get_tracer("t").start_as_current_span

    def spans(self) -> tuple[dict[str, Span], dict[str, ReadableSpan]]:
        return (
            {s.name: s for s in self.tracer.drain()},
            {s.name: s for s in self._exporter.get_finished_spans()},
        )


def ids(span: ReadableSpan) -> tuple[bytes, bytes]:
    """Trace and parent of a span of OpenTelemetry."""
    assert span.context is not None
    parent = span.parent.span_id.to_bytes(8, "big") if span.parent else b""
    return span.context.trace_id.to_bytes(16, "big"), parent


def span_id(span: ReadableSpan) -> bytes:
    assert span.context is not None
    return span.context.span_id.to_bytes(8, "big")


def test_an_operation_is_the_parent_of_spans_started_within() -> None:
    bench = Bench()
    with bench.operation("ours"), bench.otel("theirs"):
        pass
    ours, theirs = bench.spans()
    assert ids(theirs["theirs"]) == (ours["ours"].trace_id, ours["ours"].span_id)


def test_a_span_is_the_parent_of_operations_started_within() -> None:
    bench = Bench()
    with bench.otel("theirs"), bench.operation("ours"):
        pass
    ours, theirs = bench.spans()
    assert ours["ours"].trace_id == ids(theirs["theirs"])[0]
    assert ours["ours"].parent_id == span_id(theirs["theirs"])


def test_both_kinds_may_alternate_at_any_depth() -> None:
    bench = Bench()
    with bench.operation("a"), bench.otel("b"), bench.operation("c"), bench.operation("d"), bench.otel("e"):
        pass
    ours, theirs = bench.spans()
    assert ids(theirs["b"]) == (ours["a"].trace_id, ours["a"].span_id)
    assert ours["c"].parent_id == span_id(theirs["b"])
    assert ours["d"].parent_id == ours["c"].span_id
    assert ids(theirs["e"])[1] == ours["d"].span_id
    assert len({s.trace_id for s in ours.values()} | {ids(s)[0] for s in theirs.values()}) == 1
    assert [KEPT in ours[name].attributes for name in "acd"] == [True, False, False]


def test_a_tree_that_holds_their_spans_is_kept_and_one_that_does_not_is_not() -> None:
    bench = Bench(sampled_per_minute=0)
    with bench.operation("with"), bench.otel("theirs"):
        pass
    with bench.operation("without"):
        pass
    assert bench.spans()[0].keys() == {"with"}


def test_their_propagators_write_our_position() -> None:
    bench = Bench(sampled_per_minute=0)
    headers: dict[str, str] = {}
    with bench.operation("ours"):
        propagate.inject(headers)
    ours, _ = bench.spans()
    assert headers["traceparent"] == f"00-{ours['ours'].trace_id.hex()}-{ours['ours'].span_id.hex()}-01"


def test_a_context_that_their_propagators_read_is_ours_too() -> None:
    bench = Bench()
    token = context.attach(propagate.extract({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}))
    with bench.operation("ours"):
        pass
    context.detach(token)
    ours, _ = bench.spans()
    assert (ours["ours"].trace_id.hex(), ours["ours"].parent_id.hex()) == ("a" * 32, "b" * 16)


def test_a_header_given_to_the_operation_goes_before_the_current_span() -> None:
    bench = Bench()
    with bench.otel("theirs"), bench.operation("ours", traceparent=f"00-{'a' * 32}-{'b' * 16}-01"):
        pass
    assert bench.spans()[0]["ours"].trace_id.hex() == "a" * 32


def test_their_context_is_as_before_once_the_operation_ends() -> None:
    bench = Bench()
    before = context.get_current()
    with pytest.raises(ValueError, match="x"), bench.operation("ours"):
        raise ValueError("x")
    assert context.get_current() == before


def test_a_consumers_span_is_no_child_of_the_generators_operation() -> None:
    bench = Bench()

    @bench.operation("produce")
    def produce() -> Iterator[int]:
        with bench.otel("inner"):
            yield 1

    with bench.operation("root"):
        for _ in produce():
            with bench.otel("consume"):
                pass
    ours, theirs = bench.spans()
    assert ids(theirs["inner"])[1] == ours["produce"].span_id
    assert ids(theirs["consume"])[1] == ours["root"].span_id


def test_an_async_generator_closed_in_another_task_leaves_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()

    @bench.operation("stream")
    async def stream() -> AsyncIterator[int]:
        yield 1

    async def main() -> None:
        generator: Any = stream()
        async with bench.operation("root"):
            await asyncio.create_task(anext(generator))
            await asyncio.create_task(generator.aclose())
            with bench.otel("after"):
                pass

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    ours, theirs = bench.spans()
    assert ids(theirs["after"])[1] == ours["root"].span_id
    assert caplog.records == []
    assert bench.losses.totals() == {}


def test_two_tracers_of_one_process_keep_traces_of_their_own() -> None:
    first, second = Bench(), Bench()
    with first.operation("a"), second.operation("b"), first.operation("c"):
        pass
    ours, theirs = first.spans()[0], second.spans()[0]
    assert ours["c"].parent_id == ours["a"].span_id
    assert theirs["b"].parent_id == b""
    assert theirs["b"].trace_id != ours["a"].trace_id


def test_ids_are_not_drawn_where_nobody_asks_for_them() -> None:
    bench = Bench(sampled_per_minute=0)
    with bench.operation("ours") as operation:
        assert opentelemetry.trace.get_current_span().is_recording() is False
    assert operation.span_id == b""


def test_opentelemetry_is_never_imported_by_an_operation() -> None:
    program = (
        "import sys\n"
        "from homeostat.core.application import Application\n"
        "from homeostat.core.clock import SystemClock\n"
        "from homeostat.core.losses import Losses\n"
        "from homeostat.observe.registry import Registry\n"
        "from homeostat.observe.tracer import Tracer\n"
        "losses = Losses()\n"
        "tracer = Tracer(Registry(losses), losses, SystemClock(), Application('s'))\n"
        "with tracer.operation('a'): tracer.inject({})\n"
        "assert tracer.drain()\n"
        "assert not any(name.startswith(('opentelemetry', 'genai_prices')) for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
