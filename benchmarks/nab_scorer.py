"""The score of the Numenta Anomaly Benchmark, from its definition.

Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark",
ICMLA 2015 (arXiv 1510.03336), section II. Labelled windows stand around each anomaly. The first detection
within a window earns up to 1, the more the earlier; each detection outside of windows costs up to the
profile's price of a false positive, the less the sooner it follows a window; each window without a
detection costs the price of a miss. What happens in the first 15% of a series (of 5,000 records at most)
does not count. The sum over all series is brought to a scale on which a detector that never speaks has 0
and a perfect one 100.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

PROBATION_SHARE = 0.15
PROBATION_RECORDS_MAX = 750
_STEEPNESS = 5.0
_FAR = 3.0
"""From three windows' lengths after a window on, a false positive costs its full price."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an application gains by a hit and loses by a false positive and by a miss."""

    name: str
    false_positive: float
    miss: float


STANDARD = Profile("standard", 0.11, 1.0)
REWARD_LOW_FP = Profile("reward low FP", 0.22, 1.0)
REWARD_LOW_FN = Profile("reward low FN", 0.11, 2.0)
PROFILES = (STANDARD, REWARD_LOW_FP, REWARD_LOW_FN)

Window = tuple[int, int]
"""The indices of the first and the last record of a labelled window."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What the detections in one series are worth, before a profile prices them.

    `hits` is the sum of the rewards of hit windows, `false_positives` the sum of the shares of the full
    price, `missed` and `windows` are counts.
    """

    hits: float
    false_positives: float
    missed: int
    windows: int

    def points(self, profile: Profile) -> float:
        """Return the raw score of the series under a profile."""
        return self.hits - profile.false_positive * self.false_positives - profile.miss * self.missed


def probation(records: int) -> int:
    """Return how many records at the start of a series do not count."""
    return int(min(PROBATION_SHARE * records, PROBATION_RECORDS_MAX))


def _sigmoid(position: float) -> float:
    """Return the value at a position in units of the window: -1 is its start, 0 its end."""
    return -1.0 if position > _FAR else 2.0 / (1.0 + math.exp(_STEEPNESS * position)) - 1.0


def tally(detections: Iterable[int], windows: Sequence[Window], records: int) -> Tally:
    """Return the tally of the indices at which a detector spoke."""
    found = sorted({int(at) for at in detections if at >= probation(records)})
    hit: dict[Window, float] = {}
    wrong = 0.0
    for at in found:
        inside = next((w for w in windows if w[0] <= at <= w[1]), None)
        if inside is not None:
            if inside not in hit:
                position = -(inside[1] - at + 1) / (inside[1] - inside[0] + 1)
                hit[inside] = _sigmoid(position) / _sigmoid(-1.0)
            continue
        before = [w for w in windows if w[1] < at]
        wrong += -_sigmoid((at - before[-1][1]) / (before[-1][1] - before[-1][0])) if before else 1.0
    return Tally(sum(hit.values()), wrong, len(windows) - len(hit), len(windows))


def normalised(points: float, windows: int, profile: Profile) -> float:
    """Return the score on the scale from 0 (says nothing) to 100 (perfect)."""
    silent = -profile.miss * windows
    return 100.0 * (points - silent) / (windows - silent)


def score(tallies: Sequence[Tally], profile: Profile) -> float:
    """Return the normalised score over all series."""
    return normalised(sum(t.points(profile) for t in tallies), sum(t.windows for t in tallies), profile)


def chosen_by_others(points: ArrayLike, groups: ArrayLike) -> NDArray[np.int64]:
    """Return, for each series, the column that is best for all series of other groups.

    `points` has a row for each series and a column for each candidate (a threshold); `groups` names the
    fold of each series. No label of a series has a say in what it is scored with.
    """
    table, fold = np.asarray(points, dtype=np.float64), np.asarray(groups)
    chosen = np.empty(len(table), dtype=np.int64)
    for group in np.unique(fold):
        chosen[fold == group] = int(table[fold != group].sum(axis=0).argmax())
    return chosen
