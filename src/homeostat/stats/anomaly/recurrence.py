"""How long ago was a value as high as this one?"""

import math
from bisect import bisect_right

HELD_MAX = 512


class Recurrence:
    """The number of values since one was as high, as log10: 3 means the highest in 1,000.

    Guarantee: if the order of the values tells nothing (they are exchangeable, whatever their
    distribution), a value is the highest of the last k with a probability of 1 / k, so that 10**-s is
    the rate of results of s and above. Cost: amortised O(1), 0.5 us; at most `HELD_MAX` pairs: the values
    that no later one has passed. Beyond that bound low values are taken for rarer than they are, high
    ones are exact. Does not hold where neighbours depend on each other: a slow rise passes its maximum
    with each value, so that one rise is many results.
    """

    __slots__ = ("_at", "_count", "_negated")

    def __init__(self) -> None:
        self._negated: list[float] = []
        self._at: list[int] = []
        self._count = 0

    def update(self, value: float) -> float:
        """Return log10 of how many values ago one was as high (or of how many there were), and learn it."""
        negated, at = self._negated, self._at
        now = self._count
        self._count = now + 1
        first_lower = bisect_right(negated, -value)
        if first_lower and negated[first_lower - 1] == -value:
            last = at[first_lower - 1]
            first_lower -= 1
        else:
            last = at[first_lower - 1] if first_lower else -1
        del negated[first_lower:], at[first_lower:]
        if first_lower == HELD_MAX:
            del negated[-1], at[-1]
        negated.append(-value)
        at.append(now)
        return math.log10(now - last)
