"""A clock whose wall time jumps, as when a machine's time is set or a virtual machine wakes up."""

from homeostat.core.clock import SECOND_NS, Clock, SystemClock


class JumpingClock:
    """Another clock's readings, of which the wall time is off by the sum of all jumps.

    >>> from homeostat.testing.clock import ManualClock
    >>> clock = JumpingClock(ManualClock(now_ns=10 * SECOND_NS))
    >>> clock.jump(-3600.0)
    >>> clock.now_ns() // SECOND_NS, clock.monotonic_ns()
    (-3590, 0)
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._off_ns = 0

    def now_ns(self) -> int:
        """Return the wall time with all jumps."""
        return self._clock.now_ns() + self._off_ns

    def monotonic_ns(self) -> int:
        """Return the monotonic time, which does not jump."""
        return self._clock.monotonic_ns()

    def jump(self, seconds: float) -> None:
        """Set the wall time forward by some seconds, or back by a negative number."""
        self._off_ns += round(seconds * SECOND_NS)
