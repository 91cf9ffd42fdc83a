"""W-TinyLFU: a newcomer gets in only where it is asked for more often than what would go for it.

Source: Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", 2017, with its
window and its segmented main part. Frequencies are counted exactly instead of in a sketch: of entries in
themselves, of the latest that went in ghosts.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.key import MemoryKey
from homeostat.runtime.cache.policies.ghosts import Ghosts

GONE, WINDOW, PROBATION, PROTECTED = 0, 1, 2, 3

FREQUENCY_MAX = 15
PROTECTED_SHARE = 0.8
AGE_AFTER = 10
"""Accesses for each entry after which all frequencies are halved."""
GHOSTS_RATIO = 6


class TinyLfu:
    """A small LRU window before a segmented LRU with admission by frequency. O(1) amortised."""

    def __init__(self, capacity: int, window: float = 0.01) -> None:
        self._window_max = max(1, int(capacity * window))
        self._main_max = capacity - self._window_max
        self._protected_max = int(self._main_max * PROTECTED_SHARE)
        self._queues: dict[int, OrderedDict[MemoryKey, Entry]] = {
            place: OrderedDict() for place in (PROBATION, PROTECTED, WINDOW)
        }
        self._used = {WINDOW: 0, PROBATION: 0, PROTECTED: 0}
        self._ghosts = Ghosts()
        self._entries = 0
        self._accesses = 0

    def __iter__(self) -> Iterator[Entry]:
        for queue in self._queues.values():
            yield from queue.values()

    def touch(self, entries: Sequence[Entry]) -> None:
        """Count visits; move what was visited to the end of its queue, or from probation to protection."""
        for entry in entries:
            if entry.visits < FREQUENCY_MAX:
                entry.visits += 1
            place = entry.place
            if place == PROBATION:
                self._move(entry, PROTECTED)
                self._shrink_protected()
            elif place != GONE:
                self._queues[place].move_to_end(entry.key)
        self._count(len(entries))

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take an entry into the window, and let what falls out of it compete for the main part."""
        entry.visits = min(FREQUENCY_MAX, (self._ghosts.pop(entry.key) or 0) + 1)
        entry.place = GONE
        self._move(entry, WINDOW)
        self._entries += 1
        self._count(1)
        gone: list[Entry] = []
        while self._used[WINDOW] > self._window_max:
            candidate = next(iter(self._queues[WINDOW].values()))
            self._admit(candidate, gone)
        return gone

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        self._move(entry, GONE)
        self._entries -= 1

    def _admit(self, candidate: Entry, gone: list[Entry]) -> None:
        """Move a candidate to the main part, or out where what is there is asked for as often."""
        while self._used[PROBATION] + self._used[PROTECTED] + candidate.weight > self._main_max:
            victim = self._victim()
            if victim is None or candidate.visits <= victim.visits:
                self._let_go(candidate, gone)
                return
            self._let_go(victim, gone)
        self._move(candidate, PROBATION)

    def _victim(self) -> Entry | None:
        for place in (PROBATION, PROTECTED):
            if self._queues[place]:
                return next(iter(self._queues[place].values()))
        return None

    def _let_go(self, entry: Entry, gone: list[Entry]) -> None:
        self.remove(entry)
        gone.append(entry)
        self._ghosts.add(entry.key, entry.visits, GHOSTS_RATIO * self._entries + 1)

    def _shrink_protected(self) -> None:
        while self._used[PROTECTED] > self._protected_max:
            self._move(next(iter(self._queues[PROTECTED].values())), PROBATION)

    def _move(self, entry: Entry, place: int) -> None:
        if entry.place != GONE:
            del self._queues[entry.place][entry.key]
            self._used[entry.place] -= entry.weight
        if place != GONE:
            self._queues[place][entry.key] = entry
            self._used[place] += entry.weight
        entry.place = place

    def _count(self, accesses: int) -> None:
        self._accesses += accesses
        if self._accesses < AGE_AFTER * max(16, self._entries):
            return
        self._accesses >>= 1
        for entry in self:
            entry.visits >>= 1
        self._ghosts.halve()
