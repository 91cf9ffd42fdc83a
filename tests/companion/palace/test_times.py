"""A history is cut at its longest silences."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.palace.times import SILENCE_MIN_US, TIMES_MAX, dated, times

HOUR = 3_600_000_000


def test_days_are_times_and_a_pause_for_lunch_is_none() -> None:
    at = np.array([9, 10, 13, 33, 34, 57]) * HOUR
    assert times(at).begins_us.tolist() == [9 * HOUR, 33 * HOUR, 57 * HOUR]
    assert times(at).of(at).tolist() == [0, 0, 0, 1, 1, 2]


@given(st.lists(st.integers(0, 10**14), max_size=300))
def test_there_are_never_more_than_the_bound_and_every_moment_has_one(moments: list[int]) -> None:
    at = np.array(moments, np.int64)
    cut = times(at)
    assert len(cut.begins_us) <= TIMES_MAX
    if len(at):
        of = cut.of(at)
        assert (cut.begins_us[of] <= at).all()
        assert len(set(of.tolist())) == len(cut.begins_us)


def test_of_many_silences_the_longest_are_kept() -> None:
    at = np.cumsum(np.concatenate([[0], SILENCE_MIN_US + np.arange(3 * TIMES_MAX) * HOUR]))
    assert times(at).begins_us.tolist()[1:] == at[-(TIMES_MAX - 1) :].tolist()


def test_the_day_is_the_persons() -> None:
    assert dated(23 * HOUR, 23 * HOUR, offset_min=120) == "2 Jan 1970"
    assert dated(10**18, 10**18) == "out of time"
