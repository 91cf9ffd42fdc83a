"""Moments and lengths of time in words."""

from datetime import UTC, datetime

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.judge.words.quantity import number


def moment_words(ns: float, origin: str = "epoch", step_ns: int = SECOND_NS) -> str:
    """Return a moment in words: of the epoch in UTC, else counted from the start, or a row's number.

    `step_ns` is how far apart moments are: what is finer is not told.

    >>> moment_words(0), moment_words(90 * SECOND_NS, "relative"), moment_words(1200 * SECOND_NS, "rows")
    ('1970-01-01 00:00', 'after 90 s', 'row 1,200')
    """
    if origin == "relative":
        return f"after {length_words(ns)}"
    if origin == "rows":
        return f"row {ns / SECOND_NS:,.0f}"
    when = datetime.fromtimestamp(ns / 1e9, UTC)
    if step_ns >= DAY_NS:
        return when.strftime("%Y-%m-%d")
    return when.strftime("%Y-%m-%d %H:%M:%S" if when.second and step_ns < MINUTE_NS else "%Y-%m-%d %H:%M")


def length_words(ns: float, origin: str = "epoch") -> str:
    """Return a length of time in words, in the largest unit that leaves at least two of it.

    >>> length_words(90 * SECOND_NS), length_words(9 * DAY_NS), length_words(5 * SECOND_NS, "rows")
    ('90 s', '9 days', '5 rows')
    """
    if origin == "rows":
        return f"{ns / SECOND_NS:,.0f} rows"
    for unit, name in ((365 * DAY_NS, "years"), (DAY_NS, "days"), (HOUR_NS, "h"), (MINUTE_NS, "min")):
        if ns >= 2 * unit:
            return f"{number(ns / unit, 2)} {name}"
    return f"{number(ns / SECOND_NS, 2)} s"
