"""The lanes: events of one key go one after the other, those of different keys side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from homeostat.runtime.bus.record import Kept
from homeostat.runtime.ending import ended

Tried = tuple[Kept, Exception | None]
"""An event, and what the first try raised, where there was one already."""


class Lanes:
    """One lane a key, as long as it has events; `wide` says how many move at once."""

    def __init__(
        self, handle: Callable[[Kept, Exception | None], Awaitable[None]], wide: Callable[[], int]
    ) -> None:
        self._handle = handle
        self._wide = wide
        self._lanes: dict[str, deque[Tried]] = {}
        self._ready: deque[str] = deque()
        self._moving: set[asyncio.Task[None]] = set()

    def busy(self, key: str) -> bool:
        """Whether an event of a key is under way, or waits."""
        return key in self._lanes

    def put(self, kept: Kept, error: Exception | None = None) -> None:
        """Put an event behind those of its key."""
        lane = self._lanes.get(kept.key)
        if lane is not None:
            lane.append((kept, error))
            return
        self._lanes[kept.key] = deque([(kept, error)])
        self._ready.append(kept.key)
        self._start()

    async def close(self) -> None:
        """Stop what moves; what was not handled is not over."""
        self._ready.clear()
        await ended(tuple(self._moving))
        self._lanes.clear()

    def _start(self) -> None:
        while self._ready and len(self._moving) < self._wide():
            task = asyncio.create_task(self._move(self._ready.popleft()))
            self._moving.add(task)
            task.add_done_callback(self._stopped)

    def _stopped(self, task: "asyncio.Task[None]") -> None:
        self._moving.discard(task)
        if not task.cancelled():
            self._start()

    async def _move(self, key: str) -> None:
        lane = self._lanes[key]
        while lane:
            await self._handle(*lane[0])
            lane.popleft()
        del self._lanes[key]
