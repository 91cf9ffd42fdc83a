"""The pace: calls of all threads go out one after another, no faster than a rate."""

import threading
from collections.abc import Callable

from homeostat.core.clock import SECOND_NS
from homeostat.runtime.limits.refused import RateExceeded

WAIT_MAX_S = 60.0


class Pace:
    """Gives each call its moment, 1 / rate after the one before it; the rate may be turned at any time."""

    def __init__(
        self, rate: Callable[[], float], now_ns: Callable[[], int], sleep: Callable[[float], None]
    ) -> None:
        self._rate = rate
        self._now_ns = now_ns
        self._sleep = sleep
        self._free_ns = now_ns()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return at the call's moment. Raises RateExceeded where that is more than a minute away."""
        with self._lock:
            now_ns = self._now_ns()
            at_ns = max(self._free_ns, now_ns)
            wait_s = (at_ns - now_ns) / SECOND_NS
            if wait_s > WAIT_MAX_S:
                raise RateExceeded(f"more calls wait than go out in {WAIT_MAX_S:g} s: raise the rate", wait_s)
            self._free_ns = at_ns + round(SECOND_NS / self._rate())
        if wait_s > 0.0:
            self._sleep(wait_s)
