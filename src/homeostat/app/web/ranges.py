"""The ranges of time that a page or an API call can ask for."""

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.judge.views.window import Window
from homeostat.judge.words.quantity import quantity

DEFAULT = "15m"

SHORTEST_NS = 10 * SECOND_NS
"""A window is at least this long, however young the store is."""

RANGES = {
    "15m": "15 min",
    "1h": "1 h",
    "6h": "6 h",
    "24h": "24 h",
    "7d": "7 days",
    "30d": "30 days",
}
"""What can be asked for, and how it is said."""

STEPS: tuple[tuple[int, int, str], ...] = (
    (3 * MINUTE_NS, SECOND_NS, "3 min"),
    (15 * MINUTE_NS, 10 * SECOND_NS, "15 min"),
    (HOUR_NS, 10 * SECOND_NS, "1 h"),
    (6 * HOUR_NS, MINUTE_NS, "6 h"),
    (DAY_NS, MINUTE_NS, "24 h"),
    (7 * DAY_NS, HOUR_NS, "7 days"),
    (30 * DAY_NS, HOUR_NS, "30 days"),
)
"""Lengths, the width of buckets that each is seen in, and the words: finest first."""


def length_of(name: str) -> int:
    """Return the length of a range in nanoseconds, or raise InputError naming those that exist."""
    if name not in RANGES:
        raise InputError(f"range {name!r} is not known; use one of {', '.join(RANGES)}")
    words = RANGES[name]
    return next(length for length, _, said in STEPS if said == words)


def level_of(length_ns: int) -> int:
    """Return the width of the buckets in which a stretch of this length is seen."""
    return next((level for length, level, _ in STEPS if length_ns <= length), HOUR_NS)


def window_of(name: str, first_ns: int, now_ns: int, since_ns: tuple[tuple[str, int], ...] = ()) -> Window:
    """Return the window from a first moment until now, in whole buckets, of a length that a range allows."""
    first_ns = min(first_ns, now_ns - SHORTEST_NS)
    level_ns = level_of(now_ns - first_ns)
    end_ns = -(-(now_ns + 1) // level_ns) * level_ns
    return Window(name, first_ns // level_ns * level_ns, end_ns, level_ns, now_ns, since_ns)


def words_of(window: Window) -> str:
    """Return how long a window is, in words.

    >>> words_of(window_of("15m", 0, 40 * SECOND_NS))
    '40 s'
    """
    length_ns = window.now_ns - window.start_ns
    for said_ns, level_ns, said in STEPS:
        if abs(length_ns - said_ns) <= 2 * level_ns:
            return said
    return quantity(round(length_ns / SECOND_NS), "s")
