"""The ranges of time that a page or an API call can ask for."""

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.judge.window import Window

DEFAULT = "15m"

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


def window_of(name: str, length_ns: int, now_ns: int) -> Window:
    """Return the window of this length that ends now, in whole buckets."""
    _, level_ns, _ = next(step for step in STEPS if step[0] >= length_ns)
    end_ns = -(-(now_ns + 1) // level_ns) * level_ns
    return Window(name, end_ns - length_ns, end_ns, level_ns, now_ns)


def words_of(window: Window) -> str:
    """Return how long a window is, in words."""
    length_ns = window.end_ns - window.start_ns
    return next((said for length, _, said in STEPS if length == length_ns), f"{window.seconds:.0f} s")
