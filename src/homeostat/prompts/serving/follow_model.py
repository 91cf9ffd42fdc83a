"""The follow model: what is asked for after what, learned as it happens."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

ITEMS_MAX = 4_096
FOLLOWERS_MAX = 16
SESSIONS_MAX = 10_000

COUNT_MAX = 64.0
"""Where an item was followed so often, all its counts are halved: what changed is learned anew."""

UNSEEN = 2.0
"""The weight of followers that were never seen, so that few times make nothing certain."""


class FollowModel(Generic[K]):
    """A Markov chain of the first order over what the sessions of an application ask for.

    Bounded: of items and sessions the longest unused are forgotten, of an item's followers the rarest. Not
    thread-safe. Cost: O(followers), some microseconds.

    >>> model = FollowModel()
    >>> for item in ["a", "b"] * 4:
    ...     model.note("session", item)
    >>> model.likely("a")
    [('b', 0.6666666666666666)]
    """

    def __init__(self) -> None:
        self._followers: OrderedDict[K, dict[K, float]] = OrderedDict()
        self._last: OrderedDict[Hashable, K] = OrderedDict()

    def note(self, session: Hashable, item: K) -> None:
        """Learn that a session asks for an item now."""
        before = self._last.pop(session, None)
        self._last[session] = item
        if len(self._last) > SESSIONS_MAX:
            self._last.popitem(last=False)
        if before is None or before == item:
            return
        followers = self._followers.pop(before, {})
        self._followers[before] = followers
        if len(self._followers) > ITEMS_MAX:
            self._followers.popitem(last=False)
        if item not in followers and len(followers) >= FOLLOWERS_MAX:
            del followers[min(followers, key=followers.__getitem__)]
        followers[item] = followers.get(item, 0.0) + 1.0
        if sum(followers.values()) >= COUNT_MAX:
            self._followers[before] = {k: n / 2 for k, n in followers.items() if n >= 1.0}

    def likely(self, item: K) -> list[tuple[K, float]]:
        """Return what follows an item and how probably, the likeliest first."""
        followers = self._followers.get(item, {})
        total = sum(followers.values()) + UNSEEN
        return sorted(((k, n / total) for k, n in followers.items()), key=lambda pair: -pair[1])
