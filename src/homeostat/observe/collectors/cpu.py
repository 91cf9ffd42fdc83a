"""The CPU collector: processor time of the process and the machine, and waiting for it."""

import os
import resource
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import psutil

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.proc_file import PROC, open_proc
from homeostat.observe.collectors.running_total import Beat, Increases

THREADS_MAX = 1_000
"""Threads whose waiting is added up; further ones are left out."""

_IDLE = ("idle", "iowait")
_VOLUNTARY = (("type", "voluntary"),)
_INVOLUNTARY = (("type", "involuntary"),)


class CpuCollector:
    """Processor time, context switches and run-queue wait.

    The run-queue wait adds up /proc/self/task/*/schedstat each 5 s; what a thread waited between the
    last look and its end is not in it.
    """

    name = "cpu"
    waits_for: Mapping[str, str] = MappingProxyType(
        {"process.cpu.run_queue_wait": "its second look, 5 s after the first"}
    )

    def __init__(self, proc: Path = PROC) -> None:
        self._reasons: dict[str, str] = {}
        self._pressure = open_proc(proc / "pressure/cpu", self._reasons, ("system.cpu.pressure",))
        self._tasks = proc / "self/task"
        if not (proc / "self/schedstat").exists():
            self._reasons["process.cpu.run_queue_wait"] = f"{proc / 'self/schedstat'} is not there"
        self._increases = Increases()
        self._task_beat = Beat(5)
        self._waits: dict[str, int] | None = None
        self._last_ns: int | None = None

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found when the collector was made."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        elapsed_ns = now_ns - self._last_ns if self._last_ns is not None else 0
        self._last_ns = now_ns
        used = self._increases.of("process", time.process_time_ns())
        if used is not None and elapsed_ns > 0:
            yield Reading("process.cpu.usage", used / elapsed_ns)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        for total, kind in ((usage.ru_nvcsw, _VOLUNTARY), (usage.ru_nivcsw, _INVOLUNTARY)):
            switches = self._increases.of(kind, total)
            if switches is not None:
                yield Reading("process.context_switches", switches, kind)
        yield Reading("system.cpu.load_average.1m", os.getloadavg()[0])
        yield from self._cores()
        if self._pressure is not None:
            stalled_us = self._increases.of("pressure", _stalled_us(self._pressure.read()))
            if stalled_us is not None and elapsed_ns > 0:
                yield Reading("system.cpu.pressure", min(stalled_us * 1e3 / elapsed_ns, 1.0))
        if "process.cpu.run_queue_wait" not in self._reasons and self._task_beat.due(now_ns):
            yield from self._run_queue_wait()

    def _cores(self) -> Iterator[Reading]:
        for core, times in enumerate(psutil.cpu_times(percpu=True)):
            # guest time is part of user time already
            total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
            idle = sum(getattr(times, field, 0.0) for field in _IDLE)
            passed = self._increases.of(("total", core), total)
            rested = self._increases.of(("idle", core), idle)
            if passed and rested is not None:
                share = 1.0 - min(rested / passed, 1.0)
                yield Reading("system.cpu.utilization", share, (("cpu", str(core)),))

    def _run_queue_wait(self) -> Iterator[Reading]:
        waits: dict[str, int] = {}
        with os.scandir(self._tasks) as found:
            threads = [task.name for task in islice(found, THREADS_MAX)]
        for thread in threads:
            try:
                fields = (self._tasks / thread / "schedstat").read_bytes().split()
            except OSError:  # the thread has ended meanwhile
                continue
            waits[thread] = int(fields[1])
        before, self._waits = self._waits, waits
        if before is not None:
            waited_ns = sum(max(wait - before.get(thread, 0), 0) for thread, wait in waits.items())
            yield Reading("process.cpu.run_queue_wait", waited_ns / (SECOND_NS / 1e3))

    def close(self) -> None:
        """Close what is open."""
        if self._pressure is not None:
            self._pressure.close()


def _stalled_us(pressure: bytes) -> int:
    """Return the running total of the `some` line: microseconds in which at least one thread waited."""
    some = pressure.partition(b"\n")[0]
    return int(some.rpartition(b"total=")[2])
