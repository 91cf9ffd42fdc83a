"""Several processes, some of which are killed."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.errors import StoreError
from homeostat.core.query import Retention, SizeQuery, TotalQuery
from homeostat.stats.sketch import count
from homeostat.store.open import open_store
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.forked import forked
from homeostat.testing.store_contract import LATENCY, T0, point, span

PROGRAM = Path(__file__).parents[1] / "keep_writing.py"
ENOUGH = 1_000_000


def start(path: Path, first: int, last: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path), str(first), str(last)], stdout=subprocess.PIPE, text=True
    )


def kill_while_writing(path: Path, first: int, batches: int) -> int:
    """Start the program, kill it after some acknowledged batches, and return the last acknowledged number."""
    with start(path, first, ENOUGH) as process:
        assert process.stdout is not None
        acknowledged = first - 1
        for line in process.stdout:
            if line != "open\n":
                acknowledged = int(line)
            if acknowledged >= first + batches:
                process.send_signal(signal.SIGKILL)
                break
        # What it still wrote before the signal arrived was acknowledged too.
        rest = [line for line in process.stdout.read().split("\n")[:-1] if line]
        return int(rest[-1]) if rest else acknowledged


def written(path: Path) -> int:
    """Return how many batches the store holds, and check that each is there whole and the file is sound."""
    with open_store(path) as store:
        total = store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY]
        n = total.moments.count
        assert store.read(SizeQuery()).spans == n
        assert total.moments.minimum == 0.0
        assert total.moments.maximum == total.moments.last == n - 1
        assert total.histogram is not None
        assert count(total.histogram) == n
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return n


def survive(path: Path, kills: int) -> None:
    chance = random.Random(11)
    first = 0
    for _ in range(kills):
        acknowledged = kill_while_writing(path, first, chance.randrange(1, 60))
        first = written(path)
        # The batch at work when the signal came may have been kept without being acknowledged.
        assert acknowledged + 1 <= first <= acknowledged + 2


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed_3_times(tmp_path: Path) -> None:
    survive(tmp_path / "h.db", 3)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed_50_times(tmp_path: Path) -> None:
    survive(tmp_path / "h.db", 50)


def test_two_processes_may_make_fill_and_maintain_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with start(path, 0, 150) as one, start(path, 150, 300) as other:
        outputs = [p.communicate(timeout=60)[0] for p in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0)
    assert [len(o.split()) for o in outputs] == [151, 151]
    assert written(path) == 300


def test_threads_may_write_read_and_maintain_at_once(tmp_path: Path) -> None:
    stop = threading.Event()

    def write(store: SqliteStore, first: int) -> None:
        for n in range(first, first + 60):
            store.write(Batch(points=(point(LATENCY, T0 + n * SECOND_NS, [float(n)]),)))

    def until_stopped(work: Callable[[], object]) -> None:
        while not stop.is_set():
            work()

    with (
        open_store(tmp_path / "h.db", Retention(levels_ns=(DAY_NS,) * 4)) as store,
        ThreadPoolExecutor(11) as threads,
    ):
        others = [threads.submit(until_stopped, lambda: store.maintain(T0 + 200 * SECOND_NS))]
        others += [
            threads.submit(until_stopped, lambda: store.read(TotalQuery(T0, T0 + DAY_NS))) for _ in range(6)
        ]
        writers = [threads.submit(write, store, i * 60) for i in range(4)]
        try:
            for writer in writers:
                writer.result()
        finally:
            stop.set()
        for other in others:
            other.result()
        assert store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments.count == 240


def test_many_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def make(path: Path) -> int:
        together.wait()
        with open_store(path) as store:
            return store.read(SizeQuery()).points

    with ThreadPoolExecutor(8) as threads:
        for n in range(10):
            makers = [threads.submit(make, tmp_path / f"{n}.db") for _ in range(8)]
            assert [maker.result() for maker in makers] == [0] * 8


def test_a_forked_child_is_told_to_open_the_store_again(tmp_path: Path) -> None:
    with open_store(tmp_path / "h.db") as store:
        store.write(Batch(spans=(span(1, 1),)))

        def child() -> None:
            with pytest.raises(StoreError, match="after a fork"):
                store.write(Batch(spans=(span(2, 1),)))

        assert forked(child) == 0
        assert store.read(SizeQuery()).spans == 1
