"""The throughput: the time that goes by for each whole dream while anybody dreams."""

from homeostat.companion.dream.meter import MS_NS
from homeostat.runtime.host import Host


class Throughput:
    """Counts the time in which at least one dream runs; a whole one ends the count and begins the next.

    The mean is the inverse of how many are finished in that time: 5,000 ms are twelve a minute. What was
    stopped or failed took its time and finished nothing, so that it counts towards the next whole one.
    """

    def __init__(self, host: Host) -> None:
        self._clock = host.clock
        self._interval = host.histogram("companion.dream.interval", "ms")
        self._since_ns: int | None = None
        self._carried_ns = 0

    def runs(self, running: int) -> None:
        """So many run now."""
        now_ns = self._clock.monotonic_ns()
        if running and self._since_ns is None:
            self._since_ns = now_ns
        elif not running and self._since_ns is not None:
            self._carried_ns += now_ns - self._since_ns
            self._since_ns = None

    def whole(self) -> None:
        """One of those that run was dreamed to its end."""
        now_ns = self._clock.monotonic_ns()
        passed_ns = now_ns - self._since_ns if self._since_ns is not None else 0
        self._interval.record((self._carried_ns + passed_ns) / MS_NS)
        self._carried_ns = 0
        if self._since_ns is not None:
            self._since_ns = now_ns
