"""The spread column: has the noise become larger or smaller?"""

import math

_FAST = 0.1
_SLOW = 0.001
_STILL = 1e-3
"""Noise a thousand times smaller than it used to be counts as none: log ratios end at log 1000."""


class Spread:
    """The log ratio of the mean step between neighbours over some 10 records to that over some 1,000.

    Either sign counts: a frozen value is as remarkable as a sudden noise. Dimensionless, at most log 1000.
    """

    __slots__ = ("_before", "_count", "_fast", "_slow")

    def __init__(self) -> None:
        self._before = 0.0
        self._count = 0
        self._fast = 0.0
        self._slow = 0.0

    def update(self, value: float) -> float:
        """Return the statistic of the next record (of its residual, where there is a season)."""
        step = abs(value - self._before)
        self._before = value
        self._count += 1
        if self._count == 1:
            return 0.0
        steps = self._count - 1
        self._fast += (step - self._fast) * max(1.0 / steps, _FAST)
        floor = _STILL * self._slow
        if self._slow > 0.0:
            statistic = abs(math.log((self._fast + floor) / (self._slow + floor)))
            statistic = min(statistic, -math.log(_STILL))
        else:
            statistic = 0.0 if self._fast == 0.0 else -math.log(_STILL)
        self._slow += (step - self._slow) * max(1.0 / steps, _SLOW)
        return statistic
