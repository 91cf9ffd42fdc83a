"""Turns: one holder at a time for each name, and no waiting between names."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Turn:
    __slots__ = ("lock", "wanted")

    def __init__(self) -> None:
        self.lock = Lock()
        self.wanted = 0


class Turns:
    """Locks by name, each there for as long as somebody wants it."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}
        self._lock = Lock()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Wait until nobody else holds this name, and hold it."""
        with self._lock:
            turn = self._turns.setdefault(name, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[name]
