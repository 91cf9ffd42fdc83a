"""The recent: a bounded set that forgets its oldest members."""


class Recent:
    """Remembers at least the last `size` members added, at most twice as many.

    Two generations: when the younger is full it becomes the older, and the older is forgotten.
    """

    __slots__ = ("_older", "_size", "_younger")

    def __init__(self, size: int) -> None:
        self._size = size
        self._younger: set[bytes] = set()
        self._older: set[bytes] = set()

    def __contains__(self, member: bytes) -> bool:
        return member in self._younger or member in self._older

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)

    def add(self, member: bytes) -> None:
        """Remember a member."""
        self._younger.add(member)
        if len(self._younger) >= self._size:
            self._older, self._younger = self._younger, set()
