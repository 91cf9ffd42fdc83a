"""Several nodes before one database, some of which are killed."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.query import (
    FrameQuery,
    Retention,
    SeriesQuery,
    SizeQuery,
    Store,
    TotalQuery,
    TraceQuery,
    TracesQuery,
)
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.stats.sketch import count
from homeostat.store.open import open_store
from homeostat.testing.faults.jumping_clock import JumpingClock
from homeostat.testing.faults.victim import Victim
from homeostat.testing.store_contract import LATENCY, T0, assert_moments, point, span

PROGRAM = Path(__file__).parents[1] / "keep_writing.py"
WINDOW = (T0, T0 + DAY_NS)


def written(url: str) -> int:
    """Return how many batches the database holds, and check that each is there whole."""
    with open_store(url) as store:
        total = store.read(TotalQuery(*WINDOW))[LATENCY]
        n = total.moments.count
        assert store.read(SizeQuery()).spans == n
        assert total.histogram is not None
        assert count(total.histogram) == n
    return n


def survive(url: str, kills: int) -> None:
    chance = random.Random(11)
    first = 0
    for _ in range(kills):
        with Victim([str(PROGRAM), url, str(first), "1000000"]) as node:
            node.wait_for_lines(1 + chance.randrange(2, 60))
            acknowledged = int(node.kill()[-1])
        first = written(url)
        # The batch at work when the signal came may have been kept without being acknowledged.
        assert acknowledged + 1 <= first <= acknowledged + 2


def test_nothing_acknowledged_is_lost_when_a_node_is_killed(postgres_url: str) -> None:
    survive(postgres_url, 1)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_when_a_node_is_killed_30_times(postgres_url: str) -> None:
    survive(postgres_url, 30)


@pytest.mark.long
def test_three_nodes_may_make_fill_and_maintain_one_database_and_one_of_them_may_die(
    postgres_url: str,
) -> None:
    with (
        Victim([str(PROGRAM), postgres_url, "0", "150"]) as one,
        Victim([str(PROGRAM), postgres_url, "150", "300"]) as other,
        Victim([str(PROGRAM), postgres_url, "300", "1000000"]) as third,
    ):
        third.wait_for_lines(50)
        acknowledged = len(third.kill()) - 1
        assert (one.wait(120.0), other.wait(120.0)) == (0, 0)
        assert 300 + acknowledged <= written(postgres_url) <= 301 + acknowledged


def together(*works: Callable[[], object]) -> None:
    """Do all of it at once, and raise what any of it raised."""
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(work) for work in works]:
            done.result()


def test_many_nodes_may_make_the_schema_at_once(postgres_url: str) -> None:
    barrier = threading.Barrier(6)

    def make() -> None:
        barrier.wait()
        with open_store(postgres_url) as store:
            assert store.read(SizeQuery()).points == 0

    together(*[make] * 6)


def test_two_nodes_that_are_sent_the_same_spans_and_records_keep_each_once(postgres_url: str) -> None:
    """Each batch has the same traces in another order, which may not make them wait for each other."""
    chance = random.Random(5)
    with open_store(postgres_url) as one, open_store(postgres_url) as other:

        def send(store: Store, seed: int) -> None:
            order = random.Random(seed)
            for n in range(25):
                spans = [span(trace, n * 10 + i) for trace in range(1, 9) for i in range(2)]
                records = [Record("state", f"k{i}", T0, b"x") for i in range(8)]
                order.shuffle(spans)
                order.shuffle(records)
                store.write(Batch(spans=tuple(spans), records=tuple(records)))

        together(lambda: send(one, 1), lambda: send(other, 2))
        assert one.read(SizeQuery()).spans == 25 * 16
        trace = chance.randrange(1, 9)
        kept = other.read(TraceQuery(trace.to_bytes(16, "big")))
        assert len({s.span_id for s in kept}) == len(kept) == 50


def test_a_reader_sees_all_series_however_their_writers_overtake_each_other(postgres_url: str) -> None:
    def key(node: int, n: int) -> SeriesKey:
        return SeriesKey.of("m", Kind.GAUGE, "1", {"node": node, "n": n})

    stop = threading.Event()
    with (
        open_store(postgres_url) as one,
        open_store(postgres_url) as other,
        open_store(postgres_url) as reader,
    ):

        def send(store: Store, node: int) -> None:
            for n in range(40):
                store.write(Batch(points=(point(key(node, n), T0, [1.0]),)))

        def look() -> None:
            while not stop.is_set():
                reader.read(SeriesQuery(*WINDOW))

        with ThreadPoolExecutor(1) as looking:
            looked = looking.submit(look)
            try:
                together(lambda: send(one, 1), lambda: send(other, 2))
            finally:
                stop.set()
            looked.result()
        assert len(reader.read(SeriesQuery(*WINDOW))) == 80


def test_a_node_learns_that_another_forgot_series(postgres_url: str) -> None:
    with open_store(postgres_url) as one, open_store(postgres_url) as other:
        one.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
        assert set(one.read(TotalQuery(*WINDOW))) == {LATENCY}
        other.maintain(T0 + 100 * DAY_NS)
        assert other.read(SizeQuery()).series == 0
        new = point(LATENCY, T0 + 100 * DAY_NS, [2.0])
        one.write(Batch(points=(new,)))
        for store in (one, other):
            assert_moments(store.read(TotalQuery(T0, T0 + 101 * DAY_NS))[LATENCY].moments, [new])


def test_threads_of_several_nodes_may_write_read_and_maintain_at_once(postgres_url: str) -> None:
    stop = threading.Event()

    def until_stopped(work: Callable[[], object]) -> None:
        while not stop.is_set():
            work()

    keep = Retention(levels_ns=(DAY_NS,) * 4)
    with (
        open_store(postgres_url, keep) as one,
        open_store(postgres_url, keep) as other,
        ThreadPoolExecutor(8) as threads,
    ):

        def write(first: int) -> None:
            for n in range(first, first + 40):
                store = one if n % 2 else other
                store.write(Batch(points=(point(LATENCY, T0 + n * SECOND_NS, [float(n)]),)))

        others = [
            threads.submit(until_stopped, partial(store.maintain, T0 + 200 * SECOND_NS))
            for store in (one, other)
        ]
        others += [threads.submit(until_stopped, lambda: one.read(TotalQuery(*WINDOW))) for _ in range(2)]
        writers = [threads.submit(write, i * 40) for i in range(4)]
        try:
            for writer in writers:
                writer.result()
        finally:
            stop.set()
        for other_work in others:
            other_work.result()
        one.maintain(T0 + DAY_NS)
        total = one.read(TotalQuery(*WINDOW))[LATENCY]
        assert (total.moments.count, total.moments.maximum) == (160, 159.0)


def test_a_node_whose_clock_is_years_ahead_does_not_drop_what_the_others_write(postgres_url: str) -> None:
    clock = JumpingClock()
    with open_store(postgres_url) as store:
        now_ns = clock.now_ns()
        new = point(LATENCY, now_ns - SECOND_NS, [1.0])
        store.write(Batch(points=(new,), spans=(span(1, 1, start_ns=now_ns),)))
        clock.jump(10 * 365 * 86_400.0)
        store.maintain(clock.now_ns())
        window = (now_ns - DAY_NS, now_ns + DAY_NS)
        assert set(store.read(FrameQuery(*window, SECOND_NS))) == {LATENCY}
        assert len(store.read(TracesQuery(*window))) == 1


def test_ids_of_series_are_not_used_up_by_nodes_that_start_again(postgres_url: str) -> None:
    """Series with neighbouring ids are kept together."""
    for n in range(3):
        with open_store(postgres_url) as store:
            keys = [SeriesKey.of("m", Kind.GAUGE, "1", {"n": i}) for i in range(n + 2)]
            store.write(Batch(points=tuple(point(key, T0, [1.0]) for key in keys)))
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT max(id), count(*) FROM homeostat.series").fetchone() == (4, 4)


def test_a_node_leaves_upkeep_to_the_one_that_is_at_it(postgres_url: str) -> None:
    with open_store(postgres_url) as store, psycopg.connect(postgres_url) as other:
        store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
        other.execute("SELECT pg_advisory_xact_lock(x'484D5354'::int, 5)")
        assert store.maintain(T0 + DAY_NS).rolled_up == 0
        other.rollback()
        assert store.maintain(T0 + DAY_NS).rolled_up > 0
