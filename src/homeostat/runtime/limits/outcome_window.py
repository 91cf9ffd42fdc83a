"""The outcome window: how many of the calls of the last seconds failed or were slow."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from homeostat.core.clock import SECOND_NS
from homeostat.runtime.limits.outcome import Outcome

BUCKETS = 10
"""Parts of a window; the oldest is forgotten at once, so that a window is up to a tenth shorter than said."""


@dataclass(slots=True)
class Totals:
    """Counts of calls. One that was slow and failed is among the failed only."""

    calls: int = 0
    failed: int = 0
    slow: int = 0


class OutcomeWindow:
    """Totals over the last `window_s` seconds, which is asked again whenever a bucket is full.

    Not safe for threads. Cost: an addition is O(1), totals are O(1) since there are at most 11 buckets.
    """

    __slots__ = ("_buckets", "_ends_ns", "_last", "_window_s")

    def __init__(self, window_s: Callable[[], float]) -> None:
        self._window_s = window_s
        self._buckets: deque[tuple[int, Totals]] = deque()
        self._last = Totals()
        self._ends_ns = -(1 << 63)

    def add(self, now_ns: int, outcome: Outcome) -> None:
        """Count one call that ended now."""
        if now_ns >= self._ends_ns:
            self._roll(now_ns)
        last = self._last
        last.calls += 1
        if outcome is Outcome.FAILED:
            last.failed += 1
        elif outcome is Outcome.SLOW:
            last.slow += 1

    def add_success(self, now_ns: int) -> bool:
        """Count a call that went well, False where a new bucket has to be begun for it: then `add` does."""
        if now_ns >= self._ends_ns:
            return False
        self._last.calls += 1
        return True

    def totals(self, now_ns: int) -> Totals:
        """Return the counts of the window that ends now."""
        self._forget(now_ns - round(self._window_s() * SECOND_NS))
        found = Totals()
        for _, bucket in self._buckets:
            found.calls += bucket.calls
            found.failed += bucket.failed
            found.slow += bucket.slow
        return found

    def _roll(self, now_ns: int) -> None:
        window_ns = round(self._window_s() * SECOND_NS)
        self._forget(now_ns - window_ns)
        self._last = Totals()
        self._buckets.append((now_ns, self._last))
        self._ends_ns = now_ns + max(1, window_ns // BUCKETS)

    def _forget(self, before_ns: int) -> None:
        """Drop the buckets that began up to a time."""
        buckets = self._buckets
        while buckets and buckets[0][0] <= before_ns:
            buckets.popleft()
        if not buckets:
            self._ends_ns = -(1 << 63)
