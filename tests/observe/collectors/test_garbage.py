import gc
import mmap
import random
from collections.abc import Callable, Iterator

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.garbage import PAUSES_MAX, GarbageCollector
from homeostat.observe.collectors.memory import ResidentMemory
from homeostat.stats.trend import trend

LEAK = "process.memory.leak_rate"


@pytest.fixture
def watch() -> Iterator[Callable[..., GarbageCollector]]:
    gc.collect()
    gc.freeze()  # what the other tests hold need not be walked again and again
    made: list[GarbageCollector] = []

    def make(resident: Callable[[], int] | None = None) -> GarbageCollector:
        made.append(GarbageCollector(resident))
        return made[-1]

    yield make
    gc.unfreeze()
    for collector in made:
        collector.close()


Watch = Callable[..., GarbageCollector]


def full_collections(
    collector: GarbageCollector, seconds: int, each: Callable[[int], object]
) -> list[Reading]:
    readings: list[Reading] = []
    for second in range(seconds):
        each(second)
        gc.collect()
        readings.extend(collector.collect(second * SECOND_NS))
    return readings


def told(readings: list[Reading], metric: str) -> list[float]:
    return [r.value for r in readings if r.metric == metric]


def test_a_collection_shows_with_its_generation_and_pause(watch: Watch) -> None:
    collector = watch()
    list(collector.collect(0))
    gc.collect()
    readings = list(collector.collect(SECOND_NS))
    full = (("generation", "2"),)
    assert [r.value for r in readings if r.metric == "cpython.gc.collections" and r.attributes == full] == [1]
    pauses = [r.value for r in readings if r.metric == "cpython.gc.pause" and r.attributes == full]
    assert len(pauses) == 1
    assert 0.01 < pauses[0] < 5_000


def test_freed_cycles_are_counted(watch: Watch) -> None:
    collector = watch()
    list(collector.collect(0))
    for _ in range(100):
        cycle: list[object] = []
        cycle.append(cycle)
    del cycle
    gc.collect()
    assert sum(told(list(collector.collect(SECOND_NS)), "cpython.gc.collected")) >= 100


def test_a_real_growing_list_is_a_leak_of_about_its_rate(watch: Watch) -> None:
    trend(range(60))  # what the first use of numpy keeps must not look like a step of the leak
    resident = ResidentMemory()
    collector = watch(resident)
    kept: list[mmap.mmap] = []

    def grow(_: int) -> None:
        fresh = mmap.mmap(-1, 300_000)  # pages of its own: the heap of a long test run has free ones to give
        fresh.write(b"x" * 300_000)
        kept.append(fresh)

    readings = full_collections(collector, 51, grow)
    rates = told(readings, LEAK)
    assert rates[-1] == pytest.approx(300_000, rel=0.2)
    assert told(readings, f"{LEAK}.low")[-1] > 0
    assert told(readings, f"{LEAK}.high")[-1] >= rates[-1]
    resident.close()


def test_real_work_without_a_leak_is_told_as_zero_with_an_interval_around_it(watch: Watch) -> None:
    collector = watch()
    held = [bytearray(b"x" * 300_000) for _ in range(10)]

    def work(second: int) -> None:
        held[second % 10] = bytearray(b"x" * 300_000)

    readings = full_collections(collector, 51, work)
    assert told(readings, LEAK)[-1] <= 20_000
    assert told(readings, f"{LEAK}.low")[-1] <= 20_000


def test_noise_without_growth_is_zero(watch: Watch) -> None:
    rng = random.Random(5)
    collector = watch(lambda: 10**8 + rng.randrange(10**6))
    readings = full_collections(collector, 61, lambda _: None)
    assert set(told(readings, LEAK)) == {0.0}
    assert told(readings, f"{LEAK}.low")[-1] < 0 < told(readings, f"{LEAK}.high")[-1]


def test_before_enough_full_collections_there_is_no_rate(watch: Watch) -> None:
    collector = watch(lambda: 1)
    readings = full_collections(collector, 5, lambda _: None)
    assert told(readings, LEAK) == []
    assert "20 full garbage collections" in collector.waits_for[LEAK]


def test_several_full_collections_in_a_round_give_their_smallest_memory(watch: Watch) -> None:
    left = iter([50, 30, 40])
    collector = watch(lambda: next(left))
    for _ in range(3):
        gc.collect()
    list(collector.collect(0))
    assert list(collector._level._samples) == [(0, 30)]


def test_pauses_between_two_rounds_are_bounded(watch: Watch) -> None:
    collector = watch(lambda: 1)
    for _ in range(PAUSES_MAX + 5):
        collector._on_phase("start", {"generation": 0, "collected": 0, "uncollectable": 0})
        collector._on_phase("stop", {"generation": 0, "collected": 0, "uncollectable": 0})
    assert len(told(list(collector.collect(0)), "cpython.gc.pause")) == PAUSES_MAX


def test_close_takes_the_hook_out() -> None:
    before = list(gc.callbacks)
    collector = GarbageCollector()
    assert len(gc.callbacks) == len(before) + 1
    collector.close()
    collector.close()
    assert gc.callbacks == before
