"""The budget: what may be spent on average, as a bucket that drains."""

from collections.abc import Callable
from threading import Lock

from homeostat.core.clock import SECOND_NS, Clock


class Budget:
    """What was spent lately, of something that may be spent at a `rate` a second: a leaky bucket.

    Spending is always noted; `left` is False while the bucket holds more than `burst_s` seconds of the rate,
    so that what runs is not broken off and what follows waits. Safe for threads.
    """

    def __init__(self, clock: Clock, rate: Callable[[], float], burst_s: float) -> None:
        self._now_ns = clock.monotonic_ns
        self._rate = rate
        self._burst_s = burst_s
        self._lock = Lock()
        self._level = 0.0
        self._at_ns = self._now_ns()

    def spend(self, amount: float) -> None:
        """Note what was spent."""
        with self._lock:
            self._drain()
            self._level += amount

    @property
    def left(self) -> bool:
        """Whether more may be begun now."""
        return self.wait_s == 0.0

    @property
    def wait_s(self) -> float:
        """After how many seconds more may be begun, 0 for now."""
        with self._lock:
            self._drain()
            rate = self._rate()
            return max(self._level - self._burst_s * rate, 0.0) / rate

    def _drain(self) -> None:
        now_ns = self._now_ns()
        self._level = max(self._level - (now_ns - self._at_ns) / SECOND_NS * self._rate(), 0.0)
        self._at_ns = now_ns
