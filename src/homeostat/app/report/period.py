"""The period: a stretch of a store's time, as a person names it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.judge.words.moment_words import length_words, moment_words

UNITS_NS = {"s": SECOND_NS, "m": MINUTE_NS, "min": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS, "w": 7 * DAY_NS}
RELEASE = "release:"
RELEASE_ATTRIBUTES = ("release", "service.version", "version")
"""Attributes of series that name a release."""

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)(?:\s+ago)?")


@dataclass(frozen=True, slots=True)
class Period:
    """`[start_ns, end_ns)`; with a `release`, only series of that release."""

    start_ns: int
    end_ns: int
    release: str = ""

    @property
    def words(self) -> str:
        """Name it."""
        if self.release:
            return f"release {self.release}"
        length = length_words(self.end_ns - self.start_ns)
        return f"{moment_words(self.start_ns)} to {moment_words(self.end_ns)} UTC ({length})"

    def before(self) -> "Period":
        """Return the stretch of the same length before this one."""
        return Period(2 * self.start_ns - self.end_ns, self.start_ns)


def length_of(text: str) -> int:
    """Return a length of time in nanoseconds, or raise InputError.

    >>> length_of("90s") == 90 * SECOND_NS, length_of("2h") == 2 * HOUR_NS
    (True, True)
    """
    match = _AGE.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise InputError(f"a length of time such as 30m, 24h or 7d is needed, not {text!r}")
    return int(float(match[1]) * UNITS_NS[match[2]])


def moment_of(text: str, now_ns: int) -> int:
    """Return a moment: `now`, an age such as `2h`, or a time in ISO 8601 (UTC unless it says otherwise)."""
    text = text.strip()
    if text == "now":
        return now_ns
    if _AGE.fullmatch(text):
        return now_ns - length_of(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"a moment is `now`, an age such as 2h, or a time such as 2026-01-31T12:00, not {text!r}"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e9)


def period_of(text: str, now_ns: int) -> Period:
    """Return the period that a text names: `24h` (until now), `2d..1d`, two times, or `release:NAME`.

    >>> period_of("2h..1h", 10 * HOUR_NS) == Period(8 * HOUR_NS, 9 * HOUR_NS)
    True
    """
    if text.startswith(RELEASE):
        return Period(now_ns - 30 * DAY_NS, now_ns, text.removeprefix(RELEASE))
    first, dots, last = text.partition("..")
    if not dots:
        return Period(now_ns - length_of(text), now_ns)
    found = Period(moment_of(first, now_ns), moment_of(last or "now", now_ns))
    if found.end_ns <= found.start_ns:
        raise InputError(f"the period {text!r} ends before it begins; the earlier moment comes first")
    return found
