"""Write-behind: values that go to the shared tiers later, many at once, from a bounded queue."""

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future

from homeostat.observe.recorder import Counter
from homeostat.runtime.cache.bridge import Bridge
from homeostat.runtime.cache.tiers.per_loop import PerLoop
from homeostat.runtime.cache.tiers.tier import Item

QUEUE_MAX = 10_000
BATCH_MAX = 200
LINGER_S = 0.02


class WriteBehind:
    """Keeps the latest value of each key until it is written; beyond a bound the oldest goes, counted.

    A forked child begins with an empty queue: what waited is its parent's to write.
    """

    def __init__(
        self, bridge: Bridge, write: Callable[[Sequence[Item]], Awaitable[None]], dropped: Counter
    ) -> None:
        self._bridge = bridge
        self._write = write
        self._dropped = dropped
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._one_writes = PerLoop(asyncio.Lock)
        self._items: OrderedDict[bytes, Item] = OrderedDict()
        self._in_flight: set[bytes] = set()
        self._writing = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Have a value written soon."""
        if self._pid != os.getpid():
            self._after_fork()
        with self._lock:
            self._items.pop(item.key, None)
            self._items[item.key] = item
            if len(self._items) > QUEUE_MAX:
                self._items.popitem(last=False)
                self._dropped.add(1)
            if self._writing:
                return
            self._writing = True
        self._bridge.submit(self._write_all())

    def drop(self, keys: Sequence[bytes]) -> "Future[None] | None":
        """Have values that are not written yet not written.

        Where one is being written now, what is returned ends when it is: deleted before, it would come back.
        """
        if self._pid != os.getpid():
            self._after_fork()
        with self._lock:
            for key in keys:
                self._items.pop(key, None)
            if self._in_flight.isdisjoint(keys):
                return None
        return self._bridge.submit(self._landed())

    def drain(self) -> "Future[None]":
        """Write what waits now; what is returned ends when all of it is written."""
        return self._bridge.submit(self._drain())

    async def _drain(self) -> None:
        while await self._write_some():
            pass

    async def _landed(self) -> None:
        async with self._one_writes.get():
            pass

    async def _write_all(self) -> None:
        try:
            while self._writing:
                await asyncio.sleep(LINGER_S)
                if await self._write_some():
                    continue
                with self._lock:
                    self._writing = bool(self._items)
        except BaseException:  # the bridge was closed: the next value starts anew
            self._writing = False
            raise

    async def _write_some(self) -> bool:
        """Write a batch once the one before it is written; return False where there is none."""
        async with self._one_writes.get():
            batch = self._batch()
            try:
                if batch:
                    await self._write(batch)
            finally:
                self._in_flight = set()
            return bool(batch)

    def _batch(self) -> list[Item]:
        with self._lock:
            batch = [self._items.popitem(last=False)[1] for _ in range(min(BATCH_MAX, len(self._items)))]
            self._in_flight = {item.key for item in batch}
            return batch

    def _after_fork(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._one_writes = PerLoop(asyncio.Lock)
        self._items, self._in_flight, self._writing = OrderedDict(), set(), False
