"""Residents: what is kept in memory of the people who are active, within one budget for all."""

from collections import OrderedDict
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Residents:
    """Objects by person and name, bounded by the sum of their sizes: the longest unused go first.

    Those that are `spare` go before all others: nobody waits for them to be built again. What is here can be
    built again from the person's memory; nothing is lost when it goes. Safe for threads.

    >>> residents = Residents(bytes_max=100)
    >>> residents.put("ann", "vectors", [1, 2], size_bytes=60)
    >>> residents.put("bob", "vectors", [3], size_bytes=60)
    >>> residents.get("ann", "vectors", list) is None
    True
    >>> residents.get("bob", "vectors", list)
    [3]
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_held = 0
        self.evicted = 0
        self._held: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._spare: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._names: dict[str, set[str]] = {}
        self._lock = Lock()

    def get(self, person: str, name: str, kind: type[T]) -> T | None:
        """Return the object, None where it is not (any more) here."""
        with self._lock:
            found = self._held.get((person, name))
            if found is None:
                return None
            self._held.move_to_end((person, name))
            if (person, name) in self._spare:
                self._spare.move_to_end((person, name))
        assert isinstance(found[0], kind)
        return found[0]

    def holds(self, person: str, name: str) -> bool:
        """Tell whether the object is here."""
        return (person, name) in self._held

    def put(self, person: str, name: str, value: object, *, size_bytes: int, spare: bool = False) -> None:
        """Keep an object in place of the one that was there; what alone exceeds the budget is not kept."""
        with self._lock:
            self._remove(person, name)
            if size_bytes > self.bytes_max:
                self.evicted += 1
                return
            self._held[person, name] = (value, size_bytes)
            if spare:
                self._spare[person, name] = None
            self._names.setdefault(person, set()).add(name)
            self.bytes_held += size_bytes
            self._make_room()

    def drop(self, person: str) -> None:
        """Let go of everything of a person."""
        with self._lock:
            for name in list(self._names.get(person, ())):
                self._remove(person, name)

    def resize(self, bytes_max: int) -> None:
        """Take another budget from now on."""
        with self._lock:
            self.bytes_max = bytes_max
            self._make_room()

    def _make_room(self) -> None:
        while self.bytes_held > self.bytes_max:
            self._remove(*next(iter(self._spare or self._held)))
            self.evicted += 1

    def _remove(self, person: str, name: str) -> None:
        found = self._held.pop((person, name), None)
        self._spare.pop((person, name), None)
        if found is not None:
            self.bytes_held -= found[1]
            names = self._names[person]
            names.discard(name)
            if not names:
                del self._names[person]
