"""Tiers: the memories of this talk, the recent ones, and those that stay; and when one moves up.

A memory is in the working tier while the talk that it belongs to goes on, then in the short-term tier. It
goes on to the long-term tier, and stays there, when it was used on two occasions that were apart (recalled
again after it had time to fade: what is rehearsed at intervals lasts), or when it has grown old unused:
then only its form becomes smaller, no word is lost.
"""

from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

SILENCE_US = 3_600_000_000
"""After an hour of silence a talk is over; uses that are as far apart are occasions of their own."""

OCCASIONS_MIN = 2
DAY_US = 86_400_000_000

_USES_MAX = 65_535
_OCCASIONS_MAX = 255


class Tier(IntEnum):
    """Where a memory is; rows hold SHORT or LONG, WORKING follows from the time."""

    WORKING = 0
    SHORT = 1
    LONG = 2


class Reason(StrEnum):
    """Why a memory moved to the long-term tier."""

    REHEARSED = "rehearsed"
    AGED = "aged"


def working(at_us: NDArray[np.int64], now_us: int, most: int) -> int:
    """Return how many of the last memories are of the talk that goes on now, up to `most`."""
    last = at_us[-most:]
    if len(last) == 0 or abs(now_us - int(last[-1])) > SILENCE_US:
        return 0
    silent = np.flatnonzero(np.abs(np.diff(last)) > SILENCE_US)
    return len(last) - (int(silent[-1]) + 1 if len(silent) else 0)


def used(rows: NDArray[np.void], places: NDArray[np.int64], now_us: int) -> int:
    """Count a use of memories; return how many of them moved up, being used on enough occasions."""
    places = np.unique(places)
    apart = now_us - rows["used_us"][places] > SILENCE_US
    rows["occasions"][places] = np.minimum(rows["occasions"][places], _OCCASIONS_MAX - 1) + apart
    rows["uses"][places] = np.minimum(rows["uses"][places], _USES_MAX - 1) + np.uint16(1)
    rows["used_us"][places] = np.maximum(rows["used_us"][places], now_us)
    up = (rows["occasions"][places] >= OCCASIONS_MIN) & (rows["tier"][places] == Tier.SHORT)
    rows["tier"][places[up]] = Tier.LONG
    return int(up.sum())


def aged(rows: NDArray[np.void], now_us: int, days: float) -> NDArray[np.int64]:
    """Move up what is older than so many days; return the places."""
    old = (rows["tier"] == Tier.SHORT) & (now_us - rows["at_us"] > days * DAY_US)
    places = np.flatnonzero(old)
    rows["tier"][places] = Tier.LONG
    return places
