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


@dataclass(slots=True)
class Lane(Generic[P]):
    """The places of one key, in order of arrival, and since when there are any."""

    since_ns: int
    places: OrderedDict[P, None] = field(default_factory=OrderedDict)


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

    def push(self, place: P, now_ns: int) -> None:
        """Add a place behind those of its key."""
        lanes = self._lanes[place.priority]
        lane = lanes.get(place.key)
        if lane is None:
            lane = lanes[place.key] = Lane(now_ns)
        lane.places[place] = None
        self._waiting[place.priority] += 1

    def pop(self) -> P | None:
        """Take out the place whose turn it is, None where nobody waits."""
        for lanes in self._lanes.values():
            if lanes:
                key, lane = next(iter(lanes.items()))
                lanes.move_to_end(key)
                place = next(iter(lane.places))
                self.remove(place)
                return place
        return None

    def remove(self, place: P) -> bool:
        """Take out a place wherever it is, False where it waits no longer."""
        lanes = self._lanes[place.priority]
        lane = lanes.get(place.key)
        if lane is None or place not in lane.places:
            return False
        del lane.places[place]
        if not lane.places:
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
            longest = max((lane.places for lane in lanes.values()), key=len)
            if least == priority and len(longest) <= self._own(priority, key) + 1:
                return None
            return next(reversed(longest))
        return None

    def ahead_of(self, priority: Priority, key: str) -> int:
        """Return how many places are served before a new one, at most, if nobody else comes."""
        before = sum(self._waiting[p] for p in Priority if p > priority)
        turns = (self._own(priority, key) + 1) * len(self._lanes[priority])
        return before + min(self._waiting[priority], turns)

    def since_ns(self, priority: Priority, key: str) -> int | None:
        """Return since when places of a key have been waiting without a break, None where none does."""
        lane = self._lanes[priority].get(key)
        return None if lane is None else lane.since_ns

    def _own(self, priority: Priority, key: str) -> int:
        lane = self._lanes[priority].get(key)
        return 0 if lane is None else len(lane.places)
