"""The meter of serving: what was served from where, and what the cache holds, as metrics and as figures."""

from dataclasses import dataclass
from threading import Lock
from typing import get_args

from homeostat.prompts.serving.held import Source
from homeostat.runtime.host import Host

SOURCES: tuple[Source, ...] = get_args(Source)

TARGETS: dict[Source, float] = {"hot": 0.95, "warm": 0.80, "cold": 0.50}
"""The share that each tier should answer of what comes to it, by bytes."""

PROMISES_MAX = 100.0
"""Where so many uses were promised, promised and kept ones are halved: what changed is learned anew."""

RATIO_EVERY = 64
"""The ratio is recorded once in so many servings."""


@dataclass(frozen=True, slots=True)
class TierFigures:
    """What came to one tier, in bytes of files, and what it answered of that."""

    asked_bytes: int
    answered_bytes: int
    target: float

    @property
    def hit_ratio(self) -> float | None:
        """The share that was answered, by bytes; None where nothing came."""
        return self.answered_bytes / self.asked_bytes if self.asked_bytes else None


@dataclass(frozen=True, slots=True)
class ServingFigures:
    """What a library served since it was opened. Bytes are those of the files."""

    tiers: dict[Source, TierFigures]
    served_bytes: int
    from_files_bytes: int
    last_good: int
    changes: int
    loaded_ahead: int
    loaded_ahead_used: int

    @property
    def hit_ratio(self) -> float | None:
        """The share of bytes that was served without reading a file; None where nothing was served."""
        return 1 - self.from_files_bytes / self.served_bytes if self.served_bytes else None


class ServingMeter:
    """Counts for one library. Any thread may count."""

    def __init__(self, host: Host, library: str) -> None:
        self._lock = Lock()
        self._served = {s: host.counter("prompts.served", "1", library=library, source=s) for s in SOURCES}
        self._bytes = {
            s: host.counter("prompts.served_bytes", "bytes", library=library, source=s) for s in SOURCES
        }
        self._ratio = host.gauge("prompts.hit_ratio", "ratio", library=library)
        self._size = {t: host.gauge("prompts.cache_size", "bytes", library=library, tier=t) for t in TARGETS}
        self._changes = host.counter("prompts.changes", "1", library=library)
        self._last_good = host.counter("prompts.last_good", "1", library=library)
        self._ahead = {
            outcome: host.counter("prompts.loaded_ahead", "1", library=library, outcome=outcome)
            for outcome in ("loaded", "used")
        }
        self._totals = dict.fromkeys(SOURCES, 0)
        self._servings = 0
        self._n_changes = self._n_last_good = self._n_ahead = self._n_used = 0
        self._promised = self._kept = 0.0

    def served(self, source: Source, modules: int, size_bytes: int) -> None:
        """Count modules that were served from one place."""
        self._served[source].add(modules)
        self._bytes[source].add(size_bytes)
        with self._lock:
            self._totals[source] += size_bytes
            self._servings += 1
            if self._servings % RATIO_EVERY == 0 and (total := sum(self._totals.values())):
                self._ratio.set(1 - self._totals["file"] / total)

    def holds(self, tier: Source, used_bytes: int) -> None:
        """Note what a tier holds now."""
        self._size[tier].set(used_bytes)

    def changed(self) -> None:
        """Count a file that was found changed."""
        self._changes.add(1)
        with self._lock:
            self._n_changes += 1

    def last_good(self) -> None:
        """Count a file that could not be read again, so that its last good content is served."""
        self._last_good.add(1)
        with self._lock:
            self._n_last_good += 1

    def loaded_ahead(self, expected: float) -> None:
        """Count a module that was loaded before anybody asked, and how probably it would be asked for."""
        self._ahead["loaded"].add(1)
        with self._lock:
            self._n_ahead += 1
            self._promised += expected
            if self._promised > PROMISES_MAX:
                self._promised, self._kept = self._promised / 2, self._kept / 2

    def used(self) -> None:
        """Count a module that was asked for after it was loaded ahead."""
        self._ahead["used"].add(1)
        with self._lock:
            self._n_used += 1
            self._kept += 1.0

    @property
    def promise_kept(self) -> float:
        """How many of the uses that were promised of what was loaded ahead came, lately, at most 1.

        Fewer come where modules go again before they are asked for, or where sessions are taken for one.
        """
        return min(1.0, (self._kept + 1.0) / (self._promised + 1.0))

    def figures(self) -> ServingFigures:
        """Return all counts of one moment."""
        with self._lock:
            coming = sum(self._totals.values())
            tiers: dict[Source, TierFigures] = {}
            for tier, target in TARGETS.items():
                tiers[tier] = TierFigures(coming, self._totals[tier], target)
                coming -= self._totals[tier]
            return ServingFigures(
                tiers,
                sum(self._totals.values()),
                self._totals["file"],
                self._n_last_good,
                self._n_changes,
                self._n_ahead,
                self._n_used,
            )
