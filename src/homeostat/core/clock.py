"""The clock: handed in wherever time matters, so that tests need no sleeps."""

import time
from typing import Protocol

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS


class Clock(Protocol):
    """Two readings of time, both in nanoseconds."""

    def now_ns(self) -> int:
        """Wall time since the Unix epoch; may step backwards."""
        ...

    def monotonic_ns(self) -> int:
        """Time since an arbitrary start; never steps backwards."""
        ...


class SystemClock:
    """The machine's own clock."""

    now_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.perf_counter_ns)
