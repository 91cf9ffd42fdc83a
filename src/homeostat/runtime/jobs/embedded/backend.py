"""The embedded queue as a back-end: its calls run in one thread of their own, one after the other."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from homeostat.core.clock import Clock
from homeostat.runtime.jobs.backend import Ask, Backend, Beat, ById, Exchanged, Listed, Order
from homeostat.runtime.jobs.embedded.queue import EmbeddedQueue
from homeostat.runtime.jobs.record import Depth, Job, NewJob, Outcome, Report
from homeostat.runtime.jobs.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


async def embedded_backend(path: Path, settings: Settings, clock: Clock) -> Backend:
    """Open the queue in a file, which is made if need be."""
    thread = ThreadPoolExecutor(1, "homeostat-jobs-file")
    make = partial(EmbeddedQueue, path, clock, settings.lease_s, settings.waiting_max, settings.kept_max)
    try:
        queue = await asyncio.get_running_loop().run_in_executor(thread, make)
    except BaseException:
        thread.shutdown(wait=False)
        raise
    records = Threaded(queue, thread)
    return Backend("embedded", records, records, records.depth, records.close, lease_s=settings.lease_s)


class Threaded:
    """A `Register` and `Leases` over one embedded queue."""

    def __init__(self, queue: EmbeddedQueue, thread: ThreadPoolExecutor) -> None:
        self._queue = queue
        self._thread = thread

    async def _in_thread(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *args, **kwargs))

    async def submit(self, jobs: Sequence[NewJob]) -> Sequence[str]:
        """Keep jobs, and return their ids."""
        return await self._in_thread(self._queue.submit, jobs)

    async def find(self, query: ById | Listed) -> Sequence[Job]:
        """Return jobs."""
        return await self._in_thread(self._queue.find, query)

    async def order(self, order: Order, ids: Sequence[str]) -> Sequence[str]:
        """Carry out an order, and return the jobs that it held for."""
        return await self._in_thread(self._queue.order, order, ids)

    async def exchange(self, worker: str, outcomes: Sequence[Outcome], ask: Ask) -> Exchanged:
        """Settle runs and take new jobs."""
        return await self._in_thread(self._queue.exchange, worker, outcomes, ask)

    async def beat(self, worker: str, reports: Sequence[Report]) -> Beat:
        """Prolong a lease."""
        return await self._in_thread(self._queue.beat, worker, reports)

    async def leave(self, worker: str) -> None:
        """Give up a lease."""
        await self._in_thread(self._queue.leave, worker)

    async def depth(self) -> Depth:
        """Return how much waits."""
        return await self._in_thread(self._queue.depth)

    async def close(self) -> None:
        """Close the file and end the thread."""
        await self._in_thread(self._queue.close)
        self._thread.shutdown(wait=False)
