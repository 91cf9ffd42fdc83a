"""Ghosts: keys of entries that went, without their values."""

from collections import OrderedDict

from homeostat.runtime.cache.key import MemoryKey


class Ghosts:
    """The latest keys that went, by their hashes, each with a count. One takes some 150 bytes."""

    def __init__(self) -> None:
        self._counts: OrderedDict[int, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, key: MemoryKey, count: int, ghosts_max: int) -> None:
        """Note a key, and forget the oldest ones beyond a number."""
        counts = self._counts
        counts[hash(key)] = count
        while len(counts) > ghosts_max:
            counts.popitem(last=False)

    def pop(self, key: MemoryKey) -> int | None:
        """Forget a key and return its count, None where it is none of them."""
        return self._counts.pop(hash(key), None)

    def halve(self) -> None:
        """Halve all counts."""
        for key, count in self._counts.items():
            self._counts[key] = count >> 1
