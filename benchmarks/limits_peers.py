"""Peers of the adaptive limit: Gradient2 as in Netflix's concurrency-limits, feedback of p95, no limit."""

from homeostat.runtime.limits.limit import Ended

NONE = 1_000_000_000


class NoLimit:
    """Lets everything through."""

    def now(self) -> int:
        """Return a limit that is never reached."""
        return NONE

    def ended(self, call: Ended) -> None:
        """Learn nothing."""


class Gradient2:
    """The limit follows long over short latency, at its defaults: from 20, 20 to 200, tolerance 1.5, queue 4.

    The long latency is an exponential mean over 600 calls that starts as the mean of the first 10.
    """

    def __init__(self) -> None:
        self._limit = 20.0
        self._calls = 0
        self._long_ns = 0.0

    def now(self) -> int:
        """Return the limit in force."""
        return int(self._limit)

    def ended(self, call: Ended) -> None:
        """Learn from a call."""
        self._calls += 1
        weight = 1.0 / self._calls if self._calls <= 10 else 2.0 / 601.0
        self._long_ns += (call.took_ns - self._long_ns) * weight
        if self._long_ns > 2.0 * call.took_ns:
            self._long_ns *= 0.95
        if call.in_flight < self._limit / 2.0:
            return
        gradient = max(0.5, min(1.0, 1.5 * self._long_ns / max(1, call.took_ns)))
        aim = self._limit * gradient + 4.0
        self._limit = max(20.0, min(200.0, self._limit * 0.8 + aim * 0.2))


class P95Feedback:
    """Down by a tenth where p95 of 50 calls is beyond its target, else up by one while calls wait."""

    def __init__(self, target_s: float) -> None:
        self._target_ns = target_s * 1e9
        self._limit = 20.0
        self._took_ns: list[int] = []

    def now(self) -> int:
        """Return the limit in force."""
        return int(self._limit)

    def ended(self, call: Ended) -> None:
        """Learn from a call."""
        self._took_ns.append(call.took_ns)
        if len(self._took_ns) < 50:
            return
        if sorted(self._took_ns)[47] > self._target_ns:
            self._limit = max(1.0, self._limit * 0.9)
        elif call.binding:
            self._limit += 1.0
        self._took_ns.clear()
