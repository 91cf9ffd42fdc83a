"""The threads in which the companion works for the web: so many, and each person's work in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from homeostat.act.knobs.declaration import declared
from homeostat.companion.answering import Answering
from homeostat.companion.unspoken import Unspoken
from homeostat.core.errors import QueueFull
from homeostat.core.guard import guarded
from homeostat.runtime.host import Host

T = TypeVar("T")

THREADS = 8
ASIDE = 2
ELSEWHERE = 16
ANSWERED_MAX = 512
"""Requests that are answered at once or wait for it, some seconds of work: one more is refused."""
MODELS_MAX = 8
"""Questions to models elsewhere that are waited for at once: who is in danger needs some of the threads."""


class Threads:
    """Runs plain functions beside the event loop, at most `companion_threads` at once.

    `computes` says that short work waits for nothing outside this process: no database. It is done in one
    thread: several would hand the interpreter's lock to and fro between their statements, at ten times the
    latency, and on the event loop itself nobody in danger would be heard meanwhile. `embedding` is how many
    threads embed: few for a model that computes here, 0 where nothing embeds. `held` are people whose memory
    something else holds for longer, by who holds it. `ready` tells of whom all is at hand that an answer
    needs; who begins to talk again takes three times as long, in another thread that nobody else waits for.
    """

    def __init__(
        self,
        host: Host,
        *,
        computes: bool = False,
        embedding: int = 0,
        held: Sequence[Container[str]] = (),
        ready: Callable[[str], bool] = lambda person: True,
    ) -> None:
        self._short = ThreadPoolExecutor(1, "homeostat-short") if computes else None
        self._first = ThreadPoolExecutor(1, "homeostat-first") if computes else None
        self._ready = ready
        self._aside = ThreadPoolExecutor(ASIDE, "homeostat-aside")
        self._elsewhere = ThreadPoolExecutor(ELSEWHERE, "homeostat-elsewhere")
        self._held = held
        self._embedding = ThreadPoolExecutor(embedding, "homeostat-embed") if embedding else None
        self._most = host.knob_set.declare(
            declared(
                "companion_threads",
                THREADS,
                low=1,
                high=128,
                log=True,
                settle_s=5.0,
                help="requests that are worked on at once",
            )
        )
        self._limiter = CapacityLimiter(THREADS)
        self._turns: dict[str, _Turn] = {}
        self._asking = 0
        self._answering = 0
        self._losses = host.losses
        self._refused = host.counter("companion.refused", "1", status=503)

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns."""
        most: int = self._most.get()
        if self._limiter.total_tokens != most:
            self._limiter.total_tokens = most
        return await to_thread.run_sync(_unspoken, work, args, limiter=self._limiter)

    async def aside(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns that must not wait for those that answer, nor they for it."""
        return await _within(self._aside, work, *args)

    def later(self, work: Callable[..., object], *args: object) -> None:
        """Have a function run aside for which nobody waits; what fails is counted."""

        def guarded_work() -> None:
            with guarded(self._losses, "companion.later"):
                work(*args)

        self._aside.submit(guarded_work)

    async def elsewhere(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns that waits for somebody else's server."""
        return await _within(self._elsewhere, work, *args)

    async def model(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns that asks a model elsewhere. Raises QueueFull where many do."""
        if self._asking >= MODELS_MAX:
            raise QueueFull(f"models elsewhere are asked {MODELS_MAX} things already: try again later")
        self._asking += 1
        try:
            return await self.elsewhere(work, *args)
        finally:
            self._asking -= 1

    async def model_for(self, person: str, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns that may ask a model, after what was asked before for the person.

        It keeps no thread from those who ask no model. Raises QueueFull.
        """
        async with self._turn(person):
            return await self.model(work, *args)

    async def run_for(self, person: str, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns, after all that was asked before for the same person.

        So their order is that of the requests, and nobody takes more than one thread.
        """
        async with self._turn(person):
            return await self.run(work, *args)

    async def answered(self, person: str, answering: Answering[T]) -> T:
        """Return the answer to a request, after all that was asked before for the same person.

        It is embedded in a thread of its own, for it takes long and needs no lock of the interpreter; from
        there it goes to the thread that finishes it without a turn of the event loop. Raises QueueFull where
        many wait already.
        """
        if self._answering >= ANSWERED_MAX:
            self._refused.add(1)
            raise QueueFull(f"{ANSWERED_MAX} requests wait for an answer already: try again later")
        self._answering += 1
        try:
            with answering:
                async with self._turn(person):
                    if self._embedding is None:
                        return await self._now(person, answering.finish)
                    return await self._embedded(self._embedding, person, answering)
        finally:
            self._answering -= 1

    async def _embedded(self, embedding: ThreadPoolExecutor, person: str, answering: Answering[T]) -> T:
        """Return the answer to a request once it is embedded; who is cancelled meanwhile is not answered."""
        answer: Future[tuple[T] | None] = Future()
        run = copy_context().run

        def finish() -> tuple[T]:
            return (run(_unspoken, answering.finish, ()),)

        def embed() -> None:
            run(_unspoken, answering.embed, ())
            at = self._at_once(person)
            if at is None:
                _settle(answer, lambda: None)
            else:
                at.submit(_settle, answer, finish)

        def embedded(done: Future[None]) -> None:
            if done.exception() is not None:
                _settle(answer, done.result)

        embedding.submit(embed).add_done_callback(embedded)
        found = await asyncio.wrap_future(answer)
        return await self.run(answering.finish) if found is None else found[0]

    async def _now(self, person: str, work: Callable[[], T]) -> T:
        at = self._at_once(person)
        return await (self.run(work) if at is None else _within(at, work))

    def _at_once(self, person: str) -> ThreadPoolExecutor | None:
        """Return the thread that answers a person at once, None where that may have to wait."""
        if self._short is None or self._first is None or any(person in held for held in self._held):
            return None
        return self._short if self._ready(person) else self._first

    def close(self) -> None:
        """Have the threads end once they are done."""
        for executor in (self._embedding, self._short, self._first, self._aside, self._elsewhere):
            if executor is not None:
                executor.shutdown()

    @asynccontextmanager
    async def _turn(self, person: str) -> AsyncIterator[None]:
        turn = self._turns.get(person)
        if turn is None:
            turn = self._turns[person] = _Turn()
        turn.wanted += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[person]


async def _within(executor: ThreadPoolExecutor, work: Callable[..., T], *args: object) -> T:
    """Return what a function returns in an executor, whose queue no event loop has to look after."""
    run = copy_context().run
    return await asyncio.get_running_loop().run_in_executor(executor, run, _unspoken, work, args)


def _settle(answer: Future[T], work: Callable[[], T]) -> None:
    """Do the work for who waits for its answer; where nobody does any more, leave it."""
    if answer.set_running_or_notify_cancel():
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            answer.set_exception(error)


def _unspoken(work: Callable[..., T], args: tuple[object, ...]) -> T:
    with Unspoken("a request"):
        return work(*args)


class _Turn:
    """Whose turn it is with one person, and how many want it."""

    __slots__ = ("lock", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted = 0
