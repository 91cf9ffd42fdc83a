"""What was told: events that nobody waits for, on their way into the bus."""

import asyncio
from collections import deque
from collections.abc import Callable
from threading import Lock

from homeostat.core.losses import Losses
from homeostat.runtime.bus.record import Record

TOLD_MAX = 10_000


class Told:
    """Events that any thread puts and one task takes; bounded, what does not fit is counted and left out."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._lock = Lock()
        self._waiting: deque[Record] = deque()
        self._wake: Callable[[], object] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, record: Record) -> None:
        """Have an event published soon. Any thread may call it; it never waits."""
        with self._lock:
            if len(self._waiting) >= TOLD_MAX:
                self._losses.add("bus.told_dropped")
                return
            self._waiting.append(record)
            wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def take(self, count: int) -> list[Record]:
        """Return the first of what waits; it stays until `taken`."""
        with self._lock:
            return [self._waiting[i] for i in range(min(count, len(self._waiting)))]

    def taken(self, count: int) -> None:
        """Let go of the first: they are kept."""
        with self._lock:
            for _ in range(count):
                self._waiting.popleft()

    async def some(self) -> None:
        """Wait until something waits."""
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        with self._lock:
            if self._waiting:
                return
            self._wake = lambda: loop.call_soon_threadsafe(came.set)
        await came.wait()
