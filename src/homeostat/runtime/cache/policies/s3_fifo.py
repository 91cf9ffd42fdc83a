"""S3-FIFO: a small queue on probation before a main one, and ghosts that go straight to the main one.

Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023. Three things are
parameters here, because traces differ in them (see the decision on the cache): the share of the small queue,
how many ghosts there are, and that one visit on probation is enough for the main queue.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.key import MemoryKey
from homeostat.runtime.cache.policies.ghosts import Ghosts

GONE, SMALL, MAIN = 0, 1, 2

VISITS_MAX = 3


class S3Fifo:
    """Two queues and ghosts. A hit is one increment; `add` costs O(1) amortised.

    `small` is the share of the probation queue, `ghosts` how many keys are remembered for each entry.
    """

    def __init__(self, capacity: int, small: float, ghosts: float) -> None:
        self._capacity = capacity
        self._small_max = max(1, int(capacity * small))
        self._ghosts_ratio = ghosts
        self._small: OrderedDict[MemoryKey, Entry] = OrderedDict()
        self._main: OrderedDict[MemoryKey, Entry] = OrderedDict()
        self._small_used = 0
        self._main_used = 0
        self._ghosts = Ghosts()

    def __iter__(self) -> Iterator[Entry]:
        yield from self._small.values()
        yield from self._main.values()

    def touch(self, entries: Sequence[Entry]) -> None:
        """Count visits, up to three."""
        for entry in entries:
            if entry.visits < VISITS_MAX:
                entry.visits += 1

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take an entry in: into the main queue where it was there not long ago, else on probation."""
        entry.visits = 0
        if self._ghosts.pop(entry.key) is None:
            entry.place = SMALL
            self._small[entry.key] = entry
            self._small_used += entry.weight
        else:
            self._into_main(entry)
        if self._small_used + self._main_used <= self._capacity:
            return ()
        gone: list[Entry] = []
        while self._small_used + self._main_used > self._capacity:
            if self._small_used > self._small_max or not self._main:
                self._from_small(gone)
            else:
                self._from_main(gone)
        return gone

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        if entry.place == SMALL:
            del self._small[entry.key]
            self._small_used -= entry.weight
        else:
            del self._main[entry.key]
            self._main_used -= entry.weight
        entry.place = GONE

    def _into_main(self, entry: Entry) -> None:
        entry.place = MAIN
        entry.visits = 0
        self._main[entry.key] = entry
        self._main_used += entry.weight

    def _from_small(self, gone: list[Entry]) -> None:
        _, entry = self._small.popitem(last=False)
        self._small_used -= entry.weight
        if entry.visits:
            self._into_main(entry)
            return
        entry.place = GONE
        gone.append(entry)
        residents = len(self._small) + len(self._main)
        self._ghosts.add(entry.key, 0, int(self._ghosts_ratio * residents) + 1)

    def _from_main(self, gone: list[Entry]) -> None:
        key, entry = self._main.popitem(last=False)
        if entry.visits:
            entry.visits -= 1
            self._main[key] = entry
            return
        self._main_used -= entry.weight
        entry.place = GONE
        gone.append(entry)
