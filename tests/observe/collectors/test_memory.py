import gc
from pathlib import Path

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.memory import (
    PAGE,
    MallocInfo,
    MemoryCollector,
    ResidentMemory,
    glibc_malloc_info,
)


def values(collector: MemoryCollector, now_ns: int) -> dict[str, float]:
    return {r.metric: r.value for r in collector.collect(now_ns)}


def no_malloc_info() -> None:
    return None


def fake_proc(root: Path, pages: int, peak_kib: int = 0) -> Path:
    (root / "self").mkdir(exist_ok=True)
    (root / "self/statm").write_text(f"9999 {pages} 7 1 0 2 0\n")
    if peak_kib:
        (root / "self/status").write_text(f"Name:\tx\nVmHWM:\t{peak_kib:8} kB\nVmRSS:\t 1 kB\n")
    return root


def test_touched_memory_shows_in_the_usage() -> None:
    collector = MemoryCollector()
    before = values(collector, 0)["process.memory.usage"]
    held = bytearray(b"x" * (32 << 20))
    after = values(collector, SECOND_NS)
    assert after["process.memory.usage"] - before >= 0.9 * len(held)
    assert after["process.memory.peak"] >= after["process.memory.usage"]
    collector.close()


def test_usage_and_peak_come_from_the_kernel(tmp_path: Path) -> None:
    found = values(MemoryCollector(fake_proc(tmp_path, 1_000, 8_000)), 0)
    assert found["process.memory.usage"] == 1_000 * PAGE
    assert found["process.memory.peak"] == 8_000 * 1024


def test_growth_is_the_slope_of_the_usage(tmp_path: Path) -> None:
    fake_proc(tmp_path, 1_000)
    collector = MemoryCollector(tmp_path)
    growths = []
    for second in range(41):
        fake_proc(tmp_path, 1_000 + second)
        growths.append(values(collector, second * SECOND_NS).get("process.memory.growth"))
    assert growths[40] == PAGE
    assert set(growths[:20]) == {None}


def test_without_proc_psutil_tells_the_usage(tmp_path: Path) -> None:
    assert ResidentMemory(tmp_path)() == pytest.approx(ResidentMemory()(), rel=0.2)
    assert values(MemoryCollector(tmp_path), 0)["process.memory.peak"] > 1 << 20


def test_blocks_that_are_kept_show_in_the_allocation_rate() -> None:
    collector = MemoryCollector()
    values(collector, 0)
    held = [object() for _ in range(50_000)]
    found = values(collector, 2 * SECOND_NS)
    assert found["python.memory.allocation_rate"] >= len(held) / 2 - 500
    assert found["python.memory.allocated_blocks"] >= len(held)
    collector.close()


def test_garbage_that_was_collected_meanwhile_counts_as_allocated() -> None:
    gc.collect()
    collector = MemoryCollector()
    values(collector, 0)
    for _ in range(3_000):
        cycle: list[object] = []
        cycle.append(cycle)
    del cycle
    gc.collect()
    assert values(collector, SECOND_NS)["python.memory.allocation_rate"] >= 2_500
    collector.close()


def test_fragmentation_is_the_free_share_of_the_arenas() -> None:
    collector = MemoryCollector(malloc=lambda: lambda: MallocInfo(arena=1_000, fordblks=250))
    assert values(collector, 0)["process.memory.fragmentation"] == 0.25
    collector.close()


def test_a_c_library_without_mallinfo2_is_named_as_the_reason() -> None:
    collector = MemoryCollector(malloc=no_malloc_info)
    assert "process.memory.fragmentation" not in values(collector, 0)
    assert "mallinfo2" in collector.unavailable()["process.memory.fragmentation"]
    collector.close()


@pytest.mark.skipif(glibc_malloc_info() is None, reason="no glibc of 2.33 or later")
def test_the_heap_of_this_process_is_partly_free_and_partly_used() -> None:
    malloc_info = glibc_malloc_info()
    assert malloc_info is not None
    info = malloc_info()
    assert 0 < info.fordblks < info.arena
    assert info.arena == info.fordblks + info.uordblks
