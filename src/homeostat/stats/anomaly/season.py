"""The season column: is this unlike what this hour is used to?"""

_SECONDS_A_DAY = 86_400.0
_HOURS = 24
_GAIN = 0.15
_SMOOTHING = 0.15
_DRIFT = 0.002
_DAY_OF_1970 = 4
"""The first of January 1970 was a Thursday; 0 is Sunday."""


def hour_and_weekend(time_s: float) -> tuple[int, bool]:
    """Return the hour of the day, 0 to 23, and whether the day is Saturday or Sunday, at a local time in s.

    >>> hour_and_weekend(3 * 3600.0)
    (3, False)
    """
    day, second = divmod(time_s, _SECONDS_A_DAY)
    weekday = (int(day) + _DAY_OF_1970) % 7
    return min(int(second * _HOURS / _SECONDS_A_DAY), _HOURS - 1), weekday in (0, 6)


class SeasonalProfile:
    """What each hour of the day is used to, on workdays and on weekends apart.

    The expectation is a moving mean over the records of that hour, the last of its kind first: at the
    start of an hour it is yesterday's same hour, and it follows today's values within some records. An
    hour that was never seen takes its expectation from the other kind of day, else from the series' mean.
    Holds 48 means. Does not know other periods than day and week.
    """

    __slots__ = ("_count", "_mean", "_means", "_seen")

    def __init__(self) -> None:
        self._means = [0.0] * (2 * _HOURS)
        self._seen = [0] * (2 * _HOURS)
        self._mean = 0.0
        self._count = 0

    def residual(self, value: float, hour: int, weekend: bool) -> float:
        """Return by how much a value is above what the hour is used to, and learn it."""
        own, other = (hour + _HOURS, hour) if weekend else (hour, hour + _HOURS)
        seen = self._seen[own]
        self._count += 1
        if seen:
            residual = value - self._means[own]
            self._means[own] += max(1.0 / (seen + 1), _GAIN) * residual
        elif self._seen[other]:
            residual = value - self._means[other]
            self._means[own] = self._means[other] + 0.5 * residual
        else:
            residual = value - self._mean if self._count > 1 else 0.0
            self._means[own] = value
        self._seen[own] = seen + 1
        self._mean += (value - self._mean) * max(1.0 / self._count, _DRIFT)
        return residual


class Season:
    """The size of the smoothed residual from the seasonal profile, in the unit of the value."""

    __slots__ = ("_smooth",)

    def __init__(self) -> None:
        self._smooth = 0.0

    def update(self, residual: float) -> float:
        """Return the statistic of the next record."""
        self._smooth += (residual - self._smooth) * _SMOOTHING
        return abs(self._smooth)
