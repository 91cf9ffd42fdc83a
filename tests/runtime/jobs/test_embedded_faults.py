"""The embedded queue on a full disk, under a clock that jumps, behind a lock, after a fork and a boot."""

import asyncio
import contextlib
import sqlite3
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from homeostat.core.clock import HOUR_NS, SECOND_NS, Clock, SystemClock
from homeostat.core.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull
from homeostat.runtime.jobs import Jobs
from homeostat.runtime.jobs.backend import LOST_MAX, Ask, ById, Listed
from homeostat.runtime.jobs.embedded import file
from homeostat.runtime.jobs.embedded.queue import EmbeddedQueue
from homeostat.runtime.jobs.record import Claim, NewJob, Outcome, Report, State, new_id
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.faults.disk import small_disk
from homeostat.testing.faults.jumping_clock import JumpingClock

LEASE_S = 10.0
WORK = Ask({"work": 0}, 100)
NOTHING = Ask({"work": 0})


def opened(path: Path, clock: Clock, kept_max: int = 1_000) -> EmbeddedQueue:
    return EmbeddedQueue(path, clock, LEASE_S, 10_000, kept_max)


def new(clock: Clock, name: str = "work", due_s: float = 0.0, arguments: str = "{}") -> NewJob:
    now_ns = clock.now_ns()
    due_ns = now_ns + round(due_s * SECOND_NS) if due_s else 0
    return NewJob(new_id(clock), name, arguments, "", 5, due_ns, now_ns, HOUR_NS)


def done(claims: Sequence[Claim]) -> list[Outcome]:
    return [Outcome(c.id, c.token, State.DONE, 0, 0, HOUR_NS, "1") for c in claims]


def test_a_jump_of_the_wall_clock_neither_ends_nor_prolongs_a_lease(tmp_path: Path) -> None:
    manual = ManualClock()
    clock = JumpingClock(manual)
    queue = opened(tmp_path / "q.db", clock)
    queue.submit([new(clock)])
    (claim,) = queue.exchange("a", (), WORK).claims
    clock.jump(3_600)
    queue.beat("b", ())
    assert not queue.exchange("b", (), WORK).claims
    clock.jump(-7_200)
    manual.advance(LEASE_S + 0.1)
    queue.beat("b", ())
    (again,) = queue.exchange("b", (), WORK).claims
    assert (again.id, again.token, again.waited_ms >= 0) == (claim.id, 2, True)
    queue.close()


def test_jobs_that_are_ready_run_whatever_the_wall_clock_says(tmp_path: Path) -> None:
    clock = JumpingClock(ManualClock())
    queue = opened(tmp_path / "q.db", clock)
    queue.submit([new(clock)])
    clock.jump(-1_000_000)
    assert len(queue.exchange("a", (), WORK).claims) == 1
    queue.close()


def test_leases_of_an_earlier_boot_are_void(tmp_path: Path) -> None:
    before = ManualClock(monotonic_ns=10**15)
    queue = opened(tmp_path / "q.db", before)
    queue.submit([new(before)])
    (claim,) = queue.exchange("a", (), WORK).claims
    queue.close()
    after = ManualClock(monotonic_ns=10**9)
    queue = opened(tmp_path / "q.db", after)
    queue.beat("b", ())
    (again,) = queue.exchange("b", (), WORK).claims
    assert (again.id, again.token) == (claim.id, 2)
    queue.close()


def test_a_job_that_costs_too_many_workers_is_dead(tmp_path: Path) -> None:
    clock = ManualClock()
    queue = opened(tmp_path / "q.db", clock)
    (id,) = queue.submit([new(clock)])
    for n in range(LOST_MAX + 1):
        assert len(queue.exchange(f"w{n}", (), WORK).claims) == 1
        clock.advance(LEASE_S + 0.1)
        queue.beat("watch", ())
    (job,) = queue.find(ById([id]))
    assert (job.state, job.error, job.lost, job.failures) == (State.DEAD, "worker lost", LOST_MAX + 1, 0)
    queue.close()


def test_a_worker_that_stood_still_is_told_what_it_lost(tmp_path: Path) -> None:
    clock = ManualClock()
    queue = opened(tmp_path / "q.db", clock)
    queue.submit([new(clock), new(clock)])
    first, second = queue.exchange("a", (), WORK).claims
    clock.advance(LEASE_S + 0.1)
    queue.beat("b", ())
    (taken,) = queue.exchange("b", (), Ask({"work": 0}, 1)).claims
    told = queue.beat("a", [Report(first.id, 1), Report(second.id, 1)])
    assert told.lost == {first.id, second.id}
    late = queue.exchange("a", done([first, second]), NOTHING).refused
    assert sorted(late) == sorted([first.id, second.id])
    assert not queue.exchange("b", done([taken]), NOTHING).refused
    queue.close()


def test_results_expire_and_the_oldest_go_first_where_there_are_too_many(tmp_path: Path) -> None:
    clock = ManualClock()
    queue = opened(tmp_path / "q.db", clock, kept_max=3)
    for _ in range(5):
        queue.submit([new(clock)])
        clock.advance(1.0)
        queue.exchange("a", done(queue.exchange("a", (), WORK).claims), NOTHING)
    queue.beat("a", ())
    assert len(queue.find(Listed(State.DONE))) == 3
    clock.advance(3_600)
    queue.beat("a", ())
    assert queue.find(Listed(State.DONE)) == []
    queue.close()


def test_a_full_disk_refuses_new_jobs_and_loses_none(tmp_path: Path) -> None:
    clock = ManualClock()
    with small_disk(2_000_000) as disk:
        queue = opened(disk / "q.db", clock)
        kept: list[str] = []

        def fill() -> None:
            for _ in range(1_000):
                kept.extend(queue.submit([new(clock, arguments=f'{{"x":"{"y" * 20_000}"}}')]))

        with pytest.raises(StoreFull, match="disk"):
            fill()
        assert len(kept) > 10
        queue.close()
        queue = opened(disk / "q.db", clock)
        assert [job.id for job in queue.find(ById(kept))] == kept
        queue.close()


def filled_up(disk: Path) -> Path:
    """Fill a disk with a file, and return that."""
    junk = disk / "junk"
    with junk.open("wb", buffering=0) as open_file, contextlib.suppress(OSError):
        while True:
            open_file.write(b"x" * 512)
    return junk


def test_a_worker_on_a_full_disk_settles_its_jobs_once_there_is_space(tmp_path: Path) -> None:
    async def run(disk: Path) -> None:
        host = BareHost(SystemClock())
        full = asyncio.Event()
        async with Jobs(host, disk / "q.db") as jobs:

            @jobs.job()
            async def long(n: int) -> str:
                await full.wait()
                return "x" * 100_000

            handles = await jobs.enqueue_many(long.call(n) for n in range(10))
            worker = await jobs.worker(concurrency=10)
            working = asyncio.create_task(worker.run())
            while worker.status().running < 10:  # noqa: ASYNC110 - the worker starts them
                await asyncio.sleep(0.01)
            junk = filled_up(disk)
            full.set()
            while "jobs.exchange_failed" not in host.losses.totals():
                assert not working.done()
                await asyncio.sleep(0.01)
            junk.unlink()
            assert [len(await handle.result(60.0)) for handle in handles] == [100_000] * 10
            worker.stop()
            await working
            assert [(await handle.job()).token for handle in handles] == [1] * 10  # type: ignore[union-attr]

    with small_disk(8_000_000) as disk:
        asyncio.run(run(disk))


def test_a_file_that_another_process_holds_is_busy_and_then_is_not(tmp_path: Path) -> None:
    clock = ManualClock()
    queue = opened(tmp_path / "q.db", clock)
    queue._file._connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "q.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="held by another process"):
        queue.submit([new(clock)])
    other.execute("ROLLBACK")
    other.close()
    assert len(queue.submit([new(clock)])) == 1
    queue.close()


def test_a_damaged_and_a_foreign_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"no database at all" * 1_000)
    with pytest.raises(StoreCorrupt, match="damaged"):
        opened(tmp_path / "noise.db", ManualClock())
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(StoreError, match="something else"):
        opened(tmp_path / "other.db", ManualClock())


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path / "q.db", ManualClock()).close()
    with sqlite3.connect(tmp_path / "q.db") as other:
        other.execute(f"PRAGMA user_version = {file.VERSION + 1}")
    other.close()
    with pytest.raises(StoreError, match="newer"):
        opened(tmp_path / "q.db", ManualClock())


def test_two_connections_never_take_the_same_job(tmp_path: Path) -> None:
    clock = ManualClock()
    first = opened(tmp_path / "q.db", clock)
    ids = first.submit([new(clock) for _ in range(600)])
    taken: list[str] = []

    def take(name: str) -> None:
        queue = opened(tmp_path / "q.db", clock)
        while claims := queue.exchange(name, (), Ask({"work": 0}, 7)).claims:
            taken.extend(claim.id for claim in claims)
        queue.close()

    threads = [threading.Thread(target=take, args=(f"w{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(ids)
    first.close()


class Queue(RuleBasedStateMachine):
    """Workers take, settle, stand still and come back in any order: a job's last taker alone settles it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.queue = opened(Path(self.folder.name) / "q.db", self.clock)
        self.ids: list[str] = []
        self.held: dict[str, list[Claim]] = {"a": [], "b": []}
        self.newest: dict[str, int] = {}
        self.settled: dict[str, int] = {}

    @rule(count=st.integers(1, 4))
    def submit(self, count: int) -> None:
        self.ids += self.queue.submit([new(self.clock) for _ in range(count)])

    @rule(worker=st.sampled_from("ab"), count=st.integers(1, 3))
    def take(self, worker: str, count: int) -> None:
        for claim in self.queue.exchange(worker, (), Ask({"work": 0}, count)).claims:
            assert claim.token == self.newest.get(claim.id, 0) + 1
            assert claim.id not in self.settled
            self.newest[claim.id] = claim.token
            self.held[worker].append(claim)

    @precondition(lambda self: any(self.held.values()))
    @rule(worker=st.sampled_from("ab"))
    def settle(self, worker: str) -> None:
        outcomes = done(self.held[worker])
        refused = self.queue.exchange(worker, outcomes, NOTHING).refused
        for outcome in outcomes:
            if outcome.id not in refused:
                assert outcome.token == self.newest[outcome.id]
                assert self.settled.setdefault(outcome.id, outcome.token) == outcome.token
        self.held[worker].clear()

    @rule(seconds=st.sampled_from([1.0, 6.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(worker=st.sampled_from("ab"))
    def beat(self, worker: str) -> None:
        held = {claim.id for claim in self.held[worker]}
        told = self.queue.beat(worker, [Report(c.id, c.token) for c in self.held[worker]])
        assert told.lost <= held

    @invariant()
    def no_job_is_lost(self) -> None:
        states = {job.id: job.state for job in self.queue.find(ById(self.ids))}
        assert len(states) == len(self.ids)
        for id, state in states.items():
            assert (state is State.DONE) == (id in self.settled)

    def teardown(self) -> None:
        self.queue.close()
        self.folder.cleanup()


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
