"""Claims about the throughput: the inverse of dreams finished in the time in which anybody dreams."""

import pytest

from homeostat.companion.dream.throughput import Throughput
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.dreamers import LIFE, Dreamers


class Night:
    """A throughput whose time a test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.host = BareHost(self.clock)
        self.of = Throughput(self.host)

    def intervals(self) -> tuple[int, float]:
        """Return how many were recorded, and their mean in ms."""
        found = self.host.snapshot("companion.dream.interval")
        return found.count, found.mean


def test_time_in_which_nobody_dreams_does_not_count() -> None:
    night = Night()
    for _ in range(3):
        night.of.runs(1)
        night.clock.advance(0.2)
        night.of.whole()
        night.of.runs(0)
        night.clock.advance(60.0)
    count, mean_ms = night.intervals()
    assert count == 3
    assert mean_ms == pytest.approx(200.0)


def test_dreams_side_by_side_share_the_time() -> None:
    night = Night()
    night.of.runs(1)
    night.of.runs(2)
    night.clock.advance(4.0)
    night.of.whole()
    night.of.runs(1)
    night.of.whole()
    night.of.runs(0)
    count, mean_ms = night.intervals()
    assert count == 2
    assert mean_ms == pytest.approx(2_000.0)


def test_what_was_stopped_costs_its_time() -> None:
    night = Night()
    night.of.runs(1)
    night.clock.advance(3.0)
    night.of.runs(0)
    night.of.runs(1)
    night.clock.advance(1.0)
    night.of.whole()
    count, mean_ms = night.intervals()
    assert count == 1
    assert mean_ms == pytest.approx(4_000.0)


def test_a_whole_dream_is_recorded_and_a_refused_one_is_not(dreamers: Dreamers) -> None:
    dreamers.say("ann", LIFE)
    dreamers.dream("ann")
    assert dreamers.host.snapshot("companion.dream.interval").count == 0
    dreamers.wish("ann")
    dreamers.dream("ann")
    assert dreamers.host.snapshot("companion.dream.interval").count == 1
