"""The memory collector: what the process holds, how it grows, and what the allocators say."""

import ctypes
import gc
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.proc_file import PROC, ProcFile, open_proc
from homeostat.observe.collectors.running_total import Beat, Increases, Level
from homeostat.stats.trend import SAMPLES_MIN

GROWTH_SAMPLES = 120

PAGE = os.sysconf("SC_PAGE_SIZE")


class MallocInfo(ctypes.Structure):
    """glibc's `struct mallinfo2`: `arena` bytes were taken from the system, `fordblks` of them are free."""

    _fields_ = [
        (field, ctypes.c_size_t)
        for field in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def glibc_malloc_info() -> Callable[[], MallocInfo] | None:
    """Return glibc's `mallinfo2` (2.33 and later), or None where the C library has none."""
    try:
        function = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):
        return None
    function.restype = MallocInfo
    return lambda: function()


class ResidentMemory:
    """Reads the resident set size in bytes: from /proc/self/statm in 3 us, elsewhere through psutil."""

    def __init__(self, proc: Path = PROC) -> None:
        self._statm: ProcFile | None = open_proc(proc / "self/statm", {}, ())
        self._process = psutil.Process() if self._statm is None else None

    def __call__(self) -> int:
        """Return the bytes in RAM now."""
        if self._statm is not None:
            return int(self._statm.read().split(maxsplit=2)[1]) * PAGE
        assert self._process is not None
        return int(self._process.memory_info().rss)

    def close(self) -> None:
        """Close the file."""
        if self._statm is not None:
            self._statm.close()


class MemoryCollector:
    """Resident memory, its peak and growth, the C heap's fragmentation, and the interpreter's blocks.

    The allocation rate is the net growth in blocks (`sys.getallocatedblocks`) plus the objects that the
    garbage collector freed meanwhile: blocks that reference counting freed within the round are missed.
    """

    name = "memory"
    waits_for: Mapping[str, str] = MappingProxyType({"process.memory.growth": f"{SAMPLES_MIN} rounds"})

    def __init__(
        self, proc: Path = PROC, malloc: Callable[[], Callable[[], MallocInfo] | None] = glibc_malloc_info
    ) -> None:
        self._reasons: dict[str, str] = {}
        self._resident = ResidentMemory(proc)
        self._status = open_proc(proc / "self/status", {}, ())
        self._malloc_info = malloc()
        if self._malloc_info is None:
            self._reasons["process.memory.fragmentation"] = "the C library has no mallinfo2 (glibc 2.33 has)"
        self._growth = Level(GROWTH_SAMPLES)
        self._slow_beat = Beat(10)
        self._increases = Increases()
        self._blocks: tuple[int, int] | None = None

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found when the collector was made."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        resident = self._resident()
        self._growth.add(now_ns, resident)
        yield Reading("process.memory.usage", resident)
        yield Reading("process.memory.peak", max(self._peak(), resident))
        memory = psutil.virtual_memory()
        yield Reading("system.memory.utilization", 1.0 - memory.available / memory.total)
        yield from self._allocation(now_ns)
        if self._slow_beat.due(now_ns):
            found = self._growth.trend()
            if found.direction != "unknown":
                yield Reading("process.memory.growth", found.slope)
            if self._malloc_info is not None:
                info = self._malloc_info()
                if info.arena:
                    yield Reading("process.memory.fragmentation", info.fordblks / info.arena)

    def _peak(self) -> int:
        """VmHWM where there is one: what getrusage tells on Linux includes what ran before an exec."""
        if self._status is not None:
            _, found, rest = self._status.read().partition(b"VmHWM:")
            if found:
                return int(rest.split(maxsplit=1)[0]) * 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024

    def _allocation(self, now_ns: int) -> Iterator[Reading]:
        blocks = sys.getallocatedblocks()
        freed = self._increases.of("collected", sum(g["collected"] for g in gc.get_stats()))
        yield Reading("python.memory.allocated_blocks", blocks)
        before, self._blocks = self._blocks, (now_ns, blocks)
        if before is not None and freed is not None and now_ns > before[0]:
            seconds = (now_ns - before[0]) / SECOND_NS
            yield Reading("python.memory.allocation_rate", (blocks - before[1] + freed) / seconds)

    def close(self) -> None:
        """Close what is open."""
        self._resident.close()
        if self._status is not None:
            self._status.close()
