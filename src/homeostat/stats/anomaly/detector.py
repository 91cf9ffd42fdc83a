"""The ensemble: six columns on one series, one score, and notices at a given rate of false alarms."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from homeostat.stats.anomaly.distribution import Distribution
from homeostat.stats.anomaly.envelope import Envelope
from homeostat.stats.anomaly.level import Level
from homeostat.stats.anomaly.rate import Rate
from homeostat.stats.anomaly.recurrence import Recurrence
from homeostat.stats.anomaly.season import Season, SeasonalProfile, hour_and_weekend
from homeostat.stats.anomaly.sensitivity import Sensitivity
from homeostat.stats.anomaly.spread import Spread
from homeostat.stats.anomaly.tail import WARM_UP, Tail

COLUMNS = ("season", "distribution", "envelope", "level", "spread", "rate")
WARM_UP_RECORDS = 2 * WARM_UP
"""Before so many records nothing is an anomaly."""

_COLUMN_MAX = 12.0
_WEIGHT_OF_SEASON = 1.0
_WEIGHT_OF_DISTRIBUTION = 0.7
_WEIGHT_OF_ENVELOPE = 1.4
_WEIGHTS = _WEIGHT_OF_SEASON + _WEIGHT_OF_DISTRIBUTION + _WEIGHT_OF_ENVELOPE
_GATE = 3.5
_WEIGHT_OF_GATED = 0.5

_CALM = 2.0
"""Scores below, which 19 ordinary records in 20 have, are calm."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A notice: when, the value, its score, and each column's surprise (-log10 of its tail probability).

    What is noticed began after `after_s`, the time of the last record that looked ordinary.
    """

    time_s: float
    after_s: float
    value: float
    score: float
    columns: tuple[tuple[str, float], ...]

    @property
    def p_value(self) -> float:
        """A bound of the share of ordinary records that score as high: each 2 of the score are a tenth.

        Simulated on independent, autocorrelated, seasonal and heavy-tailed series: the share is a half to a
        tenth of it at a score of 4, the same for Student's t with 3 degrees at 7.
        """
        return min(1.0, math.pow(10.0, -self.score / 2.0))

    @property
    def reason(self) -> str:
        """The column that is surprised most."""
        return max(self.columns, key=lambda column: column[1])[0]


class AnomalyDetector:
    """Anomalies of one series of numbers with their times, record by record.

    Each column asks one question and calibrates its statistic against its own history (`Tail`), so that
    units and distributions do not matter. The score is a weighted mean of the surprises (of season,
    distribution and envelope always; level, spread and rate add to it only where they are extreme by
    themselves, since on ordinary seasonal series they find the season), plus the log10 of how long it was
    not as high (`Recurrence`). Weights and constants are the same for every series; how they were chosen
    is in decision 22. A notice is given when the score
    passes a threshold that `Sensitivity` moves so as to hold the rate of false alarms, one an incident.

    Cost: about 12 us a record, some 5 kB. Does not hold: in the first `WARM_UP_RECORDS` records nothing
    is found; periods other than day and week are not known and only widen the reference; an anomaly that
    lasts becomes the usual within hours to days. Records that are not finite are left out.
    """

    __slots__ = (
        "_calm_s", "_distribution", "_envelope", "_level", "_profile", "_rate", "_recurrence", "_season",
        "_spread", "_tails", "columns", "records", "score", "sensitivity",
    )  # fmt: skip

    def __init__(self, sensitivity: Sensitivity | None = None) -> None:
        self._profile = SeasonalProfile()
        self._season = Season()
        self._distribution = Distribution()
        self._envelope = Envelope()
        self._level = Level()
        self._spread = Spread()
        self._rate = Rate()
        self._tails = [Tail() for _ in COLUMNS]
        self._recurrence = Recurrence()
        self.sensitivity = Sensitivity() if sensitivity is None else sensitivity
        self._calm_s = -math.inf
        self.records = 0
        self.score = 0.0
        self.columns = (0.0,) * len(COLUMNS)

    def update(self, time_s: float, value: float) -> Anomaly | None:
        """Take the next record, at a local time in s since 1970; return a notice if it deserves one.

        `score` and `columns` then hold the score of this record and the surprises behind it.
        """
        if not (math.isfinite(value) and math.isfinite(time_s)) or abs(value) > 1e150:
            return None
        self.records += 1
        hour, weekend = hour_and_weekend(time_s)
        residual = self._profile.residual(value, hour, weekend)
        tails = self._tails
        season = min(tails[0].surprise(self._season.update(residual)), _COLUMN_MAX)
        entropy = self._distribution.update(value)
        distribution = min(tails[1].surprise(entropy), _COLUMN_MAX) if self.records > WARM_UP else 0.0
        envelope = min(tails[2].surprise(self._envelope.update(value, time_s, hour)), _COLUMN_MAX)
        level = min(tails[3].surprise(self._level.update(value)), _COLUMN_MAX)
        spread = min(tails[4].surprise(self._spread.update(residual)), _COLUMN_MAX)
        rate = min(tails[5].surprise(self._rate.update(residual)), _COLUMN_MAX)
        self.columns = (season, distribution, envelope, level, spread, rate)
        total = (
            _WEIGHT_OF_SEASON * season
            + _WEIGHT_OF_DISTRIBUTION * distribution
            + _WEIGHT_OF_ENVELOPE * envelope
        )
        for gated in (level, spread, rate):
            if gated > _GATE:
                total += _WEIGHT_OF_GATED * (gated - _GATE)
        if self.records <= WARM_UP:
            return None
        surprise = total / _WEIGHTS
        self.score = surprise + self._recurrence.update(surprise)
        if self.score < _CALM:
            self._calm_s = time_s
        if self.records <= WARM_UP_RECORDS or not self.sensitivity.notice(self.score):
            return None
        return Anomaly(
            time_s,
            min(self._calm_s, time_s),
            value,
            self.score,
            tuple(zip(COLUMNS, self.columns, strict=True)),
        )


def anomalies(times_s: Iterable[float], values: Iterable[float]) -> tuple[Anomaly, ...]:
    """Return the notices of a whole series, as a detector that watched it would have given them.

    >>> anomalies([], [])
    ()
    """
    detector = AnomalyDetector()
    found = (detector.update(float(t), float(v)) for t, v in zip(times_s, values, strict=True))
    return tuple(notice for notice in found if notice is not None)
