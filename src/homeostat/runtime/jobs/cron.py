"""The cron expression: five fields that say at which minutes a job runs, in a time zone that is stated.

Source: crontab(5) of Vixie cron: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday),
with `*`, lists, ranges, steps, and names of months and days. Where both days are restricted, either will do.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from homeostat.core.errors import ConfigError

_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True))  # noqa: SIM905
_DAYS = dict(zip("sun mon tue wed thu fri sat".split(), range(7), strict=True))  # noqa: SIM905
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_YEARS_MAX = 9
"""Within this many years the rarest date comes: 29 February, over a century that is no leap year."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule, in the local time of a zone.

    A time that is skipped because clocks go forward is at the moment of the change. A time that comes twice
    because they go back is the first of both, except where the hour is `*`: that runs through both.

    >>> Cron.parse("30 9 * * mon-fri", "Europe/Zurich").after(datetime(2026, 11, 20, 12, tzinfo=UTC))
    datetime.datetime(2026, 11, 23, 8, 30, tzinfo=datetime.timezone.utc)
    """

    text: str
    zone: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool
    any_hour: bool

    @classmethod
    def parse(cls, text: str, zone: str = "UTC") -> Self:
        """Read an expression. Raises ConfigError that says which field cannot be read, and why."""
        fields = _NICKNAMES.get(text.strip().lower(), text).split()
        if len(fields) != 5:
            raise ConfigError(
                f"a cron expression has five fields (minute hour day month weekday), or is one of "
                f"{', '.join(_NICKNAMES)}, not {text!r}"
            )
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(f"there is no time zone {zone!r}; give one such as 'Europe/Zurich'") from None
        minutes, hours, days, months, weekdays = (
            _values(field, *what) for field, what in zip(fields, _FIELDS, strict=True)
        )
        cron = cls(
            " ".join(fields),
            zone,
            tuple(sorted(minutes)),
            tuple(sorted(hours)),
            days,
            months,
            frozenset(day % 7 for day in weekdays),
            fields[2].startswith("*"),
            fields[4].startswith("*"),
            fields[1] == "*",
        )
        if cron._next_local(datetime(2024, 1, 1)) is None:
            raise ConfigError(f"cron expression {text!r} names a date that never comes")
        return cron

    def after(self, moment: datetime) -> datetime:
        """Return the first time after a moment, in UTC."""
        zone = ZoneInfo(self.zone)
        here = moment.astimezone(zone)
        at = self._first(here.replace(tzinfo=None, second=0, microsecond=0), moment, zone)
        if self.any_hour and _offset(at, zone) < _offset(moment, zone):
            change = _change(moment, at, zone)
            again = change.astimezone(zone).replace(tzinfo=None) - timedelta(minutes=1)
            at = min(at, self._first(again, moment, zone))
        return at

    def _first(self, local: datetime, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant after a moment, looking from a local time on."""
        while True:
            found = self._next_local(local)
            assert found is not None
            instants = _instants(found, zone)
            for at in instants if self.any_hour else instants[:1]:
                if at > moment:
                    return at
            local = found

    def _next_local(self, after: datetime) -> datetime | None:
        """Return the first local time after another one that the fields name."""
        day = after.date()
        last = day + timedelta(days=366 * _YEARS_MAX)
        first = True
        while day <= last:
            if self._on(day.month, day.day, day.isoweekday() % 7):
                for hour in self.hours:
                    for minute in self.minutes:
                        if not first or (hour, minute) > (after.hour, after.minute):
                            return datetime(day.year, day.month, day.day, hour, minute)
            first = False
            day += timedelta(days=1)
        return None

    def _on(self, month: int, day: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.any_day or self.any_weekday:
            return day in self.days and weekday in self.weekdays
        return day in self.days or weekday in self.weekdays


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _instants(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return when a local time is: once, twice where clocks go back, at the change where it is skipped."""
    folds = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if folds[0] == folds[1]:
        return (folds[0],)
    if folds[0] < folds[1]:
        return tuple(folds)
    return (_change(folds[1], folds[0], zone),)


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute after `low`, up to `high`, that has another offset than `low`."""
    begin = _offset(low, zone)
    minutes = range(int((high - low).total_seconds()) // 60 + 1)
    start = low.astimezone(UTC).replace(second=0, microsecond=0)
    first = bisect_left(minutes, True, key=lambda m: _offset(start + timedelta(minutes=m), zone) != begin)
    return start + timedelta(minutes=first)


def _values(field: str, what: str, low: int, high: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, field, what, names)
            last = _number(end, field, what, names) if dash else (high if step else first)
        every = _number(step, field, what, {}) if "/" in part else 1
        if not low <= first <= last <= high or every < 1:
            raise ConfigError(f"{what} {field!r} of a cron expression does not lie from {low} to {high}")
        found.update(range(first, last + 1, every))
    return frozenset(found)


def _number(text: str, field: str, what: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"{what} {field!r} of a cron expression cannot be read at {text!r}")
    return int(text)
