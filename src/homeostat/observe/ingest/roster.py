"""The roster: a bounded number of members, of which those that were idle make room for new ones."""

from collections.abc import Hashable
from typing import Generic, TypeVar

from homeostat.core.clock import HOUR_NS, MINUTE_NS

IDLE_NS = HOUR_NS
"""A member that was not seen for so long may be forgotten."""

SWEEP_NS = MINUTE_NS
"""A full roster looks for idle members no more often than this."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Roster(Generic[Key, Value]):
    """At most `size` members by key. One that is idle is forgotten only where a new one needs its place."""

    __slots__ = ("_members", "_size", "_swept_ns", "seen_ns")

    def __init__(self, size: int) -> None:
        self._size = size
        self._members: dict[Key, tuple[Value, list[int]]] = {}
        self._swept_ns = 0
        self.seen_ns = 0
        """When any member was last seen."""

    def __len__(self) -> int:
        return len(self._members)

    def find(self, key: Key, now_ns: int) -> Value | None:
        """Return a member, which is seen by that; None where there is none."""
        found = self._members.get(key)
        if found is None:
            return None
        found[1][0] = self.seen_ns = now_ns
        return found[0]

    def make_room(self, now_ns: int) -> int:
        """Forget idle members if there is no place left; return how many."""
        if len(self._members) < self._size or now_ns < self._swept_ns + SWEEP_NS:
            return 0
        self._swept_ns = now_ns
        idle = [key for key, (_, seen) in self._members.items() if seen[0] + IDLE_NS <= now_ns]
        for key in idle:
            del self._members[key]
        return len(idle)

    def add(self, key: Key, value: Value, now_ns: int) -> bool:
        """Take a member in; False where there is no place."""
        if len(self._members) >= self._size:
            return False
        self._members[key] = (value, [now_ns])
        self.seen_ns = now_ns
        return True
