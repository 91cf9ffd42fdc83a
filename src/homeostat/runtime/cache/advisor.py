"""The advisor: which policy a cache should have, from what its shadows hit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from homeostat.runtime.cache.shadow import Estimate

BLOCKS_MIN = 12
"""Blocks before the first judgement."""

MEMORY = 1 / 48
"""Weight of the newest block once as many were seen."""

SURE = 1.5
"""Standard errors that another policy must be ahead by."""

WORTH = 0.01
"""Share of the hits that another policy must gain."""


@dataclass(slots=True)
class _Lead:
    """How far a policy is ahead of the one in force: hits a block, mean and mean square, weighted."""

    mean: float = 0.0
    square: float = 0.0


class Advisor:
    """Advises another policy once its shadow is surely ahead of that of the policy in force.

    The differences of whole blocks are compared, not single accesses: neighbours hit or miss together.
    Hysteresis: a lead must be worth 1% of the hits and 1.5 times its standard error, and all is counted anew
    after a change.
    """

    def __init__(self, policy: str) -> None:
        self.policy = policy
        self._restart()

    def note(self, hits: Mapping[str, int]) -> str:
        """Note a block of all shadows; return the policy that there should be from now on."""
        self._blocks += 1
        weight = max(MEMORY, 1 / self._blocks)
        own = hits[self.policy]
        self._own += weight * (own - self._own)
        for name, n in hits.items():
            lead = self._leads.setdefault(name, _Lead())
            ahead = n - own
            lead.mean += weight * (ahead - lead.mean)
            lead.square += weight * (ahead * ahead - lead.square)
        best = max(self._leads, key=lambda name: self._leads[name].mean)
        if self._blocks >= BLOCKS_MIN and self._is_ahead(self._leads[best]):
            self.policy = best
            self._restart()
        return self.policy

    def _is_ahead(self, lead: _Lead) -> bool:
        effective = min(self._blocks, 2 / MEMORY)
        error = sqrt(max(0.0, lead.square - lead.mean**2) / effective)
        return lead.mean > max(WORTH * self._own, SURE * error)

    def _restart(self) -> None:
        self._blocks = 0
        self._own = 0.0
        self._leads: dict[str, _Lead] = {}


GROW_WORTH = 0.02
SHRINK_COST = 0.005


def advised_size(policy: str, estimates: Sequence[Estimate]) -> float:
    """Return the multiple of its size that a cache should have: 0.5, 1 or 2.

    Twice the size is worth it where it hits 2 points more, half of it where it hits half a
    point less at most.
    """
    at = {estimate.size: estimate.hit_ratio for estimate in estimates if estimate.policy == policy}
    now = at.get(1.0)
    if now is None:
        return 1.0
    if at.get(2.0, 0.0) >= now + GROW_WORTH:
        return 2.0
    return 0.5 if at.get(0.5, 0.0) >= now - SHRINK_COST else 1.0
