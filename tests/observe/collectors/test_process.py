import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.catalogue import load_catalogue
from homeostat.observe.collectors.process import COUNTERS, GAUGES, ProcessCollector

SERVICE = ("service", "shop")

PROGRAM = textwrap.dedent("""
    import subprocess, sys, time
    if len(sys.argv) > 1:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    for line in sys.stdin:
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass
        print("done", flush=True)
    if len(sys.argv) > 1:
        child.communicate(b"\\n")
""")


class Child:
    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.work()

    def work(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child()
    yield made
    made.end()


def values(collector: ProcessCollector, now_ns: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for reading in collector.collect(now_ns):
        assert SERVICE in reading.attributes
        found[reading.metric] = found.get(reading.metric, 0.0) + reading.value
    return found


def test_it_gives_metrics_of_the_catalogue_only() -> None:
    assert set(GAUGES + COUNTERS) <= set(load_catalogue())


def test_another_process_is_measured_under_its_service(child: Child) -> None:
    collector = ProcessCollector(child.process.pid, "shop")
    first = values(collector, 0)
    child.work()
    second = values(collector, SECOND_NS)
    assert first["process.memory.usage"] > 1 << 20
    assert 0.08 <= second["process.cpu.usage"] <= 0.5
    assert set(second) | set(collector.unavailable()) == set(GAUGES + COUNTERS)


def test_children_are_added() -> None:
    parent = Child("with-a-child")
    collector = ProcessCollector(parent.process.pid, "shop")
    assert values(collector, 0)["process.threads"] == 2
    parent.end()


def test_a_process_that_has_ended_is_unavailable_and_gives_nothing(child: Child) -> None:
    collector = ProcessCollector(child.process.pid, "shop")
    values(collector, 0)
    child.end()
    assert values(collector, SECOND_NS) == {}
    assert collector.unavailable()["process.cpu.usage"] == f"process {child.process.pid}: it has ended"
    assert values(collector, 2 * SECOND_NS) == {}


def test_a_process_that_never_was_is_unavailable() -> None:
    collector = ProcessCollector(2**22 + 1, "shop")
    assert values(collector, 0) == {}
    assert "process.memory.usage" in collector.unavailable()


def test_this_process_can_be_seen_from_outside_too() -> None:
    found = values(ProcessCollector(os.getpid(), "shop"), 0)
    assert found["process.open_files"] >= 3
