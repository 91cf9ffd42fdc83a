"""The tier: a part of the cache that never holds more bytes than it may, and what may enter it."""

from collections.abc import Callable, Hashable
from random import Random
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SAMPLE = 24
"""Of more values than these, so many are drawn and the least worth quarter of them looked at, again until
there is room."""


class Tier(Generic[K, V]):
    """Values with their sizes, together at most `capacity_bytes`. Not thread-safe.

    A value enters only where it is worth more than each of those that would have to go: with a score that is
    askings a step, that is the choice that keeps most of the bytes asked for.
    """

    def __init__(self, capacity_bytes: int, score: Callable[[K], float], rng: Random) -> None:
        self.capacity_bytes = capacity_bytes
        self.used_bytes = 0
        self._score = score
        self._rng = rng
        self._values: dict[K, V] = {}
        self._sizes: dict[K, int] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        """Return a value, None where there is none."""
        return self._values.get(key)

    def offer(self, key: K, value: V, size_bytes: int, score: float) -> list[V] | None:
        """Take a value in, and return those that went for it; None where it was not taken.

        A value that has the key already goes in any case.
        """
        self.remove(key)
        victims = self._victims(self.used_bytes + size_bytes - self.capacity_bytes, score)
        if victims is None or size_bytes > self.capacity_bytes:
            return None
        gone = [self._values[victim] for victim in victims]
        for victim in victims:
            self.remove(victim)
        self._values[key] = value
        self._sizes[key] = size_bytes
        self.used_bytes += size_bytes
        return gone

    def remove(self, key: K) -> V | None:
        """Give a value up; return it, None where there was none."""
        value = self._values.pop(key, None)
        self.used_bytes -= self._sizes.pop(key, 0)
        return value

    def resize(self, capacity_bytes: int) -> list[V]:
        """Set the capacity; return what does not fit any more, the least popular."""
        self.capacity_bytes = capacity_bytes
        gone = []
        if self.used_bytes > capacity_bytes:
            for key in sorted(self._values, key=self._score):
                if self.used_bytes <= capacity_bytes:
                    break
                value = self.remove(key)
                assert value is not None
                gone.append(value)
        return gone

    def _victims(self, needed_bytes: int, score: float) -> list[K] | None:
        """Return what to give up for so many bytes, None where that is worth too much or not enough."""
        if needed_bytes <= 0:
            return []
        keys = list(self._values)
        victims: list[K] = []
        while keys:
            drawn = keys if len(keys) <= SAMPLE else self._rng.sample(keys, SAMPLE)
            ranked = sorted(((self._score(k), k) for k in drawn), key=lambda pair: pair[0])
            for worth, key in ranked if drawn is keys else ranked[: SAMPLE // 4]:
                if worth >= score:
                    return None
                victims.append(key)
                needed_bytes -= self._sizes[key]
                if needed_bytes <= 0:
                    return victims
            gone = set(victims)
            keys = [key for key in keys if key not in gone]
        return None
