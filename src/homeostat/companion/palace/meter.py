"""The meter: what the palace does, as metrics. No word and no name of a person is among them."""

from homeostat.companion.palace.tiers import Reason, Tier
from homeostat.runtime.host import Host


class Meter:
    """Records looks into tiers, uses, hits, consolidation, and memories that changed their room."""

    def __init__(self, host: Host) -> None:
        tiers = {tier: tier.name.lower() for tier in Tier}
        self._access = {t: host.histogram("companion.tier.access", "ms", tier=n) for t, n in tiers.items()}
        self._uses = {t: host.counter("companion.tier.uses", "1", tier=n) for t, n in tiers.items()}
        self._hits = {t: host.counter("companion.tier.hits", "1", tier=n) for t, n in tiers.items()}
        self._up = {r: host.counter("companion.tier.consolidated", "1", reason=r.value) for r in Reason}
        self._moved = host.counter("companion.palace.moved", "1")
        self._spatial = host.histogram("companion.palace.spatial_query", "ms")

    def looked(self, tier: Tier, took_ms: float, hit: bool) -> None:
        """Record one look into a tier, and whether something of the answer was there."""
        self._access[tier].record(took_ms)
        if hit:
            self._hits[tier].add(1.0)

    def used(self, tier: Tier, count: int) -> None:
        """Count uses of memories in a tier."""
        if count:
            self._uses[tier].add(float(count))

    def consolidated(self, reason: Reason, count: int) -> None:
        """Count memories that moved to the long-term tier."""
        if count:
            self._up[reason].add(float(count))

    def moved(self, count: int) -> None:
        """Count memories that stand in another room now."""
        if count:
            self._moved.add(float(count))

    def queried(self, took_ms: float) -> None:
        """Record how long a question of what stands where took."""
        self._spatial.record(took_ms)
