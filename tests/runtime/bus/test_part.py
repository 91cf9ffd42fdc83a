"""Claims about a part that may be down: its fallback answers, and what that comes to is measured."""

import pytest

from homeostat.core.errors import HomeostatError, NotAvailable
from homeostat.runtime.bus.part import Part
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


class Prices:
    """A part, with what it was asked."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.asked = 0

    def of(self, what: str) -> str:
        self.asked += 1
        if self.away is not None:
            raise self.away
        return f"{what} today"


def test_a_part_that_is_down_is_answered_for_and_left_alone_until_it_is_back() -> None:
    clock = ManualClock()
    host, prices = BareHost(clock), Prices()
    part = Part(host, "prices", prices.of, lambda what: f"{what} yesterday")
    clock.advance(10.0)
    assert part("tea") == "tea today"
    prices.away = NotAvailable("away")
    assert [part("tea") for _ in range(10)] == ["tea yesterday"] * 10
    assert prices.asked < 6
    clock.advance(30.0)
    assert part("tea") == "tea yesterday"
    prices.away = None
    clock.advance(10.0)
    assert part("tea") == "tea today"
    assert host.snapshot("part.recovery", part="prices").maximum == pytest.approx(40_000, rel=0.01)
    assert host.snapshot("part.fallbacks", part="prices").mean == pytest.approx(11 / 13)
    assert host.snapshot("part.uptime", part="prices").last == pytest.approx(0.2)


def test_what_is_no_fault_of_the_part_passes_through_and_so_does_what_the_fallback_raises() -> None:
    prices = Prices()

    def nothing(what: str) -> str:
        raise HomeostatError(f"{what} was never asked for")

    part = Part(BareHost(), "prices", prices.of, nothing)
    prices.away = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        part("tea")
    prices.away = NotAvailable("away")
    with pytest.raises(HomeostatError, match="tea was never asked for"):
        part("tea")
