"""The writer: a bounded queue in front of a sink, and the one thread that empties it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from homeostat.core.batch import Batch, Sink
from homeostat.core.errors import HomeostatError, StoreBusy, StoreFull
from homeostat.core.guard import guarded
from homeostat.core.log import event
from homeostat.core.losses import Losses

ITEMS_MAX = 200_000
"""Points, spans and logs that wait at most; beyond that batches are refused."""

ITEMS_PER_WRITE = 20_000
RETRY_S = (0.1, 0.5, 2.0, 10.0)


class Fate(StrEnum):
    """What became of a batch that was offered."""

    WRITTEN = "written"
    REFUSED = "refused"
    """The sink can never take it."""
    LEFT = "left"
    """The writer was closed before."""


Settled = Callable[[Fate], object]


def together(batches: list[Batch]) -> Batch:
    """Return one batch that holds all of them in order."""
    return Batch(
        points=tuple(p for b in batches for p in b.points),
        spans=tuple(s for b in batches for s in b.spans),
        logs=tuple(r for b in batches for r in b.logs),
        records=tuple(r for b in batches for r in b.records),
    )


class Writer:
    """Takes batches from any thread without waiting, and writes them in order.

    The sink is opened by the writer's own thread, on first use. While it is busy or full the queue
    holds what came, the write is tried again, and `offer` answers False once the queue is full too.
    A batch that the sink can never take is dropped and counted. `record_ms` is told how long each write took.
    """

    def __init__(
        self,
        open_sink: Callable[[], Sink],
        losses: Losses,
        items_max: int = ITEMS_MAX,
        record_ms: Callable[[float], None] | None = None,
    ) -> None:
        self._open_sink = open_sink
        self._losses = losses
        self._record_ms = record_ms
        self._items_max = items_max
        self._queue: deque[tuple[Batch, Settled | None]] = deque()
        self._items = 0
        self._changed = threading.Condition()
        self._closing = False
        self._writing = False
        self._sink: Sink | None = None
        self._thread = threading.Thread(target=self._run, name="homeostat-writer", daemon=True)
        self._thread.start()

    def offer(self, batch: Batch, settled: Settled | None = None) -> bool:
        """Queue a batch; False if there is no room for it or the writer is closed.

        `settled` is told what became of it, in the writer's thread; it must not wait.
        """
        if not len(batch):
            if settled is not None:
                settled(Fate.WRITTEN)
            return True
        with self._changed:
            if self._closing or (self._items and self._items + len(batch) > self._items_max):
                return False
            self._queue.append((batch, settled))
            self._items += len(batch)
            self._changed.notify_all()
            return True

    @property
    def full(self) -> bool:
        """Whether there is no room now."""
        return self._items >= self._items_max

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was offered is written; False if that takes longer than the time given."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, within the time given, and end; what is left is counted as lost."""
        self.drain(timeout_s)
        with self._changed:
            self._closing = True
            if self._items:
                self._losses.add("writer.closed_before_written", self._items)
            left = [settled for _, settled in self._queue if settled is not None]
            self._changed.notify_all()
        self._tell(left, Fate.LEFT)
        self._thread.join(1.0)

    def _tell(self, waiting: list[Settled], fate: Fate) -> None:
        for settled in waiting:
            with guarded(self._losses, "writer.settled"):
                settled(fate)

    def _take(self) -> tuple[Batch, list[Settled]] | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._closing)
            if self._closing:
                return None
            taken = [self._queue.popleft()]
            size = len(taken[0][0])
            while self._queue and size + len(self._queue[0][0]) <= ITEMS_PER_WRITE:
                size += len(self._queue[0][0])
                taken.append(self._queue.popleft())
            self._writing = True
        batches = [batch for batch, _ in taken]
        waiting = [settled for _, settled in taken if settled is not None]
        return together(batches) if len(batches) > 1 else batches[0], waiting

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            batch, waiting = taken
            fate = Fate.REFUSED
            with guarded(self._losses, "writer"):
                fate = self._write(batch)
            self._tell(waiting, fate)
            with self._changed:
                self._items -= len(batch)
                self._writing = False
                self._changed.notify_all()

    def _write(self, batch: Batch) -> Fate:
        attempt = 0
        while True:
            try:
                if self._sink is None:
                    self._sink = self._open_sink()
                started_ns = time.perf_counter_ns()
                self._sink.write(batch)
                if self._record_ms is not None:
                    self._record_ms((time.perf_counter_ns() - started_ns) / 1e6)
            except (StoreBusy, StoreFull) as error:
                wait_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                event("homeostat.write_delayed", error=error, wait_s=wait_s)
                attempt += 1
                with self._changed:
                    if self._changed.wait_for(lambda: self._closing, wait_s):
                        return Fate.LEFT
            except HomeostatError as error:
                event("homeostat.write_refused", logging.ERROR, error)
                self._losses.add("writer.sink_refused", len(batch))
                return Fate.REFUSED
            else:
                return Fate.WRITTEN
