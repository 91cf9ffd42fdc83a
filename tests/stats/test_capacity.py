"""A limit is reached when the forecast says so, and the interval holds the true time."""

import math

import numpy as np
import pytest

from homeostat.stats.capacity import TimeToLimit, time_to_limit
from homeostat.stats.forecast.path import Forecast
from homeostat.stats.forecast.selection import forecast
from homeostat.stats.growth import Growth, growth
from homeostat.stats.not_known import NotKnown

AHEAD = [1.0, 2.0, 3.0]


def known(found: TimeToLimit | NotKnown) -> TimeToLimit:
    assert isinstance(found, TimeToLimit), found
    return found


def test_a_limit_between_two_times_is_interpolated() -> None:
    found = known(time_to_limit(10.0, AHEAD, [11, 12, 13], [10.5, 11, 11.5], [12, 14, 16], 12.5))
    assert (found.earliest, found.expected, found.latest) == (1.25, 2.5, math.inf)
    assert found.verdict == "expected"


def test_a_limit_that_only_the_upper_end_reaches_is_possible() -> None:
    found = known(time_to_limit(10.0, AHEAD, [11, 12, 13], [10, 10, 10], [12, 14, 16], 15.0))
    assert found.verdict == "possible"
    assert (found.earliest, found.expected) == (2.5, math.inf)


def test_a_limit_beyond_the_interval_is_not_within_the_horizon() -> None:
    found = known(time_to_limit(10.0, AHEAD, [11, 12, 13], [10, 10, 10], [12, 14, 16], 20.0))
    assert found.verdict == "not within the horizon"


def test_a_limit_that_is_passed_is_reached() -> None:
    assert (
        known(time_to_limit(21.0, AHEAD, [11, 12, 13], [10, 10, 10], [12, 14, 16], 20.0)).verdict == "reached"
    )


def test_a_lower_limit_is_the_mirror_of_an_upper_one() -> None:
    up = known(time_to_limit(10.0, AHEAD, [11, 12, 13], [10.5, 11, 11.5], [12, 14, 16], 12.5))
    down = known(
        time_to_limit(
            -10.0, AHEAD, [-11, -12, -13], [-12, -14, -16], [-10.5, -11, -11.5], -12.5, bound="lower"
        )
    )
    assert (up.earliest, up.expected, up.latest) == (down.earliest, down.expected, down.latest)


def test_numbers_that_are_missing_are_not_known() -> None:
    assert isinstance(time_to_limit(math.nan, [1.0], [1.0], [1.0], [1.0], 5.0), NotKnown)


@pytest.mark.parametrize(("times", "said"), [([2.0, 1.0], "ascend"), ([1.0], "one forecast for each")])
def test_a_wrong_call_is_an_error(times: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        time_to_limit(0.0, times, [1.0, 2.0], [1.0, 2.0], [1.0, 2.0], 5.0)


def first_touches(paths: int, seed: int) -> list[bool]:
    """Tell for each random walk with drift whether its first touch lies in the interval."""
    rng = np.random.default_rng(seed)
    steps = 0.05 + rng.normal(0.0, 0.3, (paths, 400))
    held = []
    for walk in np.cumsum(steps, axis=1):
        f = forecast(walk[:300], 100)
        assert isinstance(f, Forecast)
        limit = walk[299] + 3.0
        found = known(time_to_limit(walk[299], np.arange(1, 101), f.point, f.low, f.high, limit))
        touched = np.flatnonzero(walk[300:] >= limit)
        when = float(touched[0] + 1) if touched.size else math.inf
        unseen = math.isinf(when) and math.isinf(found.latest)
        held.append(unseen or found.earliest - 1.0 <= when <= found.latest)
    return held


def test_the_first_touch_of_a_walk_lies_in_the_interval() -> None:
    assert np.mean(first_touches(60, 1)) >= 0.88


@pytest.mark.long
def test_the_first_touch_of_a_walk_lies_in_the_interval_in_nine_of_ten() -> None:
    assert np.mean(first_touches(600, 2)) >= 0.90


def test_a_disk_that_fills_steadily_is_full_on_the_day() -> None:
    rng = np.random.default_rng(4)
    used = 100.0 + 2.0 * np.arange(60) + rng.normal(0.0, 3.0, 60)
    g = growth(used)
    assert isinstance(g, Growth)
    ahead = np.arange(1.0, 61.0)
    p = g.project(59.0 + ahead)
    found = known(time_to_limit(float(used[-1]), ahead, p.point, p.low, p.high, 260.0))
    assert found.earliest <= 21.0 <= found.latest
    assert found.expected == pytest.approx(21.0, abs=2.0)
