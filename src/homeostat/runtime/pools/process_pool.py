"""The process pool: plain functions that compute, each in a process that takes only itself down."""

import asyncio
import logging
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from functools import partial
from typing import Any

from homeostat.core.log import event
from homeostat.runtime.host import Host
from homeostat.runtime.pools.workers import Workers

PROCESSES_MAX = 64


class ProcessPool(Workers):
    """Runs functions of modules in processes; functions, arguments and results are pickled.

    Each worker is a process with an executor of its own, since an executor of the standard library fails all
    of its calls when one process dies. Here only the call that it ran does (`WorkerDied`), the process is
    replaced at the next call, and `pool.workers_died` counts it. Processes begin when they are needed, in
    0.1 s and more; those that a lowered size leaves over end after the next call. They are not forked from
    this one, whose threads may hold locks: a program needs `if __name__ == "__main__":`. Context variables
    and deadlines do not reach the function.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        size: int = 2,
        *,
        size_max: int = PROCESSES_MAX,
        queue_max: int = 100,
        wait_max_s: float = 10.0,
    ) -> None:
        super().__init__(host, name, "processes", size, size_max, queue_max, wait_max_s)
        self._context = multiprocessing.get_context("forkserver")
        self._died_count = host.counter("pool.workers_died", "1", pool=name).add
        self._lock = threading.Lock()
        self._workers: set[ProcessPoolExecutor] = set()
        self._idle: list[ProcessPoolExecutor] = []

    @property
    def processes(self) -> int:
        """Workers that there are, busy or not."""
        return len(self._workers)

    async def check(self) -> None:
        """Run nothing in an idle process, or in a new one where there is room; busy ones are alive."""
        with self._lock:
            busy = not self._idle and len(self._workers) >= self._slots.size.get()
        if not busy:
            await asyncio.wrap_future(self._submit(_nothing, (), {}))

    async def aclose(self) -> None:
        """Take no more calls, serve those that wait, and end the processes."""
        await self._slots.drained()
        await asyncio.to_thread(self._end)

    def close(self) -> None:
        """Do as `aclose` does, in a thread."""
        self._slots.drained_blocking()
        self._end()

    def _submit(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Future[Any]:
        while True:
            worker = self._taken()
            try:
                future = worker.submit(function, *args, **kwargs)
            except BrokenExecutor:  # it died while it was idle
                self._lost(worker)
                continue
            future.add_done_callback(partial(self._ended, worker))
            return future

    def _taken(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            worker = ProcessPoolExecutor(1, mp_context=self._context)
            self._workers.add(worker)
            return worker

    def _ended(self, worker: ProcessPoolExecutor, future: Future[Any]) -> None:
        if not future.cancelled() and isinstance(future.exception(), BrokenExecutor):
            self._lost(worker)
            return
        with self._lock:
            self._idle.append(worker)
            surplus = max(0, len(self._workers) - self._slots.size.get())
            left_over, self._idle = self._idle[:surplus], self._idle[surplus:]
            self._workers.difference_update(left_over)
        for each in left_over:
            each.shutdown(wait=False)

    def _lost(self, worker: ProcessPoolExecutor) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.shutdown(wait=False)
        self._died_count(1)
        event("pool.worker_died", logging.WARNING, pool=self.name)

    def _end(self) -> None:
        with self._lock:
            workers, self._workers, self._idle = self._workers, set(), []
        for worker in workers:
            worker.shutdown()


def _nothing() -> None:
    pass
