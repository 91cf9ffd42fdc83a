"""The shop: an application with some jobs, several of which work on one queue."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from homeostat.core.clock import SystemClock
from homeostat.runtime.jobs import Jobs, Retry
from homeostat.runtime.jobs.definition import Definition
from homeostat.runtime.jobs.worker import Worker
from homeostat.testing.bare_host import BareHost

WAIT_S = 60.0
LEASE_S = 10.0
"""A process that stands still for longer on a busy machine loses its jobs, rightly."""


class Page(msgspec.Struct):
    """A result with a type of its own."""

    title: str
    words: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where an empty queue is."""

    address: str
    records: str = ""


@dataclass
class Shop:
    """An application with some jobs, and what they did."""

    jobs: Jobs
    host: BareHost
    ran: list[Any] = field(default_factory=list)
    fails: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        quick = Retry(times=2, first_s=0.05, jitter=0.0)
        job = self.jobs.job

        @job()
        async def page(title: str, words: int = 3) -> Page:
            self.ran.append(title)
            return Page(title, words)

        @job()
        def in_thread(n: int) -> int:
            self.jobs.running.progress(0.5, "half")
            return n * self.jobs.running.attempt

        @job(retry=quick)
        async def flaky(secret: str) -> int:
            self.ran.append(self.jobs.running.attempt)
            if len(self.ran) <= self.fails:
                raise ConnectionError("not yet")
            return self.jobs.running.attempt

        @job(retry=Retry(on=(ConnectionError,)))
        async def wrong() -> None:
            self.ran.append("wrong")
            raise ValueError("no such model")

        @job(timeout_s=0.2, retry=Retry(times=0))
        async def slow() -> None:
            await asyncio.sleep(WAIT_S)

        @job()
        async def held(n: int) -> int:
            self.jobs.running.progress(0.25, "waiting")
            self.ran.append(n)
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.ran.append("cancelled")
                raise
            return n

        @job(running_max=1)
        async def alone(n: int) -> None:
            self.ran.append(("in", n))
            await asyncio.sleep(0.05)
            self.ran.append(("out", n))

        @job(cron="*/5 * * * *", zone="Europe/Zurich")
        async def swept() -> None:
            self.ran.append("swept")

    def __getattr__(self, name: str) -> Definition[Any, Any]:
        return self.jobs.definitions[name]


class Shops:
    """Makes applications on one queue, and runs what is to be seen of them."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._made: list[Shop] = []

    def __call__(self, **settings: Any) -> Shop:
        """Return a further application."""
        host = BareHost(SystemClock())
        settings = {"lease_s": LEASE_S, "records": self._address.records, **settings}
        self._made.append(Shop(Jobs(host, self._address.address, **settings), host))
        return self._made[-1]

    def play(self, scene: Coroutine[Any, Any, None]) -> None:
        """Run a scene to its end, and close what it used."""

        async def played() -> None:
            try:
                await scene
            finally:
                for app in self._made:
                    await app.jobs.close()

        asyncio.run(played())


@asynccontextmanager
async def working(
    app: Shop, concurrency: int = 4, drain_s: float = 10.0
) -> AsyncIterator[tuple[Shop, Worker]]:
    """A worker of an application while the block runs; it has drained at its end."""
    worker = await app.jobs.worker(concurrency, drain_s)
    running = asyncio.create_task(worker.run())
    try:
        yield app, worker
    finally:
        worker.stop()
        await asyncio.wait_for(running, WAIT_S)


class OnAQueue:
    """Subclass it and say where an empty queue is."""

    @pytest.fixture
    def address(self) -> Address:
        """Return where an empty queue is."""
        raise NotImplementedError

    @pytest.fixture
    def shop(self, address: Address) -> "Shops":
        """Return a maker of applications on the same queue."""
        return Shops(address)
