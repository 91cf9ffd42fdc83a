"""In flight: how many operations of one kind are in progress, those that never end included."""

from collections.abc import Callable
from itertools import count


class InFlight:
    """Counts begins from any thread; `ended` says how many have ended.

    `begin` is the C counter's own `__next__`, which costs 30 ns and keeps no memory. Noting the times of
    begins and ends, which would make the mean exact, made an operation a tenth slower (docs/decisions/0031).
    """

    __slots__ = ("_base", "_begun", "_ended", "begin")

    def __init__(self, ended: Callable[[], int]) -> None:
        self._begun = count()
        self._ended = ended
        self.begin: Callable[[], int] = self._begun.__next__
        self._base = ended()

    def now(self) -> int:
        """Return how many are in progress."""
        ended = self._ended()  # first: what ends in between has begun before
        found = value_of(self._begun) + self._base - ended
        if found < 0:  # begun before a fork, ended in the child
            self._base -= found
            return 0
        return found

    def forget(self) -> None:
        """Take it that nothing is in progress."""
        self._base -= self.now()


def value_of(counter: "count[int]") -> int:
    """Return the next number of a counter, which is left as it is.

    >>> value_of(count(3))
    3
    """
    found = counter.__reduce__()[1][0]
    assert isinstance(found, int)
    return found
