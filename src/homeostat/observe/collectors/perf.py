"""The perf collector: what the processor itself counts, through perf_event_open(2)."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import NotAvailable
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.proc_file import PROC
from homeostat.observe.collectors.running_total import Increases

INSTRUCTIONS = 1
CACHE_REFERENCES = 2
CACHE_MISSES = 3
"""Values of `perf_hw_id`."""

THREADS_MAX = 32
"""Threads that are counted from the start on, with all that they start later."""

METRICS = ("process.cpu.instructions", "process.cpu.cache_hit_ratio")

_SYSCALLS = {"x86_64": 298, "aarch64": 241, "arm64": 241}
_ATTR_SIZE = 64  # PERF_ATTR_SIZE_VER0
_FORMAT_TIMES = 1 | 2  # total time enabled, total time running
_INHERIT, _EXCLUDE_KERNEL, _EXCLUDE_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
_CLOSE_ON_EXEC = 8


def open_event(event: int, thread: int) -> int:
    """Open a hardware counter of one thread and its future children, user space only; return the descriptor.

    Raises OSError as the kernel says it, NotAvailable where there is no such system call.
    """
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None:
        raise NotAvailable(
            f"perf events are a matter of Linux; this is {sys.platform} on {platform.machine()}"
        )
    flags = _INHERIT | _EXCLUDE_KERNEL | _EXCLUDE_HYPERVISOR
    attributes = struct.pack("=IIQQQQQIIQ", 0, _ATTR_SIZE, event, 0, 0, _FORMAT_TIMES, flags, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.syscall(
        ctypes.c_long(number),
        ctypes.create_string_buffer(attributes, _ATTR_SIZE),
        ctypes.c_int(thread),
        ctypes.c_int(-1),
        ctypes.c_int(-1),
        ctypes.c_ulong(_CLOSE_ON_EXEC),
    )
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor


def reason_of(error: OSError, proc: Path = PROC) -> str:
    """Say why the kernel gives no counters, and what would help."""
    if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV):
        return "the processor shows no hardware counters here, as in most virtual machines"
    if error.errno in (errno.EACCES, errno.EPERM):
        setting = proc / "sys/kernel/perf_event_paranoid"
        level = setting.read_text(encoding="ascii").strip() if setting.exists() else "unknown"
        return (
            f"not permitted: kernel.perf_event_paranoid is {level}; set it to 2 or lower, "
            "give the process CAP_PERFMON, or allow perf_event_open in the container's seccomp profile"
        )
    if error.errno == errno.ENOSYS:
        return "this kernel (or sandbox) has no perf_event_open"
    return f"perf_event_open failed: {error.strerror}"


class PerfCollector:
    """Instructions a second and the hit ratio of the last-level cache, of the whole process in user space.

    Counters that share the hardware with others are scaled up by the time they really ran.
    """

    name = "perf"
    waits_for: Mapping[str, str] = MappingProxyType(
        {"process.cpu.cache_hit_ratio": "the first reference to the cache between two rounds"}
    )

    def __init__(
        self,
        open_event: Callable[[int, int], int] = open_event,
        read: Callable[[int, int], bytes] = os.read,
        proc: Path = PROC,
    ) -> None:
        self._read = read
        self._reasons: dict[str, str] = {}
        self._open: dict[int, list[int]] = {}
        self._increases = Increases()
        self._last_ns: int | None = None
        try:
            for event in (INSTRUCTIONS, CACHE_REFERENCES, CACHE_MISSES):
                descriptors = self._open[event] = []
                for thread in _threads(proc):
                    descriptors.append(open_event(event, thread))  # noqa: PERF401 - what is open must be closed if the next fails
        except NotAvailable as error:
            self._give_up(str(error))
        except OSError as error:
            self._give_up(reason_of(error, proc))

    def _give_up(self, reason: str) -> None:
        self.close()
        self._reasons.update(dict.fromkeys(METRICS, reason))

    def unavailable(self) -> Mapping[str, str]:
        """Return the reason found when the collector was made."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        if not self._open:
            return
        elapsed_ns = now_ns - self._last_ns if self._last_ns is not None else 0
        self._last_ns = now_ns
        grown = {event: self._increase(event, descriptors) for event, descriptors in self._open.items()}
        instructions, references, misses = (grown[e] for e in (INSTRUCTIONS, CACHE_REFERENCES, CACHE_MISSES))
        if instructions is not None and elapsed_ns > 0:
            yield Reading("process.cpu.instructions", instructions * SECOND_NS / elapsed_ns)
        if references and misses is not None:
            yield Reading("process.cpu.cache_hit_ratio", max(1.0 - misses / references, 0.0))

    def _increase(self, event: int, descriptors: list[int]) -> float | None:
        total = 0.0
        for descriptor in descriptors:
            count, enabled, running = struct.unpack("=QQQ", self._read(descriptor, 24))
            total += count * enabled / running if running else 0.0
        return self._increases.of(event, total)

    def close(self) -> None:
        """Close the counters."""
        for descriptors in self._open.values():
            for descriptor in descriptors:
                os.close(descriptor)
        self._open.clear()


def _threads(proc: Path) -> list[int]:
    tasks = proc / "self/task"
    return sorted(int(task.name) for task in tasks.iterdir())[:THREADS_MAX] if tasks.is_dir() else [0]
