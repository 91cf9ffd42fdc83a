"""Resources that run short strain."""

import pytest

from homeostat.act.controller import Reading
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.loop.sight.mood import Mood


def felt(**levels: float) -> Mood:
    """A mood after half an hour in which gauges stood so."""
    mood = Mood(0)
    readings = {name.replace("_", ".", 2): Reading(value, None, 1) for name, value in levels.items()}
    for minute in range(1, 31):
        mood.feel(minute * MINUTE_NS, (), 1.0, None, (), readings)
    return mood


def test_a_resource_that_runs_short_strains() -> None:
    calm, short = felt(system_memory_utilization=0.5), felt(system_memory_utilization=0.97)
    assert calm.levels.cortisol == 0.0
    assert short.levels.cortisol > 0.6
    assert short.levels.modulation.exploration == 0.0


def test_a_slow_disk_strains_by_its_own_measure() -> None:
    assert felt(system_disk_latency=20.0).levels.cortisol == 0.0
    assert felt(system_disk_latency=90.0).levels.cortisol > 0.6


def test_strain_passes_with_the_shortage() -> None:
    mood = felt(system_memory_utilization=0.99)
    before = mood.levels.cortisol
    mood.feel(30 * MINUTE_NS + 1_200 * SECOND_NS, (), 1.0, None, (), {})
    assert mood.levels.cortisol == pytest.approx(before / 2, rel=0.05)


def test_a_busy_processor_alone_does_not_end_exploration() -> None:
    busy = felt(system_cpu_utilization=1.0)
    assert 0.3 < busy.levels.cortisol < 0.6
    assert busy.levels.modulation.exploration > 0.0
