"""The worker: takes jobs, runs them, tells that it lives, and goes without leaving anything behind."""

import asyncio
import os
import random
import socket
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError
from homeostat.core.log import event
from homeostat.runtime.ending import ended
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.backend import Backend, Feed
from homeostat.runtime.jobs.definition import Definition
from homeostat.runtime.jobs.delivering import Delivering
from homeostat.runtime.jobs.fetching import Fetching
from homeostat.runtime.jobs.knobs import JobKnobs
from homeostat.runtime.jobs.meter import Meter
from homeostat.runtime.jobs.planning import Planning
from homeostat.runtime.jobs.runner import Runner
from homeostat.runtime.jobs.running import Running, Why
from homeostat.runtime.jobs.runs import Runs

BEATS_A_LEASE = 4
DEPTH_INTERVAL_S = 10.0
GRACE_S = 5.0
"""How long runs may take to end once they were cancelled, before the worker goes without them."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """How a worker stands. It is not healthy once it did not beat for as long as its lease holds."""

    worker: str
    engine: str
    healthy: bool
    draining: bool
    running: int
    ended: int
    refused: int
    beat_age_s: float


class Worker:
    """Runs the jobs of one `Jobs`, made by `Jobs.worker`; `run` and `stop` belong to one event loop.

    A worker that was killed, or stood still for longer than its lease, loses its jobs to others; what it
    would still settle is refused and counted.
    """

    def __init__(
        self,
        host: Host,
        backend: Backend,
        definitions: Mapping[str, Definition[Any, Any]],
        knobs: JobKnobs,
        meter: Meter,
        current: "ContextVar[Running | None]",
        planning: Planning,
        concurrency: int,
        drain_s: float,
        rng: random.Random,
    ) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
        self._clock = host.clock
        self._losses = host.losses
        self._backend = backend
        self._meter = meter
        self._planning = planning
        self._drain_s = drain_s
        self._stopped = asyncio.Event()
        self._refused_count = 0
        self._beat_ns = self._clock.monotonic_ns()
        limits = {name: definition.limits.running_max for name, definition in definitions.items()}
        self._runner = Runner(definitions, host.tracer, meter, current, rng, host.losses)
        self._runs = Runs(self._runner)
        self._feed: Feed | None = None
        self._fetching: Fetching | None = None
        self._delivering: Delivering | None = None
        common = (limits, knobs, self._runs, host.losses, self._refused)
        if backend.feed is None:
            self._fetching = Fetching(self.id, backend.leases, *common)
        else:
            self._feed = backend.feed(limits, concurrency)
            self._delivering = Delivering(self.id, backend.register, backend.leases, *common)

    def wake(self) -> None:
        """Look for work now, rather than at the next poll."""
        if self._fetching is not None:
            self._fetching.wake()

    def stop(self, at_once: bool = False) -> None:
        """Take no further jobs and end once those that run have ended; `at_once` hands them back instead."""
        self._stopped.set()
        self._take_nothing()
        if at_once:
            self._runs.stop(Why.LEAVING)

    def status(self) -> WorkerStatus:
        """Return how the worker stands."""
        age_s = (self._clock.monotonic_ns() - self._beat_ns) / SECOND_NS
        return WorkerStatus(
            worker=self.id,
            engine=self._backend.engine,
            healthy=age_s <= self._backend.lease_s,
            draining=self._stopped.is_set(),
            running=len(self._runs),
            ended=self._runs.ended,
            refused=self._refused_count,
            beat_age_s=round(age_s, 3),
        )

    async def run(self) -> None:
        """Work until stopped, then wait up to `drain_s` for what runs, and hand back what takes longer.

        Raises HomeostatError where the back-end cannot be reached at the start.
        """
        await self._beat()
        beating = asyncio.create_task(self._beats())
        chores = [asyncio.create_task(chore) for chore in (self._depths(), self._planning.run())]
        stopped = asyncio.create_task(self._stopped.wait())
        serving = asyncio.create_task(self._serve())
        event("jobs.worker.up", worker=self.id, engine=self._backend.engine)
        try:
            await asyncio.wait((serving, stopped, beating), return_when=asyncio.FIRST_COMPLETED)
            await self._drain(serving)
        finally:
            self._runs.stop(Why.LEAVING)
            await ended((beating, *chores, stopped, serving))
            self._runner.close()
            await self._leave()
        event("jobs.worker.down", worker=self.id, ended=self._runs.ended, refused=self._refused_count)
        for task in (serving, beating):  # a worker that cannot beat any more must not go on either
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _serve(self) -> None:
        if self._fetching is not None:
            await self._fetching.serve()
        else:
            assert self._feed is not None
            assert self._delivering is not None
            await self._feed.serve(self._delivering.deliver)

    async def _drain(self, serving: "asyncio.Task[None]") -> None:
        self._take_nothing()
        await asyncio.wait((serving,), timeout=self._drain_s)
        if not serving.done():
            self._runs.stop(Why.LEAVING)
            await asyncio.wait((serving,), timeout=GRACE_S)
        if not serving.done():
            event("jobs.worker.runs_left", worker=self.id, running=len(self._runs))

    def _take_nothing(self) -> None:
        for part in (self._fetching, self._delivering, self._feed):
            if part is not None:
                part.stop()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self._backend.lease_s / BEATS_A_LEASE)
            try:
                await self._beat()
            except HomeostatError as error:
                self._losses.add("jobs.beat_failed")
                event("jobs.beat_failed", worker=self.id, reason=type(error).__name__)

    async def _beat(self) -> None:
        told = await self._backend.leases.beat(self.id, self._runs.reports())
        self._beat_ns = self._clock.monotonic_ns()
        self._runs.stop(Why.ORDERED, told.cancelled)
        self._runs.stop(Why.LOST, told.lost)

    async def _depths(self) -> None:
        while True:
            try:
                self._meter.waiting(await self._backend.depth())
            except HomeostatError:
                self._losses.add("jobs.depth_failed")
            await asyncio.sleep(DEPTH_INTERVAL_S)

    async def _leave(self) -> None:
        try:
            await self._backend.leases.leave(self.id)
        except HomeostatError as error:  # its lease runs out by itself
            event("jobs.leave_failed", worker=self.id, reason=type(error).__name__)

    def _refused(self, id: str) -> None:
        self._refused_count += 1
        self._meter.refused()
