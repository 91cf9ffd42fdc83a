"""Times: a history cut at its longest silences, so that new messages move no older cut but the least."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

TIMES_MAX = 64
SILENCE_MIN_US = 6 * 3_600_000_000
"""Shorter silences end no time: who says good night at one is back at seven."""


@dataclass(frozen=True, slots=True)
class Times:
    """When each time begins, ascending; a moment belongs to the last one that began before it."""

    begins_us: NDArray[np.int64]

    def of(self, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the time of each moment."""
        return np.maximum(np.searchsorted(self.begins_us, at_us, side="right") - 1, 0)


def times(at_us: NDArray[np.int64]) -> Times:
    """Cut moments at their `TIMES_MAX` - 1 longest silences of at least `SILENCE_MIN_US`; O(n log n)."""
    if len(at_us) == 0:
        return Times(np.zeros(0, np.int64))
    moments = np.sort(at_us)
    silences = np.diff(moments)
    cuts = np.flatnonzero(silences >= SILENCE_MIN_US)
    if len(cuts) >= TIMES_MAX:
        longest = np.argsort(-silences[cuts], kind="stable")[: TIMES_MAX - 1]
        cuts = np.sort(cuts[longest])
    return Times(moments[np.concatenate([[0], cuts + 1])])


def dated(begin_us: int, end_us: int, offset_min: int = 0) -> str:
    """Name a time by its days.

    >>> dated(1_700_000_000_000_000, 1_700_000_000_000_000)
    '14 Nov 2023'
    >>> dated(1_700_000_000_000_000, 1_702_000_000_000_000)
    '14 Nov to 8 Dec 2023'
    """
    begin, end = _day(begin_us, offset_min), _day(end_us, offset_min)
    if begin is None or end is None:
        return "out of time"
    last = f"{end.day} {end:%b} {end.year}"
    if begin.date() == end.date():
        return last
    first = f"{begin.day} {begin:%b}" + (f" {begin.year}" if begin.year != end.year else "")
    return f"{first} to {last}"


def _day(at_us: int, offset_min: int) -> datetime | None:
    try:
        zone = timezone(timedelta(minutes=offset_min))
        return datetime.fromtimestamp(0, zone) + timedelta(microseconds=at_us)
    except (OverflowError, ValueError):
        return None
