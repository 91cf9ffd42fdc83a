"""The breath: the rests of a thread that computes beside others, so that they need not wait for it."""

import threading
import time
from collections.abc import Callable

from homeostat.core.clock import SECOND_NS

REST_LEAST_S = 50e-6
"""Long enough for a thread that waits for the interpreter's lock to take it."""

REST_SHORT_S = 0.02
REST_MAX_S = 60.0


class Breath:
    """Rests after each step, so that a thread takes no more than a share of one core.

    A thread that never rests gives the interpreter's lock away each 5 ms only; one that rests after steps of
    microseconds keeps nobody waiting for longer than those. `ended` cuts a long rest short.
    """

    __slots__ = ("_ended", "_share", "_since_ns")

    def __init__(self, share: Callable[[], float], ended: threading.Event) -> None:
        self._share = share
        self._ended = ended
        self._since_ns = 0

    def begin(self) -> None:
        """Count from now on, in the thread that rests."""
        self._since_ns = time.thread_time_ns()

    def rest(self) -> None:
        """Rest for what was computed since the last time."""
        if self._ended.is_set():
            return
        took_s = (time.thread_time_ns() - self._since_ns) / SECOND_NS
        rest_s = min(took_s * (1.0 / self._share() - 1.0), REST_MAX_S)
        if rest_s < REST_SHORT_S:
            time.sleep(max(rest_s, REST_LEAST_S))
        else:
            self._ended.wait(rest_s)
        self._since_ns = time.thread_time_ns()
