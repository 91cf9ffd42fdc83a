"""Claims about the pace of calls."""

import pytest

from homeostat.runtime.limits.pace import Pace
from homeostat.runtime.limits.refused import RateExceeded
from homeostat.testing.clock import ManualClock


def test_calls_go_out_no_faster_than_the_rate() -> None:
    clock = ManualClock()
    slept: list[float] = []
    pace = Pace(lambda: 4.0, clock.monotonic_ns, slept.append)
    for _ in range(3):
        pace.wait()
    assert slept == [0.25, 0.5]


def test_more_calls_than_go_out_in_a_minute_are_refused() -> None:
    pace = Pace(lambda: 0.01, ManualClock().monotonic_ns, lambda _: None)
    pace.wait()
    with pytest.raises(RateExceeded, match="raise the rate"):
        pace.wait()
