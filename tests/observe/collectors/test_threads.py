import threading
from pathlib import Path

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.threads import ThreadCollector
from homeostat.testing.eventually import until


def waits_ms(collector: ThreadCollector) -> list[float]:
    return [r.value for r in collector.collect(SECOND_NS) if r.metric == "python.gil.wait"]


def wait_for(collector: ThreadCollector, samples: int) -> list[float]:
    until(lambda: len(collector._waits) >= samples)
    return waits_ms(collector)


def test_a_thread_that_holds_the_interpreter_shows_as_wait() -> None:
    collector = ThreadCollector()
    calm = wait_for(collector, 4)
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1_000))

    spinners = [threading.Thread(target=spin) for _ in range(3)]
    for spinner in spinners:
        spinner.start()
    busy = wait_for(collector, 6)
    stop.set()
    for spinner in spinners:
        spinner.join()
    collector.close()
    assert max(busy) >= 3.0  # about the interpreter's switch interval of 5 ms, for each of the threads
    assert max(busy) > min(calm)


def test_waits_are_never_negative_with_or_without_the_kernels_word_on_cores(tmp_path: Path) -> None:
    for collector in (ThreadCollector(), ThreadCollector(tmp_path)):
        waits = wait_for(collector, 3)
        collector.close()
        assert len(waits) >= 3
        assert min(waits) >= 0.0


def test_threads_are_counted_now_and_then() -> None:
    collector = ThreadCollector()
    counts = [
        r.value
        for second in range(6)
        for r in collector.collect(second * SECOND_NS)
        if r.metric == "process.threads"
    ]
    collector.close()
    assert len(counts) == 2
    assert counts[0] >= threading.active_count()


def test_close_ends_the_thread() -> None:
    collector = ThreadCollector()
    collector.close()
    assert not any(t.name == "homeostat-gil" and t is collector._thread for t in threading.enumerate())
