"""The cache of modules: ready in the warm tier, deflated in the cold one, else read from their files."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Lock
from typing import NamedTuple

from homeostat.core.clock import Clock
from homeostat.core.errors import InputError
from homeostat.core.log import event
from homeostat.prompts.serving.held import Held, ModuleKey, Source, hold
from homeostat.prompts.serving.module_file import read_file, stamp_of
from homeostat.prompts.serving.popularity import Popularity
from homeostat.prompts.serving.serving_meter import ServingMeter
from homeostat.prompts.serving.tier import Tier

STAY = 1.25
"""How much more popular a packed module must be than those that it would push out of the warm tier. Without
it, modules of like popularity change places all the time, and each change deflates one."""

DEFLATED_MIN = 0.1
"""What a text is taken to be deflated to at best: one that would not fit then is not deflated at all."""

SMOOTHING = 0.1
"""The weight of the newest read in the means of what a read takes."""


class Found(NamedTuple):
    """A module with its template ready, and where it came from."""

    held: Held
    source: Source


class ReadCost(NamedTuple):
    """What it takes to read a module: waiting for it, and processor time."""

    wall_ns: float
    cpu_ns: float


class ModuleCache:
    """Modules of any thread's asking, each in one of two tiers at most.

    `_lock` guards the tiers and is held for work on dictionaries only. `_reading` is held while a file is
    read or looked at, and until what was read is in a tier: one at a time, since reading in parallel gains
    nothing; so those who miss the same module at once read it once.
    """

    def __init__(
        self,
        capacities: tuple[int, int],
        check_every_ns: int,
        clock: Clock,
        meter: ServingMeter,
        rng: Random,
        cpu_ns: Callable[[], int] = time.thread_time_ns,
    ) -> None:
        self._popularity: Popularity[ModuleKey] = Popularity()
        self._warm: Tier[ModuleKey, Held] = Tier(capacities[0], self._popularity.score, rng)
        self._cold: Tier[ModuleKey, Held] = Tier(capacities[1], self._popularity.score, rng)
        self._check_every_ns = check_every_ns
        self._clock = clock
        self._cpu_ns = cpu_ns
        self._meter = meter
        self._lock = Lock()
        self._reading = Lock()
        self.read_cost = ReadCost(0.0, 0.0)

    def get(
        self, key: ModuleKey, root: Path, expected: float | None = None, known: Held | None = None
    ) -> Found:
        """Return a module as its file was at most `check_every_ns` ago.

        `expected` is for loading ahead: how probably it will be asked for. `known` is a content that the
        caller holds, for where the tiers hold none. Where the file cannot be read any more, its last good
        content is served, and counted. Raises InputError where there is none.
        """
        found = self.in_memory(key, expected, known)
        if found is not None:
            return found
        if expected is None:
            with self._lock:
                self._popularity.touch(key)
        with self._reading:
            held, source = self._current(key, root, known)
            if expected is not None and source == "file":
                held.foreseen = True
                self._meter.loaded_ahead(expected)
            return self._served(held, source, expected)

    def in_memory(
        self, key: ModuleKey, expected: float | None = None, known: Held | None = None
    ) -> Found | None:
        """Return a module where that takes no look at its file, else None."""
        with self._lock:
            held, source = self._find(key, known)
            if held is None or not self._fresh(held):
                return None
            if expected is None:
                self._popularity.touch(key)
        return self._served(held, source, expected)

    def holds(self, key: ModuleKey) -> bool:
        """Return whether a module is in memory, whatever became of its file."""
        with self._lock:
            return key in self._warm or key in self._cold

    def unchanged(self, held: Held, root: Path, *, look: bool) -> bool:
        """Return whether a content is known to be its file's; with `look`, the file is looked at for it."""
        if self._fresh(held):
            return True
        if not look or not held.certain or held.lost:
            return False
        now = self._clock.monotonic_ns()
        try:
            same = stamp_of(root / held.key[1]) == held.stamp
        except OSError:
            return False
        if same:
            held.checked_ns = now
        return same

    def resize(self, warm_bytes: int, cold_bytes: int) -> None:
        """Set the sizes of the tiers, and let go what does not fit any more."""
        with self._lock:
            self._cold.resize(cold_bytes)
            gone = self._warm.resize(warm_bytes)
        self._demote(gone)

    @property
    def used_bytes(self) -> dict[Source, int]:
        """What the tiers hold."""
        with self._lock:
            return {"warm": self._warm.used_bytes, "cold": self._cold.used_bytes}

    def _fresh(self, held: Held) -> bool:
        return self._clock.monotonic_ns() - held.checked_ns < self._check_every_ns

    def _find(self, key: ModuleKey, known: Held | None) -> tuple[Held | None, Source]:
        if (held := self._warm.get(key)) is not None:
            return held, "warm"
        if (held := self._cold.get(key)) is not None:
            return held, "cold"
        return known, "hot"

    def _current(self, key: ModuleKey, root: Path, known: Held | None) -> tuple[Held, Source]:
        """Return what is held if the file still has this content, else what the file has."""
        with self._lock:
            held, source = self._find(key, known)
        began = self._clock.monotonic_ns()
        if held is not None and self.unchanged(held, root, look=True):
            return held, source
        cpu = self._cpu_ns()
        try:
            state = read_file(root / key[1], self._clock.now_ns())
        except (OSError, InputError) as error:
            if held is None:
                raise unreadable(key, root, error) from None
            if not held.lost:
                event("prompts.last_good", logging.WARNING, module=key[1], reason=type(error).__name__)
            held.checked_ns, held.lost = began, True
            self._meter.last_good()
            return held, source
        self._learn_cost(self._clock.monotonic_ns() - began, self._cpu_ns() - cpu)
        if held is not None and held.digest == state.digest:
            held.learn(state, began)
            return held, source
        with self._lock:
            self._warm.remove(key)
            self._cold.remove(key)
        if held is not None:
            self._meter.changed()
        return hold(key, state, began), "file"

    def _served(self, held: Held, source: Source, expected: float | None) -> Found:
        ready = held.ready(held.template)
        if expected is None and held.foreseen:
            ready.foreseen = held.foreseen = False
            self._meter.used()
        if source != "warm":
            self._offer(ready, source, expected)
        return Found(ready, source)

    def _offer(self, held: Held, source: Source, expected: float | None) -> None:
        """Take a content into the warm tier if it is worth it, else leave it in the cold one."""
        with self._lock:
            score = self._popularity.score(held.key, expected or 0.0)
            worth = score / STAY if source == "cold" else score
            gone = self._warm.offer(held.key, held, held.memory_bytes, worth)
            if gone is not None:
                self._cold.remove(held.key)
            elif source == "cold":
                return
        self._demote(gone if gone is not None else [held], expected or 0.0)

    def _demote(self, going: list[Held], expected: float = 0.0) -> None:
        small = [h for h in going if DEFLATED_MIN * h.memory_bytes <= self._cold.capacity_bytes]
        packed = [held.packed() for held in small]  # not under the lock: it takes up to a millisecond
        with self._lock:
            for held in packed:
                if held.key not in self._warm and held.key not in self._cold:
                    score = self._popularity.score(held.key, expected)
                    self._cold.offer(held.key, held, held.memory_bytes, score)
            used = self._warm.used_bytes, self._cold.used_bytes
        self._meter.holds("warm", used[0])
        self._meter.holds("cold", used[1])

    def _learn_cost(self, wall_ns: int, cpu_ns: int) -> None:
        wall, cpu = self.read_cost
        share = SMOOTHING if wall else 1.0
        self.read_cost = ReadCost(wall + share * (wall_ns - wall), cpu + share * (cpu_ns - cpu))


def unreadable(key: ModuleKey, root: Path, error: Exception) -> InputError:
    """Return the error of a module whose file cannot be read."""
    reason = error.strerror if isinstance(error, OSError) else None
    return InputError(
        f"the module {key[1]} cannot be read from {root}: {reason or error}; put it back, or take out "
        "the references to it and make the loading plan again"
    )
