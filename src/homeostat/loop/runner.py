"""The runner: the thread that folds what was recorded and hands it to the writer."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from homeostat.core.application import Application
from homeostat.core.batch import Batch, Sink
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.query import Store
from homeostat.loop.writer import Writer
from homeostat.observe.registry import Registry
from homeostat.observe.tracer import Tracer

if TYPE_CHECKING:
    from homeostat.observe.collectors.runner import Collectors

MAINTAIN_EVERY_NS = 10 * SECOND_NS


class Runner:
    """Folds the registry and drains the tracer once an interval; looks after the store each 10 s."""

    def __init__(
        self,
        registry: Registry,
        tracer: Tracer,
        losses: Losses,
        clock: Clock,
        application: Application,
        interval_s: float,
        open_sink: Callable[[], Sink] | None,
        owns_sink: bool,
        start_collectors: "Callable[[], Collectors] | None" = None,
    ) -> None:
        self._registry = registry
        self._tracer = tracer
        self._losses = losses
        self._clock = clock
        self._common: dict[str, object] = {**application.attributes}
        self._interval_s = interval_s
        self._open_sink = open_sink
        self._owns_sink = owns_sink
        self._start_collectors = start_collectors
        self.collectors: Collectors | None = None
        self._sink: Sink | None = None
        self._tick_lock = threading.Lock()
        self._stop = threading.Event()
        self._began_ns = clock.now_ns()
        self._maintain_ns = clock.monotonic_ns() + MAINTAIN_EVERY_NS
        self._record_ms = registry.recorder(
            "homeostat.flush.duration", Kind.HISTOGRAM, "ms", self._common
        ).buffer.append
        written = registry.recorder(
            "homeostat.store.write.duration", Kind.HISTOGRAM, "ms", self._common
        ).buffer.append
        self.writer = Writer(self._open, losses, record_ms=written) if open_sink else None
        self._thread = threading.Thread(target=self._run, name="homeostat-flush", daemon=True)
        self._thread.start()

    def _open(self) -> Sink:
        assert self._open_sink is not None
        self._sink = self._open_sink()
        return self._sink

    def tick(self) -> None:
        """Fold what was recorded since the last tick and queue it; any thread may call this."""
        with self._tick_lock:
            started = time.perf_counter_ns()
            now_ns = self._clock.now_ns()
            for reason, n in self._losses.drain().items():
                self._registry.recorder(
                    "homeostat.dropped", Kind.COUNTER, "1", {"reason": reason, **self._common}
                ).buffer.append(n)
            begin_ns = min(self._began_ns, now_ns) // SECOND_NS * SECOND_NS
            spans = self._tracer.drain()  # first: it records what the calls to models cost
            batch = Batch(points=self._registry.fold(begin_ns, now_ns), spans=spans)
            self._began_ns = now_ns
            if self.writer is not None and not self.writer.offer(batch):
                self._losses.add("writer.queue_full", len(batch))
            self._record_ms((time.perf_counter_ns() - started) / 1e6)

    def _run(self) -> None:
        if self._start_collectors is not None:
            with guarded(self._losses, "collectors"):
                self.collectors = self._start_collectors()
        while not self._stop.wait(self._interval_s):
            with guarded(self._losses, "flush"):
                self.tick()
            with guarded(self._losses, "maintain"):
                self._maintain()

    def _maintain(self) -> None:
        if self._clock.monotonic_ns() < self._maintain_ns:
            return
        self._maintain_ns = self._clock.monotonic_ns() + MAINTAIN_EVERY_NS
        if isinstance(self._sink, Store):
            self._sink.maintain(self._clock.now_ns())

    def flush(self, timeout_s: float) -> bool:
        """Fold and write all that was recorded; False if that takes longer than the time given."""
        self.tick()
        return self.writer is None or self.writer.drain(timeout_s)

    def close(self, timeout_s: float) -> None:
        """Flush once more and end both threads; what cannot be written in time is counted as lost."""
        self._stop.set()
        self._thread.join(timeout_s)
        if self.collectors is not None:
            self.collectors.close()
        with guarded(self._losses, "flush"):
            self.tick()
        if self.writer is not None:
            self.writer.close(timeout_s)
        if self._sink is not None and self._owns_sink:
            with guarded(self._losses, "close"):
                self._sink.close()
