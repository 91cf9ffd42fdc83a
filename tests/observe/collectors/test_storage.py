import os
from pathlib import Path

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.storage import StorageCollector

READ, WRITE = (("direction", "read"),), (("direction", "write"),)


def told(readings: list[Reading], metric: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {r.attributes: r.value for r in readings if r.metric == metric}


class FakeMachine:
    """A machine with one disk of two partitions, a loop device, and this process' share."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.block = root / "block"
        (self.proc / "self/fd").mkdir(parents=True)
        for name in ("vda", "loop0", "dm-0"):
            (self.block / name).mkdir(parents=True)
        self.set(0, 0, 0, 0, 0, 0)

    def set(self, reads: int, read: int, read_ms: int, writes: int, written: int, write_ms: int) -> None:
        line = f"{reads} 0 {read} {read_ms} {writes} 0 {written} {write_ms} 0 9 9 0 0 0 0 0 0"
        names = ("vda", "vda1", "vda2", "loop0", "dm-0", "sdz")
        (self.proc / "diskstats").write_text("".join(f" 254 0 {name} {line}\n" for name in names))
        (self.proc / "self/io").write_text(
            "rchar: 9\nwchar: 9\nsyscr: 1\nsyscw: 1\n"
            f"read_bytes: {read * 512}\nwrite_bytes: {written * 512}\ncancelled_write_bytes: 0\n"
        )

    def collector(self, path: Path) -> StorageCollector:
        return StorageCollector(path, self.proc, self.block)


def test_whole_disks_are_counted_once_without_partitions_loops_and_disks_made_of_disks(
    tmp_path: Path,
) -> None:
    machine = FakeMachine(tmp_path)
    collector = machine.collector(tmp_path)
    list(collector.collect(0))
    machine.set(10, 80, 5, 4, 16, 20)
    readings = list(collector.collect(SECOND_NS))
    assert told(readings, "system.disk.io") == {READ: 80 * 512, WRITE: 16 * 512}
    assert told(readings, "process.disk.io") == {READ: 80 * 512, WRITE: 16 * 512}
    assert told(readings, "system.disk.latency") == {READ: 0.5, WRITE: 5.0}
    assert collector.unavailable() == {}
    collector.close()


def test_a_disk_without_requests_has_no_latency(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    collector = machine.collector(tmp_path)
    list(collector.collect(0))
    assert told(list(collector.collect(SECOND_NS)), "system.disk.latency") == {}
    assert "system.disk.latency" in collector.waits_for
    collector.close()


def test_a_machine_that_names_no_disk_says_so(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    collector = StorageCollector(tmp_path, machine.proc, tmp_path / "nothing")
    readings = list(collector.collect(0))
    assert told(readings, "system.disk.io") == {}
    assert "names no disks" in collector.unavailable()["system.disk.io"]
    collector.close()


def test_a_process_that_may_not_see_its_own_io_is_told_so(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    (machine.proc / "self/io").unlink()
    collector = machine.collector(tmp_path)
    assert told(list(collector.collect(0)), "process.disk.io") == {}
    assert "self/io cannot be read: No such file" in collector.unavailable()["process.disk.io"]
    collector.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_gives_the_errno_as_reason(tmp_path: Path) -> None:
    machine = FakeMachine(tmp_path)
    (machine.proc / "self/io").chmod(0)
    assert "Permission denied" in machine.collector(tmp_path).unavailable()["process.disk.io"]


def test_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    collector = StorageCollector(tmp_path / "not/made/yet.db")
    readings = list(collector.collect(0))
    [(attributes, free)] = told(readings, "system.filesystem.free").items()
    assert attributes == (("path", str(tmp_path)),)
    assert free == pytest.approx(os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize, rel=0.05)
    [share] = told(readings, "system.filesystem.utilization").values()
    assert 0 < share < 1
    collector.close()


def test_growth_waits_for_three_minutes_and_says_so(tmp_path: Path) -> None:
    collector = StorageCollector(tmp_path)
    seconds = range(0, 210, 10)
    readings = {s: list(collector.collect(s * SECOND_NS)) for s in seconds}
    told_at = [s for s in seconds if told(readings[s], "system.filesystem.growth")]
    assert told_at == [190, 200]
    assert collector.waits_for["system.filesystem.growth"] == "three minutes of samples"
    collector.close()


def test_open_files_are_those_of_this_process(tmp_path: Path) -> None:
    collector = StorageCollector(tmp_path)
    [before] = told(list(collector.collect(0)), "process.open_files").values()
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        [held] = told(list(collector.collect(5 * SECOND_NS)), "process.open_files").values()
    assert held == before + 2
    collector.close()


def test_bytes_that_this_process_writes_to_disk_are_counted(tmp_path: Path) -> None:
    collector = StorageCollector(tmp_path)
    if "process.disk.io" in collector.unavailable():
        pytest.skip(collector.unavailable()["process.disk.io"])
    list(collector.collect(0))
    with (tmp_path / "data").open("wb") as file:
        file.write(b"x" * 1_000_000)
        file.flush()
        os.fsync(file.fileno())
    assert told(list(collector.collect(SECOND_NS)), "process.disk.io").keys() == {READ, WRITE}
    collector.close()
