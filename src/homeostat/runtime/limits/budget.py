"""The budget: how many extra calls (retries, hedges) may be made, as a share of the calls there are."""

import threading
from collections.abc import Callable

from homeostat.core.clock import SECOND_NS

SAVED_MAX = 10.0
"""Extra calls that can be saved up."""

FLOOR_PER_S = 0.1
"""Extra calls a second that are allowed however few calls there are."""


class Budget:
    """A bucket that each call adds a share of an extra call to. Any thread may use it.

    Guarantee: over any stretch of time, extra calls are at most `share` of the calls, plus 10, plus one in 10
    seconds, none where `share` is 0: whatever fails, the load is never multiplied (Site Reliability
    Engineering, 2016, chapter 21).
    """

    __slots__ = ("_at_ns", "_lock", "_now_ns", "_saved", "_share")

    def __init__(self, share: Callable[[], float], now_ns: Callable[[], int]) -> None:
        self._share = share
        self._now_ns = now_ns
        self._saved = SAVED_MAX
        self._at_ns = now_ns()
        self._lock = threading.Lock()

    def call(self) -> None:
        """Note a call, which pays for a share of an extra one."""
        with self._lock:
            self._saved = min(SAVED_MAX, self._saved + self._share())

    def take(self) -> bool:
        """Take one extra call, False where there is none left."""
        with self._lock:
            now_ns = self._now_ns()
            self._saved = min(SAVED_MAX, self._saved + (now_ns - self._at_ns) / SECOND_NS * FLOOR_PER_S)
            self._at_ns = now_ns
            if self._saved < 1.0 or self._share() <= 0.0:
                return False
            self._saved -= 1.0
            return True
