"""The thread collector: how long a thread that is due waits for the interpreter's lock."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.proc_file import PROC, ProcFile, open_proc
from homeostat.observe.collectors.running_total import Beat

PERIOD_S = 0.1
BASELINE_SAMPLES = 100
WAITS_MAX = 10_000
JOIN_MAX_S = 10.0


class ThreadCollector:
    """A thread that sleeps 100 ms at a time and measures by how much it wakes too late.

    From that lateness is taken what it waited for a core (its run-queue delay, where the kernel tells
    it) and the least lateness of the last ten seconds, which is the timer's own. What remains is the
    time it waited for the lock that other threads held.
    """

    name = "threads"
    waits_for: Mapping[str, str] = MappingProxyType({})

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._process = psutil.Process()
        self._waits: list[float] = []
        self._schedstat: ProcFile | None = None
        self._going = threading.Lock()  # held until the thread is to end
        self._going.acquire()
        self._beat = Beat(5)
        self._thread = threading.Thread(target=self._measure, name="homeostat-gil", daemon=True)
        self._thread.start()

    def unavailable(self) -> Mapping[str, str]:
        """Nothing is missing anywhere."""
        return {}

    def _measure(self) -> None:
        self._schedstat = open_proc(self._proc / "thread-self/schedstat", {}, ())
        baseline: deque[float] = deque(maxlen=BASELINE_SAMPLES)
        queued = _queued_s(self._schedstat)
        began = time.perf_counter()
        while not self._going.acquire(timeout=PERIOD_S):
            late = time.perf_counter() - began - PERIOD_S
            before, queued = queued, _queued_s(self._schedstat)
            late = max(late - (queued - before), 0.0)
            baseline.append(late)
            if len(self._waits) < WAITS_MAX:
                self._waits.append(late - min(baseline))
            began = time.perf_counter()

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the waits since the last round, and now and then the number of threads."""
        n = len(self._waits)
        waits = self._waits[:n]
        del self._waits[:n]
        for wait in waits:
            yield Reading("python.gil.wait", wait * 1e3)
        if self._beat.due(now_ns):
            yield Reading("process.threads", self._process.num_threads())

    def close(self) -> None:
        """End the thread, which takes no longer than it waits for the interpreter's lock."""
        if self._going.locked():
            self._going.release()
        self._thread.join(JOIN_MAX_S)
        if self._schedstat is not None and not self._thread.is_alive():
            self._schedstat.close()


def _queued_s(schedstat: ProcFile | None) -> float:
    """Return how long this thread has waited for a core since it began."""
    return int(schedstat.read().split()[1]) / 1e9 if schedstat is not None else 0.0
