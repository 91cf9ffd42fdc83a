"""Virtual time: an event loop whose sleeps take no time, for tests and simulations of asyncio code."""

import asyncio
import selectors
from collections.abc import Coroutine
from math import ceil
from typing import Any, TypeVar

from homeostat.core.clock import SECOND_NS

T = TypeVar("T")

EPOCH_NS = 1_750_000_000 * SECOND_NS


TURN_NS = 1
"""What one turn of the loop takes: where time stands still, who waits for a rounding error waits forever."""


class _Jump(selectors.DefaultSelector):
    """A selector that, instead of waiting, moves the time on by what it was to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        self.now_ns += TURN_NS
        if ready:
            return ready
        if timeout is None:
            return super().select(None)  # only another thread can go on
        self.now_ns += ceil(timeout * SECOND_NS)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer whenever nothing is left to do; also a `Clock`.

    What waits for sockets, processes or other threads does not move the time.
    """

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Return the virtual time in seconds, from 0."""
        return self._jump.now_ns / SECOND_NS

    def now_ns(self) -> int:
        """Return the virtual wall time."""
        return EPOCH_NS + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        """Return the virtual time."""
        return self._jump.now_ns


def run_virtual(main: Coroutine[Any, Any, T], loop: VirtualLoop | None = None) -> T:
    """Run a coroutine to its end in virtual time, and cancel what it left behind.

    >>> run_virtual(asyncio.sleep(3_600.0, "an hour later"))
    'an hour later'
    """
    with asyncio.Runner(loop_factory=lambda: loop or VirtualLoop()) as runner:
        return runner.run(main)
