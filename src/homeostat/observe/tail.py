"""Tail sampling: which span trees are kept, decided when their root ends.

Kept are trees in which something failed, that were slow (beyond the 95th percentile of the operation's
last 1,000 durations), whose context was handed to another process or came from one that may have kept
its part (or its spans would be orphans), and a small uniform sample for the ordinary picture. Each
reason has a budget for each operation, so that what is kept does not grow with traffic; the new slowest
of a minute is kept even when the budget is spent, which happens about log(n) times.

The decision costs a few comparisons where the operation ends. All arithmetic over time (budgets,
thresholds, sampling strides) is done where the trees are collected, in `Tail.collect`.
"""

import random
from collections import deque
from dataclasses import dataclass

from homeostat.core.losses import Losses
from homeostat.observe.operation import Operation
from homeostat.observe.quota import Quota, TailPolicy
from homeostat.observe.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that is kept: its root (or a span that ended too late for it), what hangs on it, and why."""

    root: Operation
    spans: tuple[Operation, ...]
    reason: str


class Tail:
    """Decides about trees as they end, and holds the kept ones until they are collected."""

    def __init__(self, losses: Losses, policy: TailPolicy, rng: random.Random) -> None:
        self.policy = policy
        self._losses = losses
        self._rng = rng
        self._kept: deque[Tree] = deque()
        self._held = 0
        self._quotas: list[Quota] = []
        self._minute_s = 0.0

    def quota(self, recorder: Recorder) -> Quota:
        """Return a full quota for an operation that is new."""
        quota = Quota(recorder, self.policy)
        self._quotas.append(quota)
        return quota

    def ended(self, operation: Operation) -> None:
        """Decide about a tree whose root ended, or about a span that ended after its root."""
        if operation.root is not None:
            self._ended_late(operation, operation.root)
            return
        quota = operation.site.quota
        quota.roots += 1
        spans = operation.spans
        operation.spans = None
        if (
            operation.tree_failed
            or operation.tree_left
            or operation.link is not None
            or operation.duration_ns > quota.slow_ns
            or quota.roots >= quota.sample_at
        ):
            reason = self._reason(operation, quota)
            if reason:
                operation.kept = True
                self._keep(Tree(operation, tuple(spans or ()), reason))

    def collect(self, elapsed_s: float) -> list[Tree]:
        """Return the trees kept since the last call, and refill the quotas for the time that went by."""
        self._minute_s += elapsed_s
        new_minute = self._minute_s >= 60.0
        if new_minute:
            self._minute_s = 0.0
        for quota in list(self._quotas):
            quota.refill(self.policy, elapsed_s)
            if new_minute:
                quota.slowest_ns = 0
        trees = []
        while self._kept:
            trees.append(self._kept.popleft())
        self._held -= sum(1 + len(t.spans) for t in trees)
        return trees

    def forget(self) -> None:
        """Drop the trees that wait."""
        self._kept.clear()
        self._held = 0

    def _reason(self, root: Operation, quota: Quota) -> str:
        if root.tree_failed and quota.failed >= 1.0:
            quota.failed -= 1.0
            return "failed"
        if root.duration_ns > quota.slow_ns:
            slowest = root.duration_ns > quota.slowest_ns
            if slowest:
                quota.slowest_ns = root.duration_ns
            if quota.slow >= 1.0 or (slowest and quota.slow > -self.policy.slow_per_minute):
                quota.slow -= 1.0
                return "slow"
        propagated = root.tree_left or (root.link is not None and root.link.sampled)
        if propagated and quota.propagated >= 1.0:
            quota.propagated -= 1.0
            return "propagated"
        if quota.roots >= quota.sample_at:
            stride = quota.stride(self.policy)
            quota.sample_at = quota.roots + self._rng.randint(1, 2 * stride - 1)
            if quota.sampled >= 1.0:
                quota.sampled -= 1.0
                return "sampled"
        if root.tree_failed or propagated:
            self._losses.add("trace.over_budget")
        return ""

    def _ended_late(self, operation: Operation, root: Operation) -> None:
        if root.kept or operation.error:
            self._keep(Tree(operation, (), "late"))

    def _keep(self, tree: Tree) -> None:
        size = 1 + len(tree.spans)
        if self._held + size > self.policy.spans_held_max:
            self._losses.add("trace.buffer_full", size)
            return
        self._held += size
        self._kept.append(tree)
