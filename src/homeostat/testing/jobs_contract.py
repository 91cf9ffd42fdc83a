"""The contract of jobs, as tests for pytest: subclass `JobsContract` and say where an empty queue is."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from homeostat.core.clock import SystemClock
from homeostat.core.errors import InputError, JobFailed, QueueFull
from homeostat.runtime.jobs import Jobs, Retry, State
from homeostat.runtime.jobs.backend import Ask, ById
from homeostat.runtime.jobs.definition import Definition
from homeostat.runtime.jobs.record import Outcome
from homeostat.runtime.jobs.worker import Worker
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import eventually

WAIT_S = 60.0
LEASE_S = 2.0
"""A process that stands still for longer on a busy machine loses its jobs, rightly."""


class Page(msgspec.Struct):
    """A result with a type of its own."""

    title: str
    words: int


@dataclass(frozen=True, slots=True)
class Address:
    """Where an empty queue is."""

    address: str
    records: str = ""


@dataclass
class Shop:
    """An application with some jobs, and what they did."""

    jobs: Jobs
    host: BareHost
    ran: list[Any] = field(default_factory=list)
    fails: int = 0
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        quick = Retry(times=2, first_s=0.05, jitter=0.0)
        job = self.jobs.job

        @job()
        async def page(title: str, words: int = 3) -> Page:
            self.ran.append(title)
            return Page(title, words)

        @job()
        def in_thread(n: int) -> int:
            self.jobs.running.progress(0.5, "half")
            return n * self.jobs.running.attempt

        @job(retry=quick)
        async def flaky(secret: str) -> int:
            self.ran.append(self.jobs.running.attempt)
            if len(self.ran) <= self.fails:
                raise ConnectionError("not yet")
            return self.jobs.running.attempt

        @job(retry=Retry(on=(ConnectionError,)))
        async def wrong() -> None:
            self.ran.append("wrong")
            raise ValueError("no such model")

        @job(timeout_s=0.2, retry=Retry(times=0))
        async def slow() -> None:
            await asyncio.sleep(WAIT_S)

        @job()
        async def held(n: int) -> int:
            self.jobs.running.progress(0.25, "waiting")
            self.ran.append(n)
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.ran.append("cancelled")
                raise
            return n

        @job(running_max=1)
        async def alone(n: int) -> None:
            self.ran.append(("in", n))
            await asyncio.sleep(0.05)
            self.ran.append(("out", n))

        @job(cron="*/5 * * * *", zone="Europe/Zurich")
        async def swept() -> None:
            self.ran.append("swept")

    def __getattr__(self, name: str) -> Definition[Any, Any]:
        return self.jobs.definitions[name]


class Shops:
    """Makes applications on one queue, and runs what is to be seen of them."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._made: list[Shop] = []

    def __call__(self, **settings: Any) -> Shop:
        """Return a further application."""
        host = BareHost(SystemClock())
        settings = {"lease_s": LEASE_S, "records": self._address.records, **settings}
        self._made.append(Shop(Jobs(host, self._address.address, **settings), host))
        return self._made[-1]

    def play(self, scene: Coroutine[Any, Any, None]) -> None:
        """Run a scene to its end, and close what it used."""

        async def played() -> None:
            try:
                await scene
            finally:
                for app in self._made:
                    await app.jobs.close()

        asyncio.run(played())


class JobsContract:
    """What holds for every engine. Real time passes: one test waits for the end of a lease."""

    @pytest.fixture
    def address(self) -> Address:
        """Return where an empty queue is."""
        raise NotImplementedError

    @pytest.fixture
    def shop(self, address: Address) -> "Shops":
        """Return a maker of applications on the same queue."""
        return Shops(address)

    def test_a_job_runs_and_its_result_has_the_type_it_is_annotated_with(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                handle = await app.jobs.enqueue(app.page.call("Rivers", words=7))
                assert await handle.result(WAIT_S) == Page("Rivers", 7)
                job = await handle.job()
                assert job is not None
                assert (job.state, job.token, job.failures, job.progress) == (State.DONE, 1, 0, 1.0)

        shop.play(run())

    def test_a_plain_function_runs_in_a_thread_and_knows_its_run(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                assert await (await app.jobs.enqueue(app.in_thread.call(21))).result(WAIT_S) == 21

        shop.play(run())

    def test_jobs_with_one_key_are_one_job_until_it_is_forgotten(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            call = app.page.call("once").options(key="doc-1")
            first, second, other = await app.jobs.enqueue_many((call, call, app.page.call("other")))
            third = await app.jobs.enqueue(call)
            assert first.id == second.id == third.id != other.id
            async with working(app):
                assert await third.result(WAIT_S) == await first.result(WAIT_S)
                assert (await app.jobs.enqueue(call)).id == first.id
                await other.result(WAIT_S)
                assert sorted(app.ran) == ["once", "other"]
                assert list(await app.jobs.forget(first.id)) == [first.id]
                again = await app.jobs.enqueue(call)
                assert again.id != first.id
                await again.result(WAIT_S)
                assert app.ran.count("once") == 2

        shop.play(run())

    def test_a_failed_job_runs_again_until_it_is_done(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                app.fails = 2
                handle = await app.jobs.enqueue(app.flaky.call("s"))
                assert await handle.result(WAIT_S) == 3
                assert app.ran == [1, 2, 3]
                job = await handle.job()
                assert job is not None
                assert (job.failures, job.lost) == (2, 0)

        shop.play(run())

    def test_a_job_out_of_retries_is_a_dead_letter_that_can_be_sent_again(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                app.fails = 3
                handle = await app.jobs.enqueue(app.flaky.call("s"))
                with pytest.raises(JobFailed, match="ConnectionError: not yet"):
                    await handle.result(WAIT_S)
                (dead,) = await app.jobs.list(State.DEAD)
                assert (dead.id, dead.failures) == (handle.id, 3)
                assert list(await app.jobs.send_again(handle.id, "unknown")) == [handle.id]
                assert await handle.result(WAIT_S) == 1
                assert await app.jobs.list(State.DEAD) == []
                assert list(await app.jobs.send_again(handle.id)) == []

        shop.play(run())

    def test_an_error_that_is_not_retried_is_dead_at_once(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                handle = await app.jobs.enqueue(app.wrong.call())
                with pytest.raises(JobFailed, match="ValueError: no such model"):
                    await handle.result(WAIT_S)
                assert app.ran == ["wrong"]
                assert list(await app.jobs.forget(handle.id)) == [handle.id]
                assert await handle.job() is None

        shop.play(run())

    def test_what_takes_longer_than_its_limit_is_ended(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                with pytest.raises(JobFailed, match=r"longer than its limit of 0\.2 s"):
                    await (await app.jobs.enqueue(app.slow.call())).result(WAIT_S)

        shop.play(run())

    def test_a_higher_priority_goes_first_and_equal_ones_in_their_order(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            calls = [
                app.page.call(f"{p}{c}").options(priority=p)
                for p, c in ((1, "a"), (9, "a"), (1, "b"), (9, "b"))
            ]
            handles = await app.jobs.enqueue_many(calls)
            async with working(app, concurrency=1):
                for handle in handles:
                    await handle.result(WAIT_S)
            assert app.ran == ["9a", "9b", "1a", "1b"]

        shop.play(run())

    def test_a_job_for_a_time_does_not_run_before_it(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                at = datetime.now(UTC) + timedelta(seconds=2.0)
                handle = await app.jobs.enqueue(app.page.call("later").options(at=at))
                job = await handle.job()
                assert job is not None
                assert job.state is State.SCHEDULED
                await handle.result(WAIT_S)
                assert datetime.now(UTC) >= at

        shop.play(run())

    def test_a_waiting_job_that_is_cancelled_never_runs(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            gone, kept = await app.jobs.enqueue_many((app.page.call("gone"), app.page.call("kept")))
            assert list(await app.jobs.cancel(gone.id)) == [gone.id]
            async with working(app):
                await kept.result(WAIT_S)
                with pytest.raises(JobFailed, match="cancelled"):
                    await gone.result(WAIT_S)
            assert app.ran == ["kept"]

        shop.play(run())

    def test_a_running_job_that_is_cancelled_is_told(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                handle = await app.jobs.enqueue(app.held.call(1))
                await eventually(lambda: app.ran == [1])
                await handle.cancel()
                with pytest.raises(JobFailed, match="cancelled"):
                    await handle.result(WAIT_S)
                assert app.ran == [1, "cancelled"]

        shop.play(run())

    def test_progress_is_seen_while_a_job_runs(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                handle = await app.jobs.enqueue(app.held.call(1))
                async with asyncio.timeout(WAIT_S):
                    while (job := await handle.job()) is None or job.progress != 0.25:  # noqa: ASYNC110 - it has to be asked
                        await asyncio.sleep(0.05)
                assert (job.state, job.note) == (State.RUNNING, "waiting")
                app.hold.set()
                await handle.result(WAIT_S)

        shop.play(run())

    def test_a_worker_that_drains_ends_what_runs_and_takes_nothing_further(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            async with working(app, concurrency=1) as (_, worker):
                first = await app.jobs.enqueue(app.held.call(1))
                await eventually(lambda: app.ran == [1])
                second = await app.jobs.enqueue(app.page.call("never"))
                worker.stop()
                assert worker.status().draining
                app.hold.set()
            assert await first.result(WAIT_S) == 1
            job = await second.job()
            assert job is not None
            assert job.state is State.READY
            assert app.ran == [1]

        shop.play(run())

    def test_what_outlasts_the_drain_goes_to_the_next_worker_and_is_no_failure(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            async with working(app, drain_s=0.1) as (_, worker):
                handle = await app.jobs.enqueue(app.held.call(1))
                await eventually(lambda: app.ran == [1])
                worker.stop()
            assert app.ran == [1, "cancelled"]
            app.hold.set()
            async with working(app):
                assert await handle.result(WAIT_S) == 1
            job = await handle.job()
            assert job is not None
            assert (job.token, job.failures, job.lost) == (2, 0, 0)

        shop.play(run())

    def test_a_worker_that_is_to_stop_at_once_hands_back_what_runs(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            async with working(app, drain_s=WAIT_S) as (_, worker):
                handle = await app.jobs.enqueue(app.held.call(1))
                await eventually(lambda: app.ran == [1])
                began = time.monotonic()
                worker.stop(at_once=True)
            assert time.monotonic() - began < WAIT_S / 2
            job = await handle.job()
            assert job is not None
            assert (job.state, job.token, job.failures, job.lost) == (State.READY, 1, 0, 0)

        shop.play(run())

    def test_no_more_than_running_max_run_at_once(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                for handle in await app.jobs.enqueue_many(app.alone.call(n) for n in range(4)):
                    await handle.result(WAIT_S)
                assert [what for what, _ in app.ran] == ["in", "out"] * 4

        shop.play(run())

    def test_a_worker_whose_lease_ran_out_is_refused_and_the_next_one_is_not(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            await app.jobs.enqueue(app.flaky.call("s"))
            backend = await app.jobs.backend()
            handle = await app.jobs.enqueue(app.page.call("x"))
            ask = Ask({"page": 0}, 1, [handle.id])
            (stale,) = (await backend.leases.exchange("stopped", (), ask)).claims
            assert not (await backend.leases.exchange("other", (), ask)).claims
            await asyncio.sleep(1.1 * LEASE_S)
            await backend.leases.beat("other", ())
            (fresh,) = (await backend.leases.exchange("other", (), ask)).claims
            assert (stale.token, fresh.token) == (1, 2)
            nothing = Ask({"page": 0})
            late = Outcome(handle.id, stale.token, State.DONE, 0, 0, 10**12, '"late"')
            good = Outcome(handle.id, fresh.token, State.DONE, 0, 0, 10**12, '"good"')
            assert list((await backend.leases.exchange("stopped", [late], nothing)).refused) == [handle.id]
            assert list((await backend.leases.exchange("other", [good], nothing)).refused) == []
            assert list((await backend.leases.exchange("other", [good], nothing)).refused) == []
            (job,) = await backend.register.find(ById([handle.id]))
            assert (job.state, job.result, job.token, job.lost) == (State.DONE, '"good"', 2, 1)

        shop.play(run())

    def test_a_job_that_no_worker_here_knows_waits_for_one_that_does(self, shop: Shops) -> None:
        async def run() -> None:
            app, other = shop(), shop()
            del other.jobs.definitions["flaky"]
            handle = await app.jobs.enqueue(app.flaky.call("s"))
            async with working(other):
                await (await other.jobs.enqueue(other.page.call("known"))).result(WAIT_S)
            job = await handle.job()
            assert job is not None
            assert job.state is State.READY
            async with working(app):
                assert await handle.result(WAIT_S) == 1

        shop.play(run())

    def test_no_argument_and_no_error_text_reaches_a_log_or_a_metric(
        self, shop: Shops, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                app.fails = 3
                handle = await app.jobs.enqueue(app.flaky.call("Zanzibar"))
                with pytest.raises(JobFailed):
                    await handle.result(WAIT_S)
                assert "Zanzibar" not in str(app.host.registry.fold(0, 1))
                assert app.host.total("jobs.outcomes", job="flaky", outcome="failed") == 2
                assert app.host.total("jobs.outcomes", job="flaky", outcome="dead") == 1
                assert app.host.snapshot("jobs.wait", job="flaky").count == 3
                assert app.host.snapshot("jobs.attempts", job="flaky").mean == 3
                assert app.host.total("jobs.enqueued", job="flaky") == 1
                assert app.host.snapshot("operation.duration", operation="job.flaky").count == 3

        with caplog.at_level(logging.DEBUG):
            shop.play(run())
        assert "Zanzibar" not in caplog.text
        assert "not yet" not in caplog.text

    def test_a_queue_that_is_full_says_so(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop(waiting_max=3)
            await app.jobs.enqueue_many(app.page.call(str(n)) for n in range(3))
            with pytest.raises(QueueFull, match="room for 0"):
                await app.jobs.enqueue(app.page.call("one more"))
            assert (await app.jobs.depth()).ready == 3

        shop.play(run())

    def test_arguments_that_do_not_fit_are_refused_where_they_are_given(self, shop: Shops) -> None:
        app = shop()
        with pytest.raises(InputError, match="missing a required argument"):
            app.page.call()
        with pytest.raises(InputError, match=r"Expected `int`, got `str` - at `\$\.words`"):
            app.page.call("x", words="many")

    def test_a_cron_job_is_planned_once_however_many_workers_plan_it(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            for _ in range(2):
                await app.jobs.planning(await app.jobs.backend()).plan()
            (planned,) = await app.jobs.list(State.SCHEDULED)
            assert planned.name == "swept"
            assert planned.due_ns % (300 * 10**9) == 0
            assert 0 < planned.due_ns - time.time_ns() <= 300 * 10**9

        shop.play(run())

    def test_a_result_that_is_not_to_be_kept_is_forgotten(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop()
            app.jobs.job("brief", keep_s=0.0)(lambda: None)
            async with working(app):
                handle = await app.jobs.enqueue(app.brief.call())
                async with asyncio.timeout(WAIT_S):
                    while await handle.job() is not None:  # noqa: ASYNC110 - it has to be asked
                        await asyncio.sleep(0.05)

        shop.play(run())

    def test_text_that_no_engine_can_keep_is_kept_with_what_is_wrong_in_it_written_out(
        self, shop: Shops
    ) -> None:
        async def run() -> None:
            app = shop()

            @app.jobs.job(retry=Retry(times=0))
            async def odd() -> None:
                app.jobs.running.progress(0.5, "half \0 of \ud83d")
                app.ran.append("odd")
                await app.hold.wait()
                raise ValueError("no \0 such \ud83d")

            async with working(app) as (_, worker):
                handle = await app.jobs.enqueue(odd.call())
                await eventually(lambda: bool(app.ran))
                async with asyncio.timeout(WAIT_S):
                    while (job := await handle.job()) is None or not job.note:  # noqa: ASYNC110 - it has to be asked
                        await asyncio.sleep(0.05)
                assert job.note == "half \\x00 of \\ud83d"
                assert worker.status().healthy
                app.hold.set()
                with pytest.raises(JobFailed, match=r"no \\x00 such \\ud83d"):
                    await handle.result(WAIT_S)

        shop.play(run())


@asynccontextmanager
async def working(
    app: Shop, concurrency: int = 4, drain_s: float = 10.0
) -> AsyncIterator[tuple[Shop, Worker]]:
    """A worker of an application while the block runs; it has drained at its end."""
    worker = await app.jobs.worker(concurrency, drain_s)
    running = asyncio.create_task(worker.run())
    try:
        yield app, worker
    finally:
        worker.stop()
        await asyncio.wait_for(running, WAIT_S)
