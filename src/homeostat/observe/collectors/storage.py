"""The storage collector: throughput and latency of disks, and the space that is left."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import psutil

from homeostat.core.series import Attributes
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.proc_file import PROC, ProcFile, open_proc
from homeostat.observe.collectors.running_total import Beat, Increases, Level

SECTOR_BYTES = 512
"""The unit of /proc/diskstats, whatever the disk's own sectors are."""

GROWTH_SAMPLES = 60
"""Of one each 10 s: ten minutes."""

_READ: Attributes = (("direction", "read"),)
_WRITE: Attributes = (("direction", "write"),)
_VIRTUAL = ("loop", "ram", "zram", "dm-", "md", "sr", "fd")
_DISK = ("system.disk.io", "system.disk.latency")


class DiskTotals(NamedTuple):
    """Running totals of requests, bytes and time, over all disks of the machine."""

    reads: int
    read_bytes: int
    read_ms: int
    writes: int
    write_bytes: int
    write_ms: int


class StorageCollector:
    """Disks of the machine, the process' share, and the file system on which the store lies."""

    name = "storage"
    waits_for: Mapping[str, str] = MappingProxyType(
        {
            "system.disk.latency": "the first request to a disk",
            "system.filesystem.growth": "three minutes of samples",
        }
    )

    def __init__(self, path: Path, proc: Path = PROC, sys_block: Path = Path("/sys/block")) -> None:
        self._path = next(p for p in (path, *path.absolute().parents) if p.exists())
        self._filesystem: Attributes = (("path", str(self._path)),)
        self._reasons: dict[str, str] = {}
        self._process_io = open_proc(proc / "self/io", self._reasons, ("process.disk.io",))
        self._diskstats = open_proc(proc / "diskstats", {}, ())
        self._sys_block = sys_block
        self._fds = proc / "self/fd"
        self._process = psutil.Process()
        self._increases = Increases()
        self._used = Level(GROWTH_SAMPLES)
        self._space_beat = Beat(10)
        self._files_beat = Beat(5)

    def unavailable(self) -> Mapping[str, str]:
        """Return the reasons found so far."""
        return self._reasons

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the readings of one round."""
        if self._process_io is not None:
            fields = dict(line.split(b": ") for line in self._process_io.read().splitlines())
            yield from self._increase("process.disk.io", _READ, int(fields[b"read_bytes"]))
            yield from self._increase("process.disk.io", _WRITE, int(fields[b"write_bytes"]))
        totals = self._disk_totals()
        if totals is None:
            self._reasons.update(dict.fromkeys(_DISK, "the operating system names no disks"))
        else:
            yield from self._disks(totals)
        if self._files_beat.due(now_ns):
            yield Reading("process.open_files", self._open_files())
        if self._space_beat.due(now_ns):
            yield from self._space(now_ns)

    def _increase(self, metric: str, attributes: Attributes, total: float) -> Iterator[Reading]:
        increase = self._increases.of((metric, attributes), total)
        if increase is not None:
            yield Reading(metric, increase, attributes)

    def _disk_totals(self) -> DiskTotals | None:
        if self._diskstats is not None:
            return disk_totals(self._diskstats, self._sys_block)
        found = psutil.disk_io_counters(nowrap=False)
        if found is None:
            return None
        read_ms, write_ms = getattr(found, "read_time", 0), getattr(found, "write_time", 0)
        return DiskTotals(
            found.read_count, found.read_bytes, read_ms, found.write_count, found.write_bytes, write_ms
        )

    def _disks(self, totals: DiskTotals) -> Iterator[Reading]:
        for attributes, requests, moved_bytes, busy_ms in (
            (_READ, totals.reads, totals.read_bytes, totals.read_ms),
            (_WRITE, totals.writes, totals.write_bytes, totals.write_ms),
        ):
            yield from self._increase("system.disk.io", attributes, moved_bytes)
            done = self._increases.of(("requests", attributes), requests)
            took_ms = self._increases.of(("ms", attributes), busy_ms)
            if done and took_ms is not None:
                yield Reading("system.disk.latency", took_ms / done, attributes)

    def _open_files(self) -> int:
        if not self._fds.is_dir():
            return self._process.num_fds()
        with os.scandir(self._fds) as found:
            return sum(1 for _ in found) - 1  # one is this very look

    def _space(self, now_ns: int) -> Iterator[Reading]:
        space = shutil.disk_usage(self._path)
        self._used.add(now_ns, space.used)
        yield Reading("system.filesystem.free", space.free, self._filesystem)
        share = space.used / (space.used + space.free) if space.used + space.free else 0.0
        yield Reading("system.filesystem.utilization", share, self._filesystem)
        found = self._used.trend()
        if found.direction != "unknown":
            yield Reading("system.filesystem.growth", found.slope, self._filesystem)

    def close(self) -> None:
        """Close what is open."""
        for file in (self._process_io, self._diskstats):
            if file is not None:
                file.close()


def disk_totals(diskstats: ProcFile, sys_block: Path) -> DiskTotals | None:
    """Add up the whole disks of /proc/diskstats; partitions and disks made of disks would count twice."""
    sums = [0, 0, 0, 0, 0, 0]
    found = False
    for line in diskstats.read().splitlines():
        fields = line.split()
        name = fields[2].decode()
        if name.startswith(_VIRTUAL) or not (sys_block / name).exists():
            continue
        found = True
        for i, column in enumerate((3, 5, 6, 7, 9, 10)):
            sums[i] += int(fields[column])
    if not found:
        return None
    reads, read_sectors, read_ms, writes, write_sectors, write_ms = sums
    return DiskTotals(
        reads, read_sectors * SECTOR_BYTES, read_ms, writes, write_sectors * SECTOR_BYTES, write_ms
    )
