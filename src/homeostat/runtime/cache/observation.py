"""What a cache tells its host: hits by tier, misses, loads, and what was waited for, dropped or skipped."""

from collections.abc import Iterable

from homeostat.observe.recorder import Counter, Gauge
from homeostat.runtime.cache.shadow import Estimate
from homeostat.runtime.host import Host


class Observation:
    """The handles of one cache's metrics, resolved once."""

    def __init__(self, host: Host, cache: str) -> None:
        self._host = host
        self._cache = cache
        self._estimates: dict[tuple[str, float], Gauge] = {}
        self.memory_hits = self.hits("memory")
        self.misses = host.counter("cache.misses", "1", cache=cache)
        self.loads = host.counter("cache.loads", "1", cache=cache)
        self.load_duration = host.histogram("cache.load.duration", "ms", cache=cache)
        self.load_errors = host.counter("cache.load.errors", "1", cache=cache)
        self.stale_served = host.counter("cache.stale_served", "1", cache=cache)
        self.unverified = host.counter("cache.unverified", "1", cache=cache)
        self.shared_waits = host.counter("cache.shared_waits", "1", cache=cache)
        self.lease_waits = host.counter("cache.lease_waits", "1", cache=cache)
        self.refreshes_skipped = host.counter("cache.refreshes_skipped", "1", cache=cache)
        self.evictions = host.counter("cache.evictions", "1", cache=cache)
        self.too_large = host.counter("cache.too_large", "1", cache=cache)
        self.undecodable = host.counter("cache.undecodable", "1", cache=cache)
        self.writes_dropped = host.counter("cache.writes_dropped", "1", cache=cache)
        self.policy_changes = host.counter("cache.policy_changes", "1", cache=cache)
        self.entries = host.gauge("cache.entries", "1", cache=cache)
        self.bytes = host.gauge("cache.bytes", "bytes", cache=cache)
        self.advised_size = host.gauge("cache.advised_size", "1", cache=cache)

    def hits(self, tier: str) -> Counter:
        """Return the counter of hits in a tier."""
        return self._host.counter("cache.hits", "1", cache=self._cache, tier=tier)

    def skipped(self, tier: str) -> Counter:
        """Return the counter of calls that a tier was spared, because it failed not long ago."""
        return self._host.counter("cache.tier.skipped", "1", cache=self._cache, tier=tier)

    def tier_errors(self, tier: str) -> Counter:
        """Return the counter of calls to a tier that failed or took too long."""
        return self._host.counter("cache.tier.errors", "1", cache=self._cache, tier=tier)

    def estimated(self, estimates: Iterable[Estimate]) -> None:
        """Record what the shadows estimate."""
        for estimate in estimates:
            which = (estimate.policy, estimate.size)
            gauge = self._estimates.get(which)
            if gauge is None:
                gauge = self._estimates[which] = self._host.gauge(
                    "cache.shadow.hit_ratio",
                    "ratio",
                    cache=self._cache,
                    policy=estimate.policy,
                    size=f"{estimate.size:g}",
                )
            gauge.set(estimate.hit_ratio)
