"""How a cache waits: in the caller's event loop, or through the bridge in the caller's thread.

The cache is written once, as coroutines that wait for tiers by an `Io` only. Through `ThreadIo` nothing in
them ever suspends, so that `run_now` runs them to their end without an event loop.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from homeostat.runtime.cache.bridge import Bridge

T = TypeVar("T")


class Io(Protocol):
    """Waits for what is asynchronous."""

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Start a coroutine beside the caller; return what cancels it."""
        ...


class LoopIo:
    """In the event loop of the caller."""

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine."""
        return await work

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Start a task."""
        task = asyncio.get_running_loop().create_task(work)
        return task.cancel


class ThreadIo:
    """In the thread of the caller, which the bridge's loop lets wait."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine in the bridge's loop, without suspending."""
        return self._bridge.run(work)

    def spawn(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Start a task in the bridge's loop."""
        return self._bridge.submit(work).cancel


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never suspends, and return its result."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise AssertionError("a coroutine of the cache suspended outside of an event loop")
