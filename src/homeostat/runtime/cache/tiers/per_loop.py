"""One of a thing for each event loop: clients and pools cannot be shared between loops."""

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a thing in each running loop that asks for it; those of closed loops are forgotten."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def get(self) -> T:
        """Return the one of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            with self._lock:
                for ended in [each for each in self._made if each.is_closed()]:
                    del self._made[ended]
                found = self._made[loop] = self._make()
        return found

    def pop(self) -> T | None:
        """Return the one of the running loop and forget it, None where there is none."""
        with self._lock:
            return self._made.pop(asyncio.get_running_loop(), None)
