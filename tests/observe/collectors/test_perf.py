import errno
import os
import struct
from pathlib import Path

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.perf import (
    CACHE_MISSES,
    CACHE_REFERENCES,
    INSTRUCTIONS,
    METRICS,
    PerfCollector,
    open_event,
)


class FakeCounters:
    """Hardware counters of a processor that runs each of them half of the time."""

    def __init__(self) -> None:
        self.events: dict[int, int] = {}
        self.counts = {INSTRUCTIONS: 0, CACHE_REFERENCES: 0, CACHE_MISSES: 0}

    def open(self, event: int, thread: int) -> int:
        descriptor = os.open(os.devnull, os.O_RDONLY)
        self.events[descriptor] = event
        return descriptor

    def read(self, descriptor: int, size: int) -> bytes:
        return struct.pack("=QQQ", self.counts[self.events[descriptor]], 200, 100)


def one_thread(root: Path) -> Path:
    (root / "self/task/1").mkdir(parents=True)
    return root


def test_counts_become_rates_and_ratios_scaled_by_the_time_they_ran(tmp_path: Path) -> None:
    counters = FakeCounters()
    collector = PerfCollector(counters.open, counters.read, one_thread(tmp_path))
    assert list(collector.collect(0)) == []
    counters.counts = {INSTRUCTIONS: 1_000_000, CACHE_REFERENCES: 1_000, CACHE_MISSES: 100}
    values = {r.metric: r.value for r in collector.collect(SECOND_NS)}
    assert values["process.cpu.instructions"] == pytest.approx(2_000_000)
    assert values["process.cpu.cache_hit_ratio"] == pytest.approx(0.9)
    assert collector.unavailable() == {}
    collector.close()


def test_no_references_give_no_hit_ratio(tmp_path: Path) -> None:
    counters = FakeCounters()
    collector = PerfCollector(counters.open, counters.read, one_thread(tmp_path))
    list(collector.collect(0))
    assert {r.metric for r in collector.collect(SECOND_NS)} == {"process.cpu.instructions"}
    collector.close()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOENT, "virtual machines"),
        (errno.EACCES, "kernel.perf_event_paranoid is 3; set it to 2 or lower"),
        (errno.ENOSYS, "no perf_event_open"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_each_refusal_of_the_kernel_gives_its_reason_and_remedy(
    tmp_path: Path, code: int, reason: str
) -> None:
    setting = one_thread(tmp_path) / "sys/kernel/perf_event_paranoid"
    setting.parent.mkdir(parents=True)
    setting.write_text("3\n")

    def refuse(event: int, thread: int) -> int:
        raise OSError(code, os.strerror(code))

    collector = PerfCollector(refuse, proc=tmp_path)
    assert set(collector.unavailable()) == set(METRICS)
    assert reason in collector.unavailable()["process.cpu.instructions"]
    assert list(collector.collect(0)) == []


def test_counters_opened_before_a_refusal_are_closed_again(tmp_path: Path) -> None:
    counters = FakeCounters()

    def refuse_the_second(event: int, thread: int) -> int:
        if counters.events:
            raise OSError(errno.EMFILE, "too many")
        return counters.open(event, thread)

    PerfCollector(refuse_the_second, counters.read, one_thread(tmp_path))
    [descriptor] = counters.events
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_on_this_machine_it_counts_or_says_why_not() -> None:
    collector = PerfCollector(open_event)
    list(collector.collect(0))
    sum(i * i for i in range(100_000))
    metrics = {r.metric for r in collector.collect(SECOND_NS)}
    assert metrics | set(collector.unavailable()) == set(METRICS)
    collector.close()
