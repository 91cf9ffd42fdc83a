"""Shadows: what other policies and other sizes would have hit, on a sample of the keys.

A shadow is a small cache without values that sees the accesses of one key in `rate`, with a capacity as much
smaller: its hit ratio estimates that of a whole cache. Source: Waldspurger et al., "Cache Modeling and
Optimization using Miniature Simulations", USENIX ATC 2017.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.key import MemoryKey
from homeostat.runtime.cache.policies.choice import POLICIES

BLOCK = 128
"""Sampled accesses of one comparison."""

SHADOW_ENTRIES_MIN = 500
RATE_MAX = 32
RATE_MIN = 2

SIZES = (0.5, 2.0)
"""Other sizes that are estimated, as multiples of the one in force."""

MEMORY = 1 / 32
"""Weight of the newest block in the estimates."""


def sample_rate(entries: int) -> int:
    """Return of how many keys one is sampled: a power of two, fewer where a shadow would get too small."""
    rate = RATE_MIN
    while rate < RATE_MAX and entries // (rate * 2) >= SHADOW_ENTRIES_MIN:
        rate *= 2
    return rate


@dataclass(frozen=True, slots=True)
class Estimate:
    """What hit ratio a policy would have at a multiple of the size in force."""

    policy: str
    size: float
    hit_ratio: float


class Shadow:
    """One small cache of keys."""

    def __init__(self, policy: str, capacity: int) -> None:
        self._policy = POLICIES[policy](capacity)
        self._weight_max = max(1, capacity // 4)
        self._entries: dict[MemoryKey, Entry] = {}
        self.full = False

    def access(self, key: MemoryKey, weight: int) -> bool:
        """Tell whether a key would have been there, and put it there."""
        found = self._entries.get(key)
        if found is not None:
            self._policy.touch((found,))
            return True
        if weight > self._weight_max:
            return False
        entry = self._entries[key] = Entry(key, None, weight)
        for gone in self._policy.add(entry):
            self.full = True
            del self._entries[gone.key]
        return False


class Shadows:
    """One shadow for each policy at the size in force, and of the policy in force at other sizes.

    `feed` returns the hits of each policy in a block once it is complete and the shadows are warm.
    """

    def __init__(self, policy: str, capacity: int, rate: int) -> None:
        self.rate = rate
        self._capacity = capacity
        self._policies = {name: Shadow(name, max(4, capacity // rate)) for name in POLICIES}
        self._sizes: dict[float, Shadow] = {}
        self._ratios: dict[tuple[str, float], float] = {}
        self._hits = dict.fromkeys(POLICIES, 0)
        self._size_hits = dict.fromkeys(SIZES, 0)
        self._seen = 0
        self.of_policy(policy)

    def of_policy(self, policy: str) -> None:
        """Estimate other sizes of this policy from now on."""
        self._policy = policy
        self._sizes = {s: Shadow(policy, max(2, int(self._capacity * s) // self.rate)) for s in SIZES}
        self._ratios = {k: v for k, v in self._ratios.items() if k[1] == 1.0}

    def feed(self, accesses: Iterable[tuple[MemoryKey, int]]) -> Mapping[str, int] | None:
        """Note accesses of sampled keys with their weights; return the hits of a block that ended."""
        block: Mapping[str, int] | None = None
        hits, size_hits = self._hits, self._size_hits
        for key, weight in accesses:
            for name, shadow in self._policies.items():
                hits[name] += shadow.access(key, weight)
            for size, shadow in self._sizes.items():
                size_hits[size] += shadow.access(key, weight)
            self._seen += 1
            if self._seen >= BLOCK:
                block = self._ended() or block
        return block

    def estimates(self) -> tuple[Estimate, ...]:
        """Return what is estimated by now; nothing before the shadows are warm."""
        return tuple(Estimate(name, size, ratio) for (name, size), ratio in self._ratios.items())

    def _ended(self) -> Mapping[str, int] | None:
        hits, sizes = self._hits, self._size_hits
        self._hits, self._size_hits = dict.fromkeys(POLICIES, 0), dict.fromkeys(SIZES, 0)
        self._seen = 0
        if not all(shadow.full for shadow in self._policies.values()):
            return None
        for name, n in hits.items():
            self._learn((name, 1.0), n / BLOCK)
        for size, n in sizes.items():
            if self._sizes[size].full:
                self._learn((self._policy, size), n / BLOCK)
        return hits

    def _learn(self, which: tuple[str, float], ratio: float) -> None:
        before = self._ratios.get(which, ratio)
        self._ratios[which] = before + MEMORY * (ratio - before)
