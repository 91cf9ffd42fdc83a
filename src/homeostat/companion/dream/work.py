"""The work of dreams: in threads, paid for from the budget of computing, left behind where one is stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import thread_time
from typing import Any, Protocol, TypeVar

from homeostat.companion.dream.budget import Budget
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.scene import How
from homeostat.companion.dream.session import Session
from homeostat.companion.store.people import Memory, People
from homeostat.companion.unspoken import Unspoken
from homeostat.runtime.host import Host

T = TypeVar("T")

CPU_BURST_S = 8.0
HOWS: tuple[How, ...] = ("request", "away")

Rests = Callable[[], AbstractContextManager[None]]
"""A context for work that makes room for what people wait for."""


class Runs(Protocol):
    """Runs a function that takes its time beside the event loop, one after the other for each person."""

    def __call__(self, person: str, work: Callable[[], T], /) -> Awaitable[T]: ...


async def in_thread(person: str, work: Callable[[], T]) -> T:
    """Run a function in a thread of asyncio's own."""
    return await asyncio.to_thread(work)


class Stopped(Exception):
    """The dream was stopped."""


class Work:
    """Runs what dreams look up and compute. Lives on one event loop.

    `cpu` is what those who are away, and apart from them those who asked, may compute: it pays for what was
    left behind as well, so that who begins and stops again and again pays like everybody. `away` is told
    of those whose memory is held although they are away: they may be back.
    """

    def __init__(
        self, host: Host, people: People, knobs: DreamKnobs, runs: Runs, rests: Rests, away: set[str]
    ) -> None:
        self._people = people
        self._runs = runs
        self._rests = rests
        self._away = away
        self._left_behind: set[asyncio.Future[Any]] = set()
        share = knobs.cpu_share
        self.cpu = {how: Budget(host.clock, lambda: float(share.get()), CPU_BURST_S) for how in HOWS}

    async def held(self, session: Session, look: Callable[[Memory], T]) -> T:
        """Return what a function says of the person's memory, which it holds meanwhile. Raises Stopped.

        For who is away it takes turns with all else that can wait, in a thread that nobody waits for.
        """
        if session.how == "away":
            looking = in_thread(session.person, lambda: self._held_away(session.person, look))
            return await self.unless_stopped(session, looking)
        return await self.unless_stopped(session, self.in_turn(session, look))

    async def computed(self, session: Session, work: Callable[[], T]) -> T:
        """Return what a function returns that needs no memory. Raises Stopped."""

        def computed() -> T:
            with self._paid(session.how), Unspoken("a dream"):
                return work()

        return await self.unless_stopped(session, asyncio.to_thread(computed))

    async def in_turn(self, session: Session, look: Callable[[Memory], T]) -> T:
        """Return what a function says of the person's memory, whether or not the dream was stopped.

        It takes its turn among all that is asked for the same person: what they wish meanwhile holds.
        """

        def looked() -> T:
            with self._paid(session.how), self._people.open(session.person) as memory, Unspoken("a dream"):
                return look(memory)

        return await self._runs(session.person, looked)

    def _held_away(self, person: str, look: Callable[[Memory], T]) -> T:
        with self._paid("away"), self._rests():
            self._away.add(person)
            try:
                with self._people.open(person) as memory, Unspoken("a dream"):
                    return look(memory)
            finally:
                self._away.discard(person)

    async def unless_stopped(self, session: Session, work: Awaitable[T]) -> T:
        """Return what work returns; raise Stopped as soon as the dream is stopped, and leave it behind."""
        doing: asyncio.Future[T] = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(session.stopping.wait())
        both: tuple[asyncio.Future[Any], ...] = (doing, stopping)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not doing.done():
                doing.cancel()
                self._left_behind.add(doing)
            doing.add_done_callback(self._left)
        if session.stopping.is_set():
            raise Stopped
        return doing.result()

    def _left(self, doing: asyncio.Future[Any]) -> None:
        """Look at what became of work that was left behind: nobody else does."""
        self._left_behind.discard(doing)
        if not doing.cancelled():
            doing.exception()

    @contextmanager
    def _paid(self, how: How) -> Iterator[None]:
        """Take what this thread computes within from the budget."""
        began_s = thread_time()
        try:
            yield
        finally:
            self.cpu[how].spend(thread_time() - began_s)
