"""The quota: how many trees of one operation may still be kept, and what is slow for it at present."""

import math
from dataclasses import dataclass

from homeostat.observe.recorder import Recorder

SLOW_FROM_SAMPLES = 20
"""Below this many durations nobody can tell what is slow: only the sample is kept."""

SLOW_PERCENTILE = 95.0
"""Of the operation's last 1,000 durations."""


RATE_SECONDS = 10.0
"""Time constant of the smoothed rate from which the sample's stride follows."""


@dataclass(frozen=True, slots=True)
class TailPolicy:
    """Trees that are kept: of each operation a minute, by reason; and spans held until they are collected."""

    failed_per_minute: int = 60
    slow_per_minute: int = 30
    propagated_per_minute: int = 600
    sampled_per_minute: int = 12
    spans_held_max: int = 50_000


class Quota:
    """What one operation may still have kept, and what counts as slow for it at present."""

    __slots__ = (
        "failed",
        "propagated",
        "rate",
        "recorder",
        "roots",
        "roots_seen",
        "sample_at",
        "sampled",
        "slow",
        "slow_ns",
        "slowest_ns",
        "values_seen",
    )

    def __init__(self, recorder: Recorder, policy: "TailPolicy") -> None:
        self.recorder = recorder
        self.failed = float(policy.failed_per_minute)
        self.slow = float(policy.slow_per_minute)
        self.propagated = float(policy.propagated_per_minute)
        self.sampled = float(policy.sampled_per_minute)
        self.slow_ns = float("inf")
        self.slowest_ns = 0
        self.roots = 0
        self.sample_at = 1
        self.roots_seen = 0
        self.values_seen = 0
        self.rate = 0.0

    def refill(self, policy: TailPolicy, elapsed_s: float) -> None:
        """Let the budgets grow for the time that went by, and look again at what is usual."""
        share = elapsed_s / 60.0
        self.failed = min(self.failed + share * policy.failed_per_minute, policy.failed_per_minute)
        self.slow = min(self.slow + share * policy.slow_per_minute, policy.slow_per_minute)
        self.propagated = min(
            self.propagated + share * policy.propagated_per_minute, policy.propagated_per_minute
        )
        self.sampled = min(self.sampled + share * policy.sampled_per_minute, policy.sampled_per_minute)
        if elapsed_s > 0.0:
            rate = (self.roots - self.roots_seen) / elapsed_s
            self.rate += (rate - self.rate) * (1.0 - math.exp(-elapsed_s / RATE_SECONDS))
        self.roots_seen = self.roots
        self.sample_at = min(self.sample_at, self.roots + 2 * self.stride(policy))
        folded = self.recorder.folded
        count = folded.moments.count if folded and folded.moments else 0
        if folded and count >= SLOW_FROM_SAMPLES and count - self.values_seen >= min(200, count // 20):
            self.values_seen = count
            self.slow_ns = folded.percentile(SLOW_PERCENTILE) * 1e6

    def stride(self, policy: TailPolicy) -> int:
        """One in how many roots is sampled, so that about `sampled_per_minute` of them are."""
        return max(1, round(60.0 * self.rate / max(policy.sampled_per_minute, 1)))
