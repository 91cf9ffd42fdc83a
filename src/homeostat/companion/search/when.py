"""When: the times that a question speaks of, and whether a text speaks of any.

English: `yesterday`, `last May`, `two weeks ago`, `on Monday`, `in 2022`, `3 July 2023`, `2023-07-03`. What
is understood is looked for; what is not changes nothing.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

MINUTE_US = 60_000_000
_EPOCH = datetime(1970, 1, 1)

Span = tuple[int, int]
"""From a moment to one after it, in microseconds since the epoch, UTC."""

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
_NUMBERS: dict[str, int] = {
    "a": 1,
    "an": 1,
    "one": 1,
    "a couple of": 2,
    "two": 2,
    "a few": 3,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}

_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_NUMBER = rf"(?P<number>\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_SEASON = f"(?P<season>{'|'.join(_SEASONS)})"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_PAST = "(?:last|past|previous)"

Found = Callable[[dict[str, str], date], tuple[date, date]]


def spans(text: str, now_us: int, offset_min: int = 0) -> list[Span]:
    """Return the times that a text speaks of, as they stand to a moment and a clock that is ahead of UTC.

    >>> june = 1_687_867_200_000_000  # 2023-06-27 12:00 UTC, a Tuesday
    >>> [(begin - june) // 3_600_000_000 for begin, end in spans("what did we eat yesterday?", june)]
    [-36]
    """
    try:
        today = (_EPOCH + timedelta(microseconds=now_us, minutes=offset_min)).date()
    except OverflowError:
        return []
    found: list[Span] = []
    rest = text.casefold()
    if _MAY_NAME.isdisjoint(_WORD.findall(rest)) and _DIGIT.search(rest) is None:
        return []
    for pattern, dates in _EXPRESSIONS:
        for match in pattern.finditer(rest):
            try:
                begin, end = dates(match.groupdict(), today)
            except (ValueError, OverflowError):  # 31 June, 9999 years ago
                continue
            found.append((_us(begin, offset_min), _us(end, offset_min)))
        rest = pattern.sub(" ", rest)
    return found


def asks_when(question: str) -> bool:
    """Tell whether a question asks for a time.

    >>> asks_when("When did she leave?"), asks_when("Where to?")
    (True, False)
    """
    return _ASKS.match(question) is not None


def speaks_of_time(text: str) -> bool:
    """Tell whether a text says when something was, or how long ago.

    >>> speaks_of_time("I saw him last week"), speaks_of_time("I see him")
    (True, False)
    """
    low = text.lower()
    words = low.translate(_BETWEEN).split() if low.isascii() else _WORD.findall(low)
    return not _SPEAKING.isdisjoint(words)


_ASKS = re.compile(
    r"\W*(?:when|since when|how long|(?:what|which) (?:date|day|month|year|time))\b", re.IGNORECASE
)
_SPEAKING = frozenset(
    (
        *("yesterday", "today", "tonight", "tomorrow", "ago", "since", "recently", "just"),
        *("week", "weeks", "weekend", "month", "months", "year", "years"),
        *(f"{day}{end}" for day in _DAYS for end in ("", "s")),
        *(month for month in _MONTHS if month not in ("may", "march")),
    )
)
_MAY_NAME = _SPEAKING | frozenset((*_MONTHS, *_SEASONS, "day", "days", "night", "morning"))
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_BETWEEN = {code: " " for code in range(128) if not chr(code).isalnum()}
"""What stands between words in ASCII: to split there takes a third of the time of `_WORD`."""


def _us(day: date, offset_min: int) -> int:
    return (day - _EPOCH.date()) // timedelta(days=1) * 1_440 * MINUTE_US - offset_min * MINUTE_US


def _month_after(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _days(begin: date, count: int) -> tuple[date, date]:
    return begin, begin + timedelta(days=count)


def _months(begin: date, count: int) -> tuple[date, date]:
    return begin, _month_after(begin, count)


def _latest(month: int, months: int, today: date, past: bool) -> date:
    """Return when the months that begin with that one last began; those that are not over are not past."""
    begin = date(today.year - (month > today.month), month, 1)
    over = today >= _month_after(begin, months)
    return begin if over or not past else begin.replace(year=begin.year - 1)


def _iso(found: dict[str, str], today: date) -> tuple[date, date]:
    return _days(date.fromisoformat(found["iso"]), 1)


def _day_of_month(found: dict[str, str], today: date) -> tuple[date, date]:
    month = _MONTHS.index(found["month"]) + 1
    day = date(int(found["year"]) if found["year"] else today.year, month, int(found["day"]))
    if not found["year"] and day > today:
        day = day.replace(year=day.year - 1)
    return _days(day, 1)


def _month(found: dict[str, str], today: date) -> tuple[date, date]:
    month = _MONTHS.index(found["month"]) + 1
    if found.get("year"):
        return _months(date(int(found["year"]), month, 1), 1)
    return _months(_latest(month, 1, today, bool(found["past"])), 1)


def _season(found: dict[str, str], today: date) -> tuple[date, date]:
    month = _SEASONS[found["season"]]
    if found.get("year"):
        return _months(date(int(found["year"]), month, 1), 3)
    return _months(_latest(month, 3, today, bool(found["past"])), 3)


def _year(found: dict[str, str], today: date) -> tuple[date, date]:
    return _months(date(int(found["year"]), 1, 1), 12)


def _last(found: dict[str, str], today: date) -> tuple[date, date]:
    unit = found["unit"]
    if unit == "week":
        return _days(today - timedelta(days=today.weekday() + 7), 7)
    if unit == "weekend":
        return _days(today - timedelta(days=(today.weekday() - 5) % 7 or 7), 2)
    if unit == "month":
        return _months(_month_after(today, -1), 1)
    return _months(date(today.year - 1, 1, 1), 12)


def _this(found: dict[str, str], today: date) -> tuple[date, date]:
    unit = found["unit"]
    if unit.startswith("week"):
        return _days(today - timedelta(days=today.weekday()), 7)
    return _months(today.replace(day=1), 1) if unit == "month" else _months(date(today.year, 1, 1), 12)


def _ago(found: dict[str, str], today: date) -> tuple[date, date]:
    word = found["number"]
    number, unit = int(word) if word.isdecimal() else _NUMBERS[word], found["unit"]
    if unit == "day":
        return _days(today - timedelta(days=number), 1)
    if unit == "week":
        return _days(today - timedelta(days=7 * number + 3), 7)
    if unit == "month":
        return _months(_month_after(today, -number), 1)
    return _months(date(today.year - number, 1, 1), 12)


def _near(found: dict[str, str], today: date) -> tuple[date, date]:
    word = found["near"]
    back = {"today": 0, "tonight": 0, "this morning": 0, "yesterday": 1, "last night": 1}.get(word, 2)
    return _days(today - timedelta(days=back), 1)


def _weekday(found: dict[str, str], today: date) -> tuple[date, date]:
    back = (today.weekday() - _DAYS.index(found["weekday"])) % 7
    return _days(today - timedelta(days=back or 7), 1)


_EXPRESSIONS: tuple[tuple[re.Pattern[str], Found], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), dates)
    for pattern, dates in (
        (r"(?P<iso>\d{4}-\d\d-\d\d)", _iso),
        (rf"{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?", _day_of_month),
        (rf"{_MONTH} {_DAY}(?:,? {_YEAR})?", _day_of_month),
        (rf"{_MONTH},? (?:of )?{_YEAR}", _month),
        (rf"(?:(?P<past>{_PAST})|in|during|since|of|this|early|late|mid) {_MONTH}", _month),
        (rf"(?:{_PAST} |this |in |the |during )*{_SEASON}(?: of)? {_YEAR}", _season),
        (rf"(?:(?P<past>{_PAST})|this|in the|over the|during the) {_SEASON}", _season),
        (rf"(?:in|during|since|of|year) {_YEAR}", _year),
        (r"(?P<near>the day before yesterday|yesterday|last night|today|tonight|this morning)", _near),
        (rf"{_NUMBER} (?P<unit>day|week|month|year)s? ago", _ago),
        (rf"{_PAST} (?P<unit>weekend|week|month|year)", _last),
        (r"this (?P<unit>weekend|week|month|year)", _this),
        (rf"(?:{_PAST}|on|this) (?P<weekday>{'|'.join(_DAYS)})", _weekday),
    )
)
