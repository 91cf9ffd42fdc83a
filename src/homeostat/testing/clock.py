"""A clock that moves only when it is told to."""

from homeostat.core.clock import SECOND_NS


class ManualClock:
    """Both readings start at given times and go on by `advance`.

    >>> clock = ManualClock(now_ns=5)
    >>> clock.advance(1.5)
    >>> clock.now_ns(), clock.monotonic_ns()
    (1500000005, 1500000000)
    """

    def __init__(self, now_ns: int = 1_750_000_000 * SECOND_NS, monotonic_ns: int = 0) -> None:
        self._now_ns = now_ns
        self._monotonic_ns = monotonic_ns

    def now_ns(self) -> int:
        """Return the wall time."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """Return the time since the start."""
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Let time go by."""
        passed = round(seconds * SECOND_NS)
        if passed < 0:
            raise ValueError(f"time advances by a positive number of seconds, not {seconds}")
        self._now_ns += passed
        self._monotonic_ns += passed
