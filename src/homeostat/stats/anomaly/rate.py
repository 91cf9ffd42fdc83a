"""The rate column: does the value rise or fall faster than usual?"""

_SMOOTHING = 0.3


class Rate:
    """The size of the smoothed change from record to record, in the unit of the value."""

    __slots__ = ("_before", "_change", "_count")

    def __init__(self) -> None:
        self._before = 0.0
        self._change = 0.0
        self._count = 0

    def update(self, value: float) -> float:
        """Return the statistic of the next record (of its residual, where there is a season)."""
        self._count += 1
        if self._count > 1:
            self._change += (value - self._before - self._change) * _SMOOTHING
        self._before = value
        return abs(self._change)
