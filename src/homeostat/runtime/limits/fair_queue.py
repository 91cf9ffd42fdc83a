"""The fair queue: who waits, by priority, and within one priority by turns of those for whom they wait."""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar


class Priority(IntEnum):
    """What goes first, and is dropped last, where not all can be served."""

    BACKGROUND = 0
    """Nobody waits for it."""
    NORMAL = 1
    CRITICAL = 2


@dataclass(slots=True, eq=False)
class Place:
    """A place in the queue, of a key such as a tenant."""

    priority: Priority
    key: str


P = TypeVar("P", bound=Place)

Lane = OrderedDict[P, None]


@dataclass(slots=True)
class FairQueue(Generic[P]):
    """Waiting places. The most urgent priority goes first; within it keys take turns, each in its order.

    Not safe for threads. Cost: O(1), except `displaced_by`, which looks at each key of one priority.
    """

    _lanes: dict[Priority, OrderedDict[str, Lane[P]]] = field(
        default_factory=lambda: {priority: OrderedDict() for priority in sorted(Priority, reverse=True)}
    )
    _waiting: list[int] = field(default_factory=lambda: [0] * len(Priority))

    def __len__(self) -> int:
        return sum(self._waiting)

    def push(self, place: P) -> None:
        """Add a place behind those of its key."""
        self._lanes[place.priority].setdefault(place.key, OrderedDict())[place] = None
        self._waiting[place.priority] += 1

    def pop(self) -> P | None:
        """Take out the place whose turn it is, None where nobody waits."""
        for lanes in self._lanes.values():
            if lanes:
                key, lane = next(iter(lanes.items()))
                place, _ = lane.popitem(last=False)
                lanes.move_to_end(key)
                if not lane:
                    del lanes[key]
                self._waiting[place.priority] -= 1
                return place
        return None

    def remove(self, place: P) -> bool:
        """Take out a place wherever it is, False where it waits no longer."""
        lanes = self._lanes[place.priority]
        lane = lanes.get(place.key)
        if lane is None or place not in lane:
            return False
        del lane[place]
        if not lane:
            del lanes[place.key]
        self._waiting[place.priority] -= 1
        return True

    def displaced_by(self, priority: Priority, key: str) -> P | None:
        """Return the place that gives way to a new one in a full queue, None where the new one has to.

        It is of the least priority that waits, there of the key with the most places, of those the newest.
        Within one priority a key gives way only to one that has fewer places even with the new one.
        """
        for least in sorted(Priority):
            lanes = self._lanes[least]
            if least > priority:
                return None
            if not lanes:
                continue
            longest = max(lanes.values(), key=len)
            own = len(lanes.get(key, ()))
            if least == priority and len(longest) <= own + 1:
                return None
            return next(reversed(longest))
        return None

    def ahead_of(self, priority: Priority, key: str) -> int:
        """Return how many places are served before a new one, at most, if nobody else comes."""
        lanes = self._lanes[priority]
        own = len(lanes.get(key, ())) + 1
        before = sum(self._waiting[p] for p in Priority if p > priority)
        return before + min(self._waiting[priority], own * len(lanes))
