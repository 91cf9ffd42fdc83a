import threading
import time
from pathlib import Path

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.cpu import CpuCollector


def by_metric(readings: list[Reading], metric: str) -> list[float]:
    return [r.value for r in readings if r.metric == metric]


def spin(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def fake_proc(root: Path, stalled_us: int, waits_ns: dict[str, int]) -> Path:
    (root / "pressure").mkdir(parents=True, exist_ok=True)
    (root / "pressure/cpu").write_text(f"some avg10=0.00 total={stalled_us}\nfull avg10=0.00 total=7\n")
    for thread, wait in waits_ns.items():
        (root / "self/task" / thread).mkdir(parents=True, exist_ok=True)
        (root / "self/task" / thread / "schedstat").write_text(f"123 {wait} 9\n")
    (root / "self/schedstat").write_text("0 0 0\n")
    return root


def test_usage_counts_the_processor_time_of_all_threads_in_cores() -> None:
    collector = CpuCollector()
    list(collector.collect(0))
    before = time.process_time()
    other = threading.Thread(target=spin, args=(0.05,))
    other.start()
    spin(0.05)
    other.join()
    readings = list(collector.collect(SECOND_NS))
    used = time.process_time() - before
    [usage] = by_metric(readings, "process.cpu.usage")
    assert 0.1 <= usage <= used + 0.05
    collector.close()


def test_the_first_round_gives_no_rate() -> None:
    collector = CpuCollector()
    assert {r.metric for r in collector.collect(0)} == {"system.cpu.load_average.1m"}
    collector.close()


def test_context_switches_are_counted_by_type() -> None:
    collector = CpuCollector()
    list(collector.collect(0))
    pause = threading.Event()
    for _ in range(50):
        pause.wait(0.001)
    switches = {r.attributes: r.value for r in collector.collect(1) if r.metric == "process.context_switches"}
    assert switches[(("type", "voluntary"),)] >= 5
    assert (("type", "involuntary"),) in switches
    collector.close()


def test_each_core_has_a_share_between_0_and_1() -> None:
    collector = CpuCollector()
    list(collector.collect(0))
    spin(0.05)
    shares = by_metric(list(collector.collect(SECOND_NS)), "system.cpu.utilization")
    assert shares
    assert all(0.0 <= share <= 1.0 for share in shares)
    collector.close()


def test_pressure_is_the_stalled_share_of_time(tmp_path: Path) -> None:
    collector = CpuCollector(fake_proc(tmp_path, 1_000_000, {"11": 0}))
    list(collector.collect(0))
    fake_proc(tmp_path, 1_250_000, {})
    assert by_metric(list(collector.collect(SECOND_NS)), "system.cpu.pressure") == [0.25]
    collector.close()


def test_run_queue_wait_adds_up_the_threads_each_5_s(tmp_path: Path) -> None:
    collector = CpuCollector(fake_proc(tmp_path, 0, {"11": 5_000_000, "12": 1_000_000}))
    first = list(collector.collect(0))
    fake_proc(tmp_path, 0, {"11": 9_000_000, "12": 2_000_000, "13": 3_000_000})
    early = list(collector.collect(4 * SECOND_NS))
    later = list(collector.collect(5 * SECOND_NS))
    assert by_metric(first + early, "process.cpu.run_queue_wait") == []
    assert by_metric(later, "process.cpu.run_queue_wait") == [8.0]
    collector.close()


def test_without_proc_the_rest_is_still_measured_and_the_reasons_name_the_files(tmp_path: Path) -> None:
    collector = CpuCollector(tmp_path / "nowhere")
    list(collector.collect(0))
    metrics = {r.metric for r in collector.collect(SECOND_NS)}
    assert "process.cpu.usage" in metrics
    assert not metrics & {"system.cpu.pressure", "process.cpu.run_queue_wait"}
    reasons = collector.unavailable()
    assert "pressure/cpu" in reasons["system.cpu.pressure"]
    assert "No such file" in reasons["system.cpu.pressure"]
    assert "schedstat" in reasons["process.cpu.run_queue_wait"]
    collector.close()
