"""The handover: from one policy to the next, some entries at a time, so that nobody waits for all of them."""

from collections.abc import Iterator, Sequence

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.policies.policy import Policy

STEP = 32
"""Entries that move with each one that is added."""


class Handover:
    """Two policies as one, until the older one is empty. `era` marks the entries that the newer one has.

    What goes for want of room goes from the older one first. `add` costs some 32 times what it costs the
    newer one.
    """

    def __init__(self, old: Policy, new: Policy, era: int, capacity: int, weight: int) -> None:
        self.new = new
        self._old = old
        self._era = era
        self._capacity = capacity
        self._old_weight = weight
        self._new_weight = 0

    def __iter__(self) -> Iterator[Entry]:
        yield from self._old
        yield from self.new

    @property
    def is_done(self) -> bool:
        """Whether the newer policy has all entries."""
        return self._old_weight == 0

    def touch(self, entries: Sequence[Entry]) -> None:
        """Note hits where each entry is."""
        self.new.touch([entry for entry in entries if entry.era == self._era])
        self._old.touch([entry for entry in entries if entry.era != self._era])

    def add(self, entry: Entry) -> Sequence[Entry]:
        """Take an entry into the newer policy, and some of the older one's too."""
        gone = self._into_new(entry)
        gone += self.make_room()
        for _ in range(STEP):
            moved = self._pop_old()
            if moved is None:
                break
            visits = moved.visits
            gone += self._into_new(moved)
            moved.visits = max(visits, moved.visits)
        return gone

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        if entry.era == self._era:
            self.new.remove(entry)
            self._new_weight -= entry.weight
        else:
            self._old.remove(entry)
            self._old_weight -= entry.weight

    def make_room(self) -> list[Entry]:
        """Return what goes from the older policy so that both together are within their room."""
        gone: list[Entry] = []
        while self._old_weight + self._new_weight > self._capacity:
            entry = self._pop_old()
            if entry is None:
                break
            gone.append(entry)
        return gone

    def _pop_old(self) -> Entry | None:
        entry = next(iter(self._old), None)
        if entry is not None:
            self._old.remove(entry)
            self._old_weight -= entry.weight
            entry.place = 0
        return entry

    def _into_new(self, entry: Entry) -> list[Entry]:
        entry.era = self._era
        self._new_weight += entry.weight
        gone = list(self.new.add(entry))
        for each in gone:
            self._new_weight -= each.weight
        return gone
