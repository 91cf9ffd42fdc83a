"""The level column: has the mean moved?"""

_FAST = 0.05
_SLOW = 0.002


class Level:
    """The distance of a mean over some 20 records from one over some 500, in the unit of the value."""

    __slots__ = ("_count", "_fast", "_slow")

    def __init__(self) -> None:
        self._count = 0
        self._fast = 0.0
        self._slow = 0.0

    def update(self, value: float) -> float:
        """Return the statistic of the next record."""
        self._count += 1
        if self._count == 1:
            self._fast = self._slow = value
            return 0.0
        self._fast += (value - self._fast) * _FAST
        statistic = abs(self._fast - self._slow)
        self._slow += (value - self._slow) * max(1.0 / self._count, _SLOW)
        return statistic
