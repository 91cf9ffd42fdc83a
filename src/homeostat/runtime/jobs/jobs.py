"""Jobs: work that outlives the request that asked for it, and the process that began it."""

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.backend import Backend, ById, Listed, Order
from homeostat.runtime.jobs.cron import Cron
from homeostat.runtime.jobs.definition import Call, Declare, Definition, Limits
from homeostat.runtime.jobs.grouped import Grouped
from homeostat.runtime.jobs.handle import Handle
from homeostat.runtime.jobs.knobs import CONCURRENCY_MAX, declare_knobs
from homeostat.runtime.jobs.meter import Meter
from homeostat.runtime.jobs.opening import open_backend
from homeostat.runtime.jobs.planning import Planning
from homeostat.runtime.jobs.record import Depth, Job, NewJob, State, new_id
from homeostat.runtime.jobs.retry import Retry
from homeostat.runtime.jobs.running import Running
from homeostat.runtime.jobs.settings import Settings
from homeostat.runtime.jobs.worker import Worker

P = ParamSpec("P")
R = TypeVar("R")


class Jobs:
    """The jobs of an application: declared here, enqueued anywhere, run by workers.

    Each job runs at least once: a worker that dies in the middle of one leaves it to another, and what it did
    by then is done again. Idempotency keys make enqueueing twice harmless; fencing tokens (`running.token`)
    do so for what a run writes. `address` is a file (the embedded engine, for the processes of one machine)
    or the URL of a server: `redis://` and `amqp://` run on Celery, `postgresql://` on pgqueuer.
    """

    def __init__(
        self,
        host: Host,
        address: str | Path,
        *,
        name: str = "jobs",
        records: str = "",
        lease_s: float = 10.0,
        waiting_max: int = 1_000_000,
        kept_max: int = 100_000,
        rng: random.Random | None = None,
    ) -> None:
        """Say where the jobs are; nothing is opened before the first use.

        `records` is a Redis address, needed beside RabbitMQ. `lease_s` is how long a worker may say nothing
        before its jobs go to others. `waiting_max` bounds the jobs that wait, `kept_max` the finished ones
        that are remembered (the oldest go first).
        """
        self.host = host
        self.settings = Settings(name, str(address), records, lease_s, waiting_max, kept_max)
        self.definitions: dict[str, Definition[Any, Any]] = {}
        self._plans: dict[str, tuple[Definition[Any, Any], Cron]] = {}
        self._current: ContextVar[Running | None] = ContextVar("homeostat_job", default=None)
        self._meter = Meter(host, name)
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._backend: Backend | None = None
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()
        self._workers: list[Worker] = []
        self._submits: Grouped[Sequence[NewJob], Sequence[str]] = Grouped(self._submit)
        self._finds: Grouped[str, Job | None] = Grouped(self._find)

    def job(
        self,
        name: str = "",
        *,
        retry: Retry | None = None,
        timeout_s: float = 3_600.0,
        running_max: int = 0,
        keep_s: float = 3_600.0,
        priority: int = 5,
        cron: str = "",
        zone: str = "UTC",
    ) -> Declare:
        """Declare a function, `async def` or not, as a job.

        `running_max` bounds how many run at once over all workers, 0 for no bound; `keep_s` is how long its
        result is kept; `priority` goes from 0 to 9, the highest first. `cron` (five fields, in the time of
        `zone`) runs it by the clock. Raises ConfigError.
        """
        if callable(name):
            raise ConfigError("write @jobs.job() with its brackets")

        def declare(function: Callable[P, Any]) -> Definition[P, Any]:
            limits = Limits(timeout_s, running_max, keep_s, priority)
            definition: Definition[P, Any] = Definition(
                name or function.__name__, function, retry or Retry(), limits
            )
            if definition.name in self.definitions:
                raise ConfigError(
                    f"there is a job {definition.name!r} already: give one of both another name"
                )
            if cron:
                if not definition.signature.bare:
                    raise ConfigError(
                        f"job {definition.name!r} runs by the clock: give each parameter a default"
                    )
                self._plans[definition.name] = (definition, Cron.parse(cron, zone))
            self.definitions[definition.name] = definition
            return definition

        return cast(Declare, declare)

    @property
    def running(self) -> Running:
        """The run that this code is part of. Raises ConfigError outside of a job."""
        running = self._current.get()
        if running is None:
            raise ConfigError("no job runs here: `running` is for the functions of jobs")
        return running

    async def enqueue(self, call: Call[R]) -> Handle[R]:
        """Keep a job durably, and return its handle. Calls that come at once share a transaction.

        Raises QueueFull where too many wait, StoreError or NotAvailable where it could not be kept.
        """
        return (await self.enqueue_many((call,)))[0]

    async def enqueue_many(self, calls: Iterable[Call[R]]) -> list[Handle[R]]:
        """Keep jobs, all or none, in one transaction."""
        made = list(calls)
        now_ns = self.host.clock.now_ns()
        news = [self._new(call, now_ns) for call in made]
        if not news:
            return []
        await self.backend()
        ids = await self._submits.put(news)
        counts: dict[str, int] = {}
        for new, id in zip(news, ids, strict=True):
            counts[new.name] = counts.get(new.name, 0) + (new.id == id)
        for name, count in counts.items():
            self._meter.enqueued(name, count)
        for worker in self._workers:
            worker.wake()
        return [Handle(self._look, id, call.definition) for id, call in zip(ids, made, strict=True)]

    def _new(self, call: Call[Any], now_ns: int) -> NewJob:
        if not isinstance(call, Call):
            raise InputError(
                f"what is enqueued is a call, such as summarise.call(17), not a {type(call).__name__}"
            )
        definition = call.definition
        if self.definitions.get(definition.name) is not definition:
            raise InputError(f"job {definition.name!r} was not declared here: enqueue it where it was")
        due_ns = call.at_ns or (now_ns + call.delay_ns if call.delay_ns else 0)
        keep_ns = round(definition.limits.keep_s * SECOND_NS)
        id = new_id(self.host.clock)
        return NewJob(id, definition.name, call.arguments, call.key, call.priority, due_ns, now_ns, keep_ns)

    async def get(self, id: str) -> Job | None:
        """Return a job, None where it is not known any more."""
        await self.backend()
        return await self._finds.put(id)

    async def list(self, state: State, name: str = "", limit: int = 100) -> Sequence[Job]:
        """Return the newest jobs in a state; `State.DEAD` are the dead letters."""
        return await (await self.backend()).register.find(Listed(state, name, limit))

    async def cancel(self, *ids: str) -> Sequence[str]:
        """Cancel jobs that are not over. One that runs is told within a fraction of the lease."""
        return await (await self.backend()).register.order(Order.CANCEL, ids)

    async def send_again(self, *ids: str) -> Sequence[str]:
        """Send dead or cancelled jobs again, as new; return those that were."""
        sent = await (await self.backend()).register.order(Order.SEND_AGAIN, ids)
        for worker in self._workers:
            worker.wake()
        return sent

    async def forget(self, *ids: str) -> Sequence[str]:
        """Forget jobs that are over, with their results and keys."""
        return await (await self.backend()).register.order(Order.FORGET, ids)

    async def depth(self) -> Depth:
        """Return how much waits."""
        return await (await self.backend()).depth()

    async def worker(self, concurrency: int = 10, drain_s: float = 30.0) -> Worker:
        """Make a worker for this event loop: `await worker.run()`.


        Its knobs are `<name>_concurrency` (with this default), `<name>_batch` and `<name>_poll_ms`.
        """
        if not 1 <= concurrency <= CONCURRENCY_MAX:
            raise ConfigError(
                f"concurrency of a worker lies from 1 to {CONCURRENCY_MAX}, not {concurrency!r}"
            )
        if not self.definitions:
            raise ConfigError("there is no job to run: declare some with @jobs.job()")
        backend = await self.backend()
        worker = Worker(
            self.host,
            backend,
            self.definitions,
            declare_knobs(self.host, self.settings.name, concurrency),
            self._meter,
            self._current,
            self.planning(backend),
            concurrency,
            drain_s,
            self._rng,
        )
        self._workers.append(worker)
        return worker

    def planning(self, backend: Backend) -> Planning:
        """Return what keeps the next run of each cron job in the queue."""
        return Planning(self._plans, backend.register, self.enqueue_many, self.host.clock, self.host.losses)

    async def backend(self) -> Backend:
        """Return what keeps and delivers the jobs, opened at the first call, and anew in a forked child.

        It belongs to an event loop: in another one it is opened anew once that one is closed. Raises
        ConfigError while both run.
        """
        loop = asyncio.get_running_loop()
        if self._process != os.getpid() or (self._loop is not loop and _is_over(self._loop)):
            self._process = os.getpid()
            self._loop = loop
            self._backend = None
            self._opening = asyncio.Lock()
            self._workers.clear()
        if self._loop is not loop:
            raise ConfigError(
                f"jobs {self.settings.name!r} are used in another event loop, which runs still: "
                "make a Jobs object for each"
            )
        if self._backend is None:
            async with self._opening:
                if self._backend is None:
                    self._backend = await open_backend(self.settings, self.host.clock)
        return self._backend

    async def close(self) -> None:
        """Close the connections. Workers should have ended; a later call opens them again."""
        backend, self._backend = self._backend, None
        self._workers.clear()
        if backend is not None:
            await backend.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _look(self, id: str, order: Order | None) -> Job | None:
        if order is not None:
            await (await self.backend()).register.order(order, (id,))
        return await self.get(id)

    async def _submit(self, groups: Sequence[Sequence[NewJob]]) -> Sequence[Sequence[str]]:
        ids = iter(await (await self.backend()).register.submit([job for group in groups for job in group]))
        return [[next(ids) for _ in group] for group in groups]

    async def _find(self, ids: Sequence[str]) -> Sequence[Job | None]:
        found = {job.id: job for job in await (await self.backend()).register.find(ById(ids))}
        return [found.get(id) for id in ids]


def _is_over(loop: asyncio.AbstractEventLoop | None) -> bool:
    return loop is None or loop.is_closed()
