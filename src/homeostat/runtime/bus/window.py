"""The window: which events of a subscriber are under way, and up to where all are over."""

from collections import deque


class Window:
    """Positions that were begun in their order and end in any.

    >>> window = Window(10)
    >>> window.begin(11), window.begin(14)
    (None, None)
    >>> window.end(14), window.upto, window.end(11), window.upto
    (None, 10, None, 14)
    """

    def __init__(self, upto: int) -> None:
        self.upto = upto
        self._open: deque[int] = deque()
        self._ended: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def last(self) -> int:
        """The last position that was begun."""
        return self._open[-1] if self._open else self.upto

    def begin(self, position: int) -> None:
        """Take a position in, which is above all before."""
        self._open.append(position)

    def end(self, position: int) -> None:
        """Note that one is over."""
        self._ended.add(position)
        while self._open and self._open[0] in self._ended:
            self.upto = self._open.popleft()
            self._ended.discard(self.upto)
