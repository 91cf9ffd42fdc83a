"""The process collector: another process and its children, seen from outside."""

from collections.abc import Iterator, Mapping

import psutil

from homeostat.core.clock import SECOND_NS
from homeostat.core.series import Attributes
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.running_total import Beat, Increases

PROCESSES_MAX = 200
"""Processes that are added up; further children are left out."""

GAUGES = ("process.cpu.usage", "process.memory.usage", "process.threads", "process.open_files")
COUNTERS = ("process.context_switches", "process.disk.io")


class ProcessCollector:
    """What a program that is not instrumented uses, its children included, under the name of its service.

    Children are looked for each 5 s; what one used between the last look and its end is not in the sums.
    """

    def __init__(self, pid: int, service: str) -> None:
        self.name = f"process.{service}"
        self.waits_for: Mapping[str, str] = {}
        self._pid = pid
        self._service: Attributes = (("service", service),)
        self._reasons: dict[str, str] = {}
        self._increases = Increases()
        self._children_beat = Beat(5)
        self._last_ns: int | None = None
        self._processes: dict[int, psutil.Process] = {}
        try:
            self._root = psutil.Process(pid)
        except psutil.Error as error:
            self._give_up(str(error))

    def _give_up(self, why: str) -> None:
        self._processes.clear()
        self._increases = Increases()
        self._reasons.update(dict.fromkeys((*GAUGES, *COUNTERS), f"process {self._pid}: {why}"))

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found so far; all metrics have one once the process has ended."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round; none once the process has ended."""
        if GAUGES[0] in self._reasons:
            return
        elapsed_ns = now_ns - self._last_ns if self._last_ns is not None else 0
        self._last_ns = now_ns
        self._look_for_children(now_ns)
        sums: dict[tuple[str, Attributes], float] = {}
        for pid, process in list(self._processes.items()):
            try:
                with process.oneshot():
                    self._add(process, sums, elapsed_ns)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                del self._processes[pid]
        if self._pid not in self._processes:
            self._give_up("it has ended")
            return
        for (metric, attributes), value in sums.items():
            yield Reading(metric, value, (*attributes, *self._service))

    def _look_for_children(self, now_ns: int) -> None:
        if not self._children_beat.due(now_ns):
            return
        try:
            found = [self._root, *self._root.children(recursive=True)][:PROCESSES_MAX]
        except psutil.Error:
            return
        self._processes = {p.pid: self._processes.get(p.pid, p) for p in found}

    def _add(
        self, process: psutil.Process, sums: dict[tuple[str, Attributes], float], elapsed_ns: int
    ) -> None:
        def level(metric: str, value: float) -> None:
            sums[metric, ()] = sums.get((metric, ()), 0.0) + value

        def counter(metric: str, attributes: Attributes, total: float) -> None:
            increase = self._increases.of((process.pid, metric, attributes), total)
            if increase is not None:
                sums[metric, attributes] = sums.get((metric, attributes), 0.0) + increase

        times = process.cpu_times()
        used_s = self._increases.of((process.pid, "cpu"), times.user + times.system)
        if used_s is not None and elapsed_ns > 0:
            level("process.cpu.usage", used_s * SECOND_NS / elapsed_ns)
        level("process.memory.usage", process.memory_info().rss)
        level("process.threads", process.num_threads())
        switches = process.num_ctx_switches()
        counter("process.context_switches", (("type", "voluntary"),), switches.voluntary)
        counter("process.context_switches", (("type", "involuntary"),), switches.involuntary)
        try:
            level("process.open_files", process.num_fds())
            io = process.io_counters()
        except psutil.AccessDenied:
            self._reasons.update(
                dict.fromkeys(
                    ("process.disk.io", "process.open_files"), "the process belongs to another user"
                )
            )
        except AttributeError:  # not on every platform
            self._reasons["process.disk.io"] = (
                "this operating system does not tell the disk traffic of a process"
            )
        else:
            counter("process.disk.io", (("direction", "read"),), io.read_bytes)
            counter("process.disk.io", (("direction", "write"),), io.write_bytes)

    def close(self) -> None:
        """Nothing is held."""
