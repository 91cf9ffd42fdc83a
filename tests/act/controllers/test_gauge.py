"""Gauges say how short a resource is."""

import pytest

from homeostat.act.controller import Reading
from homeostat.act.controllers.gauge import GAUGES, Gauge, Resource, shortages
from homeostat.core.errors import ConfigError

MEMORY, CPU, DISK = GAUGES


def reading(value: float) -> Reading:
    return Reading(value, None, 1)


def test_pressure_is_what_is_left_of_the_room_above_the_bound() -> None:
    assert MEMORY.pressure(0.925) == pytest.approx(0.5)
    assert CPU.pressure(0.2) == 0.0


def test_a_shortage_is_told_with_how_it_shows() -> None:
    found = shortages({MEMORY.metric: reading(0.9), CPU.metric: reading(0.5)})
    assert found == {Resource.MEMORY: "system.memory.utilization is 90%, above 85%"}


def test_a_disk_is_short_by_its_own_measure() -> None:
    assert shortages({DISK.metric: reading(29.0)}) == {}
    assert shortages({DISK.metric: reading(45.0)}) == {
        Resource.IO: "system.disk.latency is 45% of 100, above 30%"
    }


def test_what_is_not_measured_is_not_short() -> None:
    assert shortages({}) == {}
    assert shortages({MEMORY.metric: reading(float("nan"))}) == {}


def test_bounds_that_cross_are_refused() -> None:
    with pytest.raises(ConfigError, match="low < high < critical"):
        Gauge(Resource.CPU, "system.cpu.utilization", low=0.9)
