"""Memories move up when they are used on two occasions, or grow old."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace import tiers
from homeostat.companion.palace.columns import ROW
from homeostat.companion.palace.tiers import DAY_US, SILENCE_US, Tier

MINUTE_US = 60_000_000


def rows(*at_us: int) -> NDArray[np.void]:
    """Return memories that came at these moments."""
    found = np.zeros(len(at_us), ROW)
    found["at_us"] = found["used_us"] = at_us
    found["tier"] = Tier.SHORT
    return found


def test_working_are_those_of_the_talk_that_goes_on() -> None:
    at = np.array([0, MINUTE_US, MINUTE_US + 2 * SILENCE_US, 2 * MINUTE_US + 2 * SILENCE_US])
    now = int(at[-1]) + MINUTE_US
    assert tiers.working(at, now, 64) == 2
    assert tiers.working(at, now, 1) == 1
    assert tiers.working(at, now + SILENCE_US, 64) == 0
    assert tiers.working(at[:0], now, 64) == 0


def test_a_second_occasion_moves_a_memory_up_and_two_uses_in_a_row_are_one() -> None:
    held = rows(0, 0)
    place = np.array([1])
    assert tiers.used(held, place, 2 * SILENCE_US) == 0
    assert tiers.used(held, place, 2 * SILENCE_US + MINUTE_US) == 0
    assert tiers.used(held, place, 4 * SILENCE_US) == 1
    assert tiers.used(held, place, 6 * SILENCE_US) == 0
    assert held["tier"].tolist() == [Tier.SHORT, Tier.LONG]
    assert held["uses"].tolist() == [0, 4]


def test_what_is_old_moves_up_once() -> None:
    held = rows(0, 5 * DAY_US, 9 * DAY_US)
    assert tiers.aged(held, 10 * DAY_US, 4.5).tolist() == [0, 1]
    assert tiers.aged(held, 10 * DAY_US, 4.5).tolist() == []


def test_counts_stay_within_their_columns() -> None:
    held = rows(0)
    held["uses"], held["occasions"] = 65_535, 255
    tiers.used(held, np.array([0, 0]), 2 * SILENCE_US)
    assert (held["uses"][0], held["occasions"][0]) == (65_535, 255)


def test_a_use_in_the_past_does_not_make_a_memory_older() -> None:
    held = rows(5 * DAY_US)
    tiers.used(held, np.array([0]), DAY_US)
    assert held["used_us"][0] == 5 * DAY_US
