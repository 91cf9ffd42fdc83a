"""Popularity: how often each thing is asked for, lately and for long."""

from collections.abc import Hashable
from math import exp2
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

HALF_LIVES = (10.0, 1_000.0)
"""In askings for anything. Alone, the long one loses where use comes in bursts, the short one elsewhere."""

FAST_SHARE = 0.3
"""The weight of the short half-life beside the long one."""

KEYS_MAX = 65_536
"""Things that are remembered; when there are more, the less popular half is forgotten."""


class Popularity(Generic[K]):
    """Exponentially decayed counts of each key at two half-lives, as one score: about askings a step.

    A library's modules are known and finite, so each has a count of its own; a frequency sketch would be
    coarser, and slower in Python. Not thread-safe. Source: Lee et al., "LRFU", IEEE Trans. Comput. 50 (2001).

    >>> p = Popularity()
    >>> for key in "aab":
    ...     p.touch(key)
    >>> p.score("a") > p.score("b") > p.score("c")
    True
    """

    def __init__(self) -> None:
        self._now = 0
        self._counts: dict[K, tuple[int, float, float]] = {}

    def touch(self, key: K) -> None:
        """Count one asking."""
        self._now += 1
        known = self._counts.get(key)
        if known is None:
            if len(self._counts) >= KEYS_MAX:
                self._forget()
            self._counts[key] = (self._now, 1.0, 1.0)
            return
        then, fast, slow = known
        age = self._now - then
        self._counts[key] = (
            self._now,
            1.0 + fast * exp2(-age / HALF_LIVES[0]),
            1.0 + slow * exp2(-age / HALF_LIVES[1]),
        )

    def score(self, key: K, expected: float = 0.0) -> float:
        """Return a key's score, as if it were asked for `expected` times more just now."""
        then, fast, slow = self._counts.get(key, (self._now, 0.0, 0.0))
        age = self._now - then
        return (
            FAST_SHARE * (expected + fast * exp2(-age / HALF_LIVES[0])) / HALF_LIVES[0]
            + (expected + slow * exp2(-age / HALF_LIVES[1])) / HALF_LIVES[1]
        )

    def _forget(self) -> None:
        kept = sorted(self._counts, key=self.score, reverse=True)[: KEYS_MAX // 2]
        self._counts = {key: self._counts[key] for key in kept}
