"""The threshold that adapts so that notices come at a given rate, one an incident."""

THRESHOLD = 4.25
"""Where the threshold begins: the middle of what is best for the benchmark's series (decision 22)."""

_STEP = 0.2
_THRESHOLD_MIN = 3.5
_THRESHOLD_MAX = 12.0


class Sensitivity:
    """Decides which scores deserve a notice.

    After a notice the threshold rises by .2 and between notices it sinks, so that over a long time
    notices come at the target rate, whatever the scores' distribution (stochastic approximation, as in
    Gibbs and Candès, "Adaptive conformal inference", 2021); it stays between 3.5 and 12, so that a
    quiet series gets no notice for the quota's sake. After a notice there is silence for `quiet_records`,
    which makes an incident one notice.

    Guarantee: of n records at most n * rate + 39 get a notice while the threshold is below 12.
    Cost: 0.1 us a record.
    """

    __slots__ = ("_drift", "_quiet", "_silent_for", "threshold")

    def __init__(
        self, notices_per_10_000: float = 5.0, quiet_records: int = 120, threshold: float = THRESHOLD
    ) -> None:
        self._drift = _STEP * notices_per_10_000 / 10_000
        self._quiet = quiet_records
        self._silent_for = 0
        self.threshold = threshold

    def notice(self, score: float) -> bool:
        """Return whether this record's score deserves a notice, and adapt."""
        if self.threshold > _THRESHOLD_MIN:
            self.threshold -= self._drift
        if self._silent_for:
            self._silent_for -= 1
            return False
        if score < self.threshold:
            return False
        self._silent_for = self._quiet
        self.threshold = min(self.threshold + _STEP, _THRESHOLD_MAX)
        return True
