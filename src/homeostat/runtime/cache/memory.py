"""The first tier: values in this process, within a number of entries or bytes.

A hit is a look-up, a reading of the clock and an append: what the policy, the shadows and the metrics are to
know of it waits in a list until some more have come, or until something is put in.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from homeostat.runtime.cache.advisor import Advisor, advised_size
from homeostat.runtime.cache.entry import Entry, Stamps
from homeostat.runtime.cache.key import MemoryKey
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.policies.handover import Handover
from homeostat.runtime.cache.policies.policy import Policy
from homeostat.runtime.cache.shadow import Shadows, sample_rate

if TYPE_CHECKING:
    from homeostat.runtime.cache.observation import Observation

HITS_MAX = 128
"""Hits that wait to be noted; metrics lag behind by as many at most."""

PUTS_A_LOOK = 64
"""Puts after which gauges are set and the knobs are read."""

PUTS_A_SETTLING = 16
"""How many puts 128 hits count for, so that a cache that only hits is looked at too."""

AWAKE_LOOKS = 16
"""Looks without an eviction after which shadows sleep: where nothing is evicted no policy does better."""

SETTLED_BLOCKS = 384
"""Blocks of the shadows without another policy after which they rest."""

REST = 4
"""How many times as many evictions they then leave unwatched as they had watched."""

SHARE_MAX = 0.25
"""Largest share of the room for one value."""

AUTO = "auto"
FIRST_POLICY = "s3fifo_wide"
"""What `auto` begins with: a good one for large caches, whose shadows take the longest to tell."""


class Memory:
    """Entries by key under a policy; any thread may use it.

    `capacity` is a number of entries, or of bytes where `in_bytes`, as weights are then. With the policy
    `auto` shadows choose it.
    """

    def __init__(
        self,
        capacity: Callable[[], int],
        policy: Callable[[], str],
        monotonic_ns: Callable[[], int],
        observation: "Observation",
        *,
        in_bytes: bool = False,
    ) -> None:
        self._capacity_knob = capacity
        self._policy_knob = policy
        self._monotonic_ns = monotonic_ns
        self._observation = observation
        self._in_bytes = in_bytes
        self._lock = threading.Lock()
        self._entries: dict[MemoryKey, Entry] = {}
        self._tagged: dict[str, set[MemoryKey]] = {}
        self._hits: list[Entry] = []
        self._capacity = capacity()
        self._wanted = policy()
        self._era = 0
        self._name = FIRST_POLICY if self._wanted == AUTO else self._wanted
        self._policy: Policy = POLICIES[self._name](self._capacity)
        self._advisor = Advisor(self._name)
        self._shadows: Shadows | None = None
        self._mask = 0
        self._weight = 0
        self._puts = 0
        self._awake = 0
        self._quiet_blocks = 0
        self._watched = 0
        self._unwatched = 0
        self.reader = self._reader()
        self.find: Callable[[MemoryKey], Entry | None] = self._entries.get
        """Returns the entry of a key, whatever its times, without counting it."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def weight(self) -> int:
        """The weight of all entries."""
        return self._weight

    @property
    def policy(self) -> str:
        """The name of the policy in force."""
        return self._name

    @property
    def advised_size(self) -> float:
        """The multiple of its size that the shadows advise; 1 where they do not know."""
        shadows = self._shadows
        return advised_size(self._name, shadows.estimates()) if shadows is not None else 1.0

    def _reader(self) -> Callable[[MemoryKey], Entry | None]:
        """Return the function that finds what may be served at once: the hot path, without attributes."""
        find, monotonic_ns, hits, note = self._entries.get, self._monotonic_ns, self._hits, self._hits.append
        settle = self.settle

        def read(key: MemoryKey) -> Entry | None:
            entry = find(key)
            if entry is None or monotonic_ns() >= entry.served_ns:
                return None
            note(entry)
            if len(hits) >= HITS_MAX:
                settle()
            return entry

        return read

    def getter(self, missed: Callable[[MemoryKey, object], object]) -> Callable[..., object]:
        """Return the same with a value or what `missed` returns, as one function: a call less."""
        find, monotonic_ns, hits, note = self._entries.get, self._monotonic_ns, self._hits, self._hits.append
        settle, count, hits_max = self.settle, len, HITS_MAX

        def get(key: MemoryKey, default: object = None) -> object:
            entry = find(key)
            if entry is None or monotonic_ns() >= entry.served_ns:
                return missed(key, default)
            note(entry)
            if count(hits) >= hits_max:
                settle()
            return entry.value

        return get

    def note_hit(self, entry: Entry) -> None:
        """Count a hit of an entry that `find` returned."""
        self._hits.append(entry)

    def put(
        self,
        key: MemoryKey,
        value: object,
        served_ns: int,
        fresh_ns: int,
        dead_ns: int,
        weight: int = 1,
        stamps: Stamps = (),
        failed: bool = False,
    ) -> bool:
        """Keep a value; return False where it is too large to be kept. Costs O(1) amortised."""
        with self._lock:
            if self._hits:
                self._note()
            old = self._entries.get(key)
            if old is not None:
                if old.weight == weight and not (stamps or old.stamps or failed or old.failed):
                    old.value = value
                    old.dead_ns, old.fresh_ns, old.served_ns = dead_ns, fresh_ns, served_ns
                    return True
                self._drop(old)
            if weight > 1 and weight > self._capacity * SHARE_MAX:
                return False
            self._add(Entry(key, value, weight, served_ns, fresh_ns, dead_ns, stamps=stamps, failed=failed))
            return True

    def delete(self, key: MemoryKey) -> None:
        """Forget a key."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._drop(entry)

    def delete_if(self, entry: Entry) -> None:
        """Forget an entry unless another one took its place."""
        with self._lock:
            if self._entries.get(entry.key) is entry:
                self._drop(entry)

    def delete_tagged(self, tags: Iterable[str]) -> None:
        """Forget all that has one of some tags."""
        with self._lock:
            for tag in tags:
                for key in self._tagged.pop(tag, ()):
                    entry = self._entries.get(key)
                    if entry is not None:
                        self._drop(entry)

    def settle(self) -> None:
        """Note the hits that wait, in the policy, the shadows and the metrics."""
        with self._lock:
            self._note()
            self._puts += PUTS_A_SETTLING
            if self._puts >= PUTS_A_LOOK:
                self._look()

    def look(self) -> None:
        """Note what waits, set the gauges, and do what the knobs and the shadows say."""
        with self._lock:
            self._note()
            self._look()

    def _note(self) -> None:
        n = len(self._hits)
        if not n:
            return
        entries = self._hits[:n]
        del self._hits[:n]
        self._policy.touch(entries)
        self._observation.memory_hits.add(n)
        if self._shadows is not None:
            self._feed([(entry.key, entry.weight) for entry in entries if entry.sampled])

    def _add(self, entry: Entry) -> None:
        key = entry.key
        self._entries[key] = entry
        self._weight += entry.weight
        if entry.stamps:
            for tag, _ in entry.stamps:
                self._tagged.setdefault(tag, set()).add(key)
        policy = self._policy
        gone = policy.add(entry)
        if gone:
            self._evicted(gone)
        if self._era and isinstance(policy, Handover) and policy.is_done:
            self._policy = policy.new
        if self._shadows is not None and not hash(key) & self._mask:
            entry.sampled = True
            self._feed(((key, entry.weight),))
        self._puts += 1
        if self._puts >= PUTS_A_LOOK:
            self._look()

    def _evicted(self, gone: Sequence[Entry]) -> None:
        for entry in gone:
            self._forget(entry)
        self._observation.evictions.add(len(gone))
        self._awake = AWAKE_LOOKS
        if self._shadows is not None:
            self._watched += len(gone)
        elif self._unwatched > 0:
            self._unwatched -= len(gone)
        elif self._wanted == AUTO:
            self._wake()

    def _drop(self, entry: Entry) -> None:
        self._policy.remove(entry)
        self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.key]
        self._weight -= entry.weight
        for tag, _ in entry.stamps:
            keys = self._tagged.get(tag)
            if keys is not None:
                keys.discard(entry.key)
                if not keys:
                    del self._tagged[tag]

    def _wake(self) -> None:
        rate = sample_rate(len(self._entries))
        self._shadows = Shadows(self._name, self._capacity, rate)
        self._advisor = Advisor(self._name)
        self._mask = rate - 1
        self._quiet_blocks = self._watched = 0
        for key, entry in self._entries.items():
            entry.sampled = not hash(key) & self._mask

    def _feed(self, accesses: Sequence[tuple[MemoryKey, int]]) -> None:
        assert self._shadows is not None
        block = self._shadows.feed(accesses)
        if block is None:
            return
        self._quiet_blocks += 1
        advised = self._advisor.note(block)
        if advised != self._name:
            self._quiet_blocks = 0
            self._observation.policy_changes.add(1)
            self._change(advised)
            self._shadows.of_policy(advised)
        elif self._quiet_blocks >= SETTLED_BLOCKS:
            self._unwatched = REST * self._watched
            self._observation.estimated(self._shadows.estimates())
            self._shadows = None

    def _look(self) -> None:
        self._puts = 0
        observation = self._observation
        observation.entries.set(len(self._entries))
        if self._in_bytes:
            observation.bytes.set(self._weight)
        if self._shadows is not None:
            observation.estimated(self._shadows.estimates())
            observation.advised_size.set(self.advised_size)
            self._awake -= 1
            if self._awake <= 0:
                self._shadows = None
        capacity, wanted = self._capacity_knob(), self._policy_knob()
        if capacity == self._capacity and wanted == self._wanted:
            return
        self._capacity, self._wanted = capacity, wanted
        self._shadows = None
        self._unwatched = 0
        self._change(self._name if wanted == AUTO else wanted)

    def _change(self, name: str) -> None:
        """Begin with another policy, or another room; entries move with what is put in from now on."""
        self._era += 1
        new = POLICIES[name](self._capacity)
        handover = Handover(self._policy, new, self._era, self._capacity, self._weight)
        self._name, self._policy = name, handover
        gone = handover.make_room()
        for entry in gone:
            self._forget(entry)
        if gone:
            self._observation.evictions.add(len(gone))
