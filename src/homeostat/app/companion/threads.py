"""The threads in which the companion works for the web: so many, and each person's work in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from homeostat.act.knobs.declaration import declared
from homeostat.companion.answering import Answering
from homeostat.companion.unspoken import Unspoken
from homeostat.runtime.host import Host

T = TypeVar("T")

THREADS = 8


class Threads:
    """Runs plain functions beside the event loop, at most `companion_threads` at once.

    `computes` says that short work waits for nothing outside this process: no database. `embedding` is how
    many threads embed beside these: few for a model that computes here, 0 where nothing embeds. `held` are
    people whose memory something else holds for longer.
    """

    def __init__(
        self, host: Host, *, computes: bool = False, embedding: int = 0, held: Container[str] = ()
    ) -> None:
        self._computes = computes
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

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns."""
        most: int = self._most.get()
        if self._limiter.total_tokens != most:
            self._limiter.total_tokens = most
        return await to_thread.run_sync(_unspoken, work, args, limiter=self._limiter)

    async def run_for(self, person: str, work: Callable[..., T], *args: object) -> T:
        """Return what a function returns, after all that was asked before for the same person.

        So their order is that of the requests, and nobody takes more than one thread.
        """
        async with self._turn(person):
            return await self.run(work, *args)

    async def soon(self, person: str, work: Callable[..., T], *args: object) -> T:
        """Return what a short function returns, after all that was asked before for the same person.

        Where it only computes, it does so on the event loop: threads would hand the interpreter's lock to and
        fro between its statements, at ten times the latency.
        """
        if self._computes and person not in self._turns and person not in self._held:
            return _unspoken(work, args)
        return await self.run_for(person, work, *args)

    async def answered(self, person: str, answering: Answering[T]) -> T:
        """Return the answer to a request, after all that was asked before for the same person.

        It is embedded in a thread, for it takes long and needs no lock of the interpreter; then it is `soon`.
        That thread has a queue of its own: it goes on to the next without waiting for the event loop.
        """
        with answering:
            if self._embedding is None:
                return await self.soon(person, answering.finish)
            async with self._turn(person):
                run = copy_context().run
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._embedding, run, _unspoken, answering.embed, ())
                if self._computes and person not in self._held:
                    return _unspoken(answering.finish, ())
                return await self.run(answering.finish)

    def close(self) -> None:
        """Have the threads that embed end once they are done."""
        if self._embedding is not None:
            self._embedding.shutdown()

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


def _unspoken(work: Callable[..., T], args: tuple[object, ...]) -> T:
    with Unspoken("a request"):
        return work(*args)


class _Turn:
    """Whose turn it is with one person, and how many want it."""

    __slots__ = ("lock", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted = 0
