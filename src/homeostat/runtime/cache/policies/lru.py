"""LRU: whatever was not asked for the longest goes first."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.key import MemoryKey


class Lru:
    """Least recently used first. Each call costs O(1)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._used = 0
        self._order: OrderedDict[MemoryKey, Entry] = OrderedDict()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._order.values())

    def touch(self, entries: Sequence[Entry]) -> None:
        """Move entries to the end of the order."""
        to_end = self._order.move_to_end
        for entry in entries:
            try:
                to_end(entry.key)
            except KeyError:
                continue

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take an entry in as the last to go."""
        self._order[entry.key] = entry
        self._used += entry.weight
        if self._used <= self._capacity:
            return ()
        gone: list[Entry] = []
        while self._used > self._capacity:
            _, oldest = self._order.popitem(last=False)
            self._used -= oldest.weight
            gone.append(oldest)
        return gone

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        del self._order[entry.key]
        self._used -= entry.weight
