"""The ratio of the arms: whether requests reach them in the shares that were planned."""

import math

import numpy as np
from numpy.typing import NDArray

from homeostat.core.plant import Outcomes
from homeostat.prove.trials.block import DURATION
from homeostat.stats.sample_ratio import SampleRatio

NS_PER_MS = 1e6

_DOUBT = 3.0
"""Standard errors by which the arms may be off at a keep: one good look in 400 has to wait."""


class ArmRatio:
    """Counts the requests of two arms by when they began, and holds them against the planned share.

    Requests are known when they end: of those that began lately the quick ones are in, the slow ones are
    not, and so more of the quicker arm. Counted are therefore those that began longer ago than the longest
    took so far; requests that never end are missing from their arm, and are told by that.

    Guarantee: that of `SampleRatio`. Cost: O(1) a request; memory: the requests of one longest duration.
    """

    __slots__ = ("_latest_ns", "_ratio", "_starts", "_treated", "longest_ns", "share")

    def __init__(self, share: float) -> None:
        """Start empty; `share` is that of requests that are to reach the treatment."""
        self.share = share
        self.longest_ns = 0
        self._latest_ns = 0
        self._ratio = SampleRatio(share)
        self._starts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._treated: NDArray[np.bool_] = np.zeros(0, np.bool_)

    def extend(self, outcomes: Outcomes, control: NDArray[np.bool_], treatment: NDArray[np.bool_]) -> None:
        """Take the requests of both arms, late outcomes left out."""
        rows = control | treatment
        starts = outcomes.ended_ns[rows]
        if not starts.size:
            return
        self._latest_ns = max(self._latest_ns, int(starts.max()))
        duration = outcomes.values.get(DURATION)
        if duration is not None:
            took_ns = np.nan_to_num(duration[rows] * NS_PER_MS, posinf=0.0, neginf=0.0).astype(np.int64)
            self.longest_ns = max(self.longest_ns, int(took_ns.max()))
            starts = starts - took_ns
        starts = np.concatenate((self._starts, starts))
        treated = np.concatenate((self._treated, treatment[rows]))
        over = starts <= self._latest_ns - self.longest_ns
        n_treatment = int(np.count_nonzero(treated & over))
        self._ratio.extend(n_treatment, int(np.count_nonzero(over)) - n_treatment)
        self._starts, self._treated = starts[~over], treated[~over]

    def mismatch(self) -> bool:
        """Return whether the plan is refuted."""
        return self._ratio.mismatch()

    @property
    def doubtful(self) -> bool:
        """Whether the arms look just now as if they filled in other shares, or most are not counted yet."""
        share, n = self.share, self._ratio.control + self._ratio.treatment
        if n < self._starts.size:
            return True
        return abs(self._ratio.treatment - n * share) > _DOUBT * math.sqrt(n * share * (1.0 - share))

    @property
    def words(self) -> str:
        """What was counted and planned, in one sentence."""
        units = self._ratio.control + self._ratio.treatment
        return (
            f"the arms do not fill as planned: {self._ratio.seen:.1%} of {units:,} requests reached the "
            f"treatment instead of {self.share:.1%}, so that they cannot be compared: "
            "some requests are lost, never end, or are counted twice"
        )
