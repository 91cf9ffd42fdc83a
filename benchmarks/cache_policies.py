"""Fixed policies beside those of the cache: what each hits on a trace, simulated plainly."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.policies.policy import Policy
from homeostat.runtime.cache.policies.s3_fifo import S3Fifo

WARM_UP = 0.25
"""Share of a trace that does not count."""


class Simulated(Protocol):
    """A cache of keys."""

    def access(self, key: str) -> bool:
        """Tell whether a key was there, and put it there."""
        ...


class Ours:
    """One of the cache's policies."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._there: dict[str, Entry] = {}

    @classmethod
    def of(cls, name: str, capacity: int) -> "Ours":
        """Return the one of a name."""
        return cls(POLICIES[name](capacity))

    @classmethod
    def s3_fifo(cls, capacity: int, ghosts: float) -> "Ours":
        """Return S3-FIFO with its small queue as published."""
        return cls(S3Fifo(capacity, small=0.1, ghosts=ghosts))

    def access(self, key: str) -> bool:
        """Tell whether a key was there, and put it there."""
        found = self._there.get(key)
        if found is not None:
            self._policy.touch((found,))
            return True
        entry = self._there[key] = Entry(key, None)
        for gone in self._policy.add(entry):
            del self._there[str(gone.key)]
        return False


class Arc:
    """ARC: two lists whose sizes follow the ghosts that are asked for (Megiddo and Modha, 2003)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._target = 0.0
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._frequent: OrderedDict[str, None] = OrderedDict()
        self._recent_ghosts: OrderedDict[str, None] = OrderedDict()
        self._frequent_ghosts: OrderedDict[str, None] = OrderedDict()

    def access(self, key: str) -> bool:
        """Tell whether a key was there, and put it there."""
        if key in self._recent or key in self._frequent:
            self._recent.pop(key, None)
            self._frequent[key] = None
            self._frequent.move_to_end(key)
            return True
        if key in self._recent_ghosts:
            step = max(1.0, len(self._frequent_ghosts) / len(self._recent_ghosts))
            self._target = min(self._capacity, self._target + step)
            self._make_room(False)
            del self._recent_ghosts[key]
            self._frequent[key] = None
        elif key in self._frequent_ghosts:
            step = max(1.0, len(self._recent_ghosts) / len(self._frequent_ghosts))
            self._target = max(0.0, self._target - step)
            self._make_room(True)
            del self._frequent_ghosts[key]
            self._frequent[key] = None
        else:
            self._make_room_for_new()
            self._recent[key] = None
        return False

    def _make_room_for_new(self) -> None:
        recent = len(self._recent) + len(self._recent_ghosts)
        everything = recent + len(self._frequent) + len(self._frequent_ghosts)
        if recent == self._capacity:
            if len(self._recent) < self._capacity:
                self._recent_ghosts.popitem(last=False)
                self._make_room(False)
            else:
                self._recent.popitem(last=False)
        elif everything >= self._capacity:
            if everything == 2 * self._capacity:
                self._frequent_ghosts.popitem(last=False)
            self._make_room(False)

    def _make_room(self, for_frequent: bool) -> None:
        n = len(self._recent)
        if n and (n > self._target or (for_frequent and n == int(self._target)) or not self._frequent):
            self._recent_ghosts[self._recent.popitem(last=False)[0]] = None
        elif self._frequent:
            self._frequent_ghosts[self._frequent.popitem(last=False)[0]] = None


class Sieve:
    """SIEVE: a queue with a hand that passes over what was visited (Zhang et al., 2024)."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._visited: dict[str, bool] = {}
        self._older: dict[str, str | None] = {}
        self._newer: dict[str, str | None] = {}
        self._newest: str | None = None
        self._oldest: str | None = None
        self._hand: str | None = None

    def access(self, key: str) -> bool:
        """Tell whether a key was there, and put it there."""
        if key in self._visited:
            self._visited[key] = True
            return True
        if len(self._visited) >= self._capacity:
            self._evict()
        self._visited[key] = False
        self._older[key], self._newer[key] = self._newest, None
        if self._newest is not None:
            self._newer[self._newest] = key
        self._newest = key
        if self._oldest is None:
            self._oldest = key
        return False

    def _evict(self) -> None:
        hand = self._hand or self._oldest
        assert hand is not None
        while self._visited[hand]:
            self._visited[hand] = False
            hand = self._newer[hand] or self._oldest
            assert hand is not None
        older, newer = self._older.pop(hand), self._newer.pop(hand)
        del self._visited[hand]
        self._hand = newer
        if older is None:
            self._oldest = newer
        else:
            self._newer[older] = newer
        if newer is None:
            self._newest = older
        else:
            self._older[newer] = older


FIXED: dict[str, Callable[[int], Simulated]] = {
    "ARC": Arc,
    "SIEVE": Sieve,
    "S3-FIFO (1 ghost an entry)": partial(Ours.s3_fifo, ghosts=1.0),
    **{name: partial(Ours.of, name) for name in POLICIES},
}


def hit_ratio(access: Callable[[str], bool], trace: Sequence[str]) -> float:
    """Return the share of hits after the warm-up."""
    begin = int(len(trace) * WARM_UP)
    warm(access, trace[:begin])
    return sum(map(access, trace[begin:])) / (len(trace) - begin)


def warm(access: Callable[[str], bool], keys: Iterable[str]) -> None:
    """Play what does not count."""
    for key in keys:
        access(key)
