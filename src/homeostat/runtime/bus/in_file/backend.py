"""The bus in a file as a back-end: its calls run in one thread of their own, one after the other."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from homeostat.core.clock import Clock
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.in_file import statements as sql
from homeostat.runtime.bus.in_file.bell import Bell
from homeostat.runtime.bus.in_file.log import FileLog
from homeostat.runtime.bus.record import Kept, Lag, Letter, Record, Seat, Settled
from homeostat.runtime.bus.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

POLL_S = 0.2
"""How often one who waits looks for what other processes have published where it has no bell."""


async def file_backend(path: Path, settings: Settings, clock: Clock) -> Backend:
    """Open the bus in a file, which is made if need be."""
    thread = ThreadPoolExecutor(1, "homeostat-bus-file")
    try:
        log = await asyncio.get_running_loop().run_in_executor(thread, FileLog, path, settings, clock)
    except BaseException:
        thread.shutdown(wait=False)
        raise
    bus = Threaded(log, thread)
    return Backend("file", bus, bus, bus, bus.join, bus.last, bus.lags, bus.tidy, bus.close)


class Threaded:
    """A `Log`, `Seats` and `Desk` over one file."""

    def __init__(self, log: FileLog, thread: ThreadPoolExecutor) -> None:
        self._log = log
        self._thread = thread
        self._news = asyncio.Event()
        self._bell = Bell(log.path)

    async def _in_thread(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(call, *args, **kwargs))

    async def _made_news(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run what others wait for; wake them, here and in other processes."""

        def called() -> R:
            found = call(*args, **kwargs)
            self._bell.ring()
            return found

        found = await self._in_thread(called)
        self._wake()
        return found

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Keep events."""
        return await self._made_news(self._log.append, records)

    async def read(
        self, subscriber: str, token: int, after: int, count: int, wait_s: float
    ) -> Sequence[Kept]:
        """Return what follows a position, or wait for it."""
        if wait_s > 0:
            self._bell.hang(self._wake)
        news = self._news
        found = await self._in_thread(self._log.read, subscriber, after, count)
        if found or wait_s <= 0:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s if self._bell.hangs else min(wait_s, POLL_S)):
                await news.wait()
        return await self._in_thread(self._log.read, subscriber, after, count)

    async def settle(self, subscriber: str, token: int, settled: Settled) -> None:
        """Note what became of events."""
        await self._in_thread(self._log.settle, subscriber, token, settled)

    async def join(self, subscribers: Sequence[str]) -> None:
        """Make subscribers known."""
        await self._in_thread(self._log.join, subscribers)

    async def take(self, subscriber: str, owner: str, token: int = 0) -> Seat | None:
        """Take a seat, or keep it."""
        return await self._in_thread(self._log.take, subscriber, owner, token)

    async def leave(self, subscriber: str, owner: str) -> None:
        """Give a seat up, or forget the subscriber."""
        await self._in_thread(self._log.leave, subscriber, owner)

    async def seek(self, subscriber: str, after: int = 0, *, at_ns: int = 0) -> int | None:
        """Set a position."""
        return await self._made_news(self._log.seek, subscriber, after, at_ns)

    async def letters(self, subscriber: str, limit: int) -> Sequence[Letter]:
        """Return the newest dead letters."""
        return await self._in_thread(self._log.letters, subscriber, limit)

    async def requeue(self, ids: Sequence[str]) -> Sequence[str]:
        """Have letters tried again."""
        return await self._made_news(self._log.order, sql.REQUEUE, ids)

    async def forget(self, ids: Sequence[str]) -> Sequence[str]:
        """Throw letters away."""
        return await self._in_thread(self._log.order, sql.FORGET, ids)

    async def last(self) -> int:
        """Return the newest position."""
        return await self._in_thread(self._log.last)

    async def lags(self) -> Sequence[Lag]:
        """Return how far each subscriber is."""
        return await self._in_thread(self._log.lags)

    async def tidy(self) -> int:
        """Drop what is over; then have another thread move what was written into the file, which flushes."""
        dropped = await self._in_thread(self._log.tidy)
        await asyncio.to_thread(_checkpoint, self._log.path)
        return dropped

    async def close(self) -> None:
        """Close the file and end the thread."""
        self._bell.take_down()
        await self._in_thread(self._log.close)
        self._thread.shutdown(wait=False)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _checkpoint(path: Path) -> None:
    """Move what nobody reads any more from the log into the file; others may write meanwhile."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
