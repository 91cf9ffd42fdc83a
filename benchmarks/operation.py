"""What does one operation cost, all in, and what does a span of OpenTelemetry's SDK cost?

Both sides pay for everything in this process: their flush and drain are part of the CPU time measured.
OpenTelemetry's exporter drops what it gets, so that no serialisation is counted against it.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import Result
from benchmarks.timing import Run, Timing, side_by_side
from homeostat.core.application import Application
from homeostat.core.clock import SystemClock
from homeostat.core.losses import Losses
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer as OtelTracer

BATCH = 2_000


def _ours() -> tuple[Tracer, Registry]:
    losses = Losses()
    registry = Registry(losses)
    return Tracer(registry, losses, SystemClock(), Application("benchmark")), registry


def homeostat_root(otel_loaded: bool) -> Run:
    """Operations without parent or attributes; drained and folded every 2,000."""
    tracer, registry = _ours()

    def run() -> int:
        operation = tracer.operation
        for _ in range(BATCH):
            with operation("answer"):
                pass
        tracer.drain()
        registry.fold(0, 1_000_000_000)
        return BATCH

    return run if otel_loaded else _without_otel(run)


def homeostat_tree(otel_loaded: bool) -> Run:
    """Trees of one root and four children with an attribute each."""
    tracer, registry = _ours()

    def run() -> int:
        operation = tracer.operation
        for _ in range(BATCH // 5):
            with operation("answer"):
                for name in ("retrieve", "rank", "prompt", "generate"):
                    with operation(name) as child:
                        child.set(documents=3)
        tracer.drain()
        registry.fold(0, 1_000_000_000)
        return BATCH

    return run if otel_loaded else _without_otel(run)


def _without_otel(run: Run) -> Run:
    """Hide OpenTelemetry from the bridge, as in a process that never imported it."""
    from homeostat.observe import otel_bridge

    def hidden() -> int:
        loaded, otel_bridge.loaded_modules = otel_bridge.loaded_modules, {}
        try:
            return run()
        finally:
            otel_bridge.loaded_modules = loaded

    return hidden


def _otel() -> "tuple[OtelTracer, Callable[[], bool]]":
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Dropping(SpanExporter):
        def export(self, spans: "Sequence[ReadableSpan]") -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider(shutdown_on_exit=False)
    processor = BatchSpanProcessor(Dropping(), max_queue_size=4 * BATCH)
    provider.add_span_processor(processor)
    return provider.get_tracer("benchmark"), processor.force_flush


def opentelemetry_root() -> Run:
    """Spans without parent or attributes, flushed every 2,000."""
    tracer, flush = _otel()

    def run() -> int:
        start = tracer.start_as_current_span
        for _ in range(BATCH):
            with start("answer"):
                pass
        flush()
        return BATCH

    return run


def opentelemetry_tree() -> Run:
    """The same trees as ours."""
    tracer, flush = _otel()

    def run() -> int:
        start = tracer.start_as_current_span
        for _ in range(BATCH // 5):
            with start("answer"):
                for name in ("retrieve", "rank", "prompt", "generate"):
                    with start(name) as child:
                        child.set_attribute("documents", 3)
        flush()
        return BATCH

    return run


def _results(question: str, ours: Timing, peer: Timing, bar: float | None, note: str) -> list[Result]:
    return [
        Result(
            f"{question}, times cheaper",
            peer.best_ns / ours.best_ns,
            "x",
            bar,
            "higher",
            "OpenTelemetry SDK",
            note=f"{ours.best_ns / 1e3:.2f} us against {peer.best_ns / 1e3:.1f} us{note}",
        )
    ]


def run(data: Path | None) -> list[Result]:
    """Measure single operations and trees, and both again with OpenTelemetry in the same process."""
    timings = side_by_side(
        {
            "root": homeostat_root(otel_loaded=False),
            "tree": homeostat_tree(otel_loaded=False),
            "root bridged": homeostat_root(otel_loaded=True),
            "tree bridged": homeostat_tree(otel_loaded=True),
            "otel root": opentelemetry_root(),
            "otel tree": opentelemetry_tree(),
        },
        clock=time.process_time_ns,
    )
    bridged = ", bridged to OpenTelemetry's context"
    return [
        *_results("one operation", timings["root"], timings["otel root"], 5.0, ""),
        *_results("one operation of a tree of 5", timings["tree"], timings["otel tree"], 5.0, ""),
        *_results("one operation, bridged", timings["root bridged"], timings["otel root"], None, bridged),
        *_results("one of a tree, bridged", timings["tree bridged"], timings["otel tree"], None, bridged),
    ]
