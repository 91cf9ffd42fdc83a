"""The contract of running: what a job comes to, when it runs, and how it is cancelled."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from homeostat.core.errors import JobFailed
from homeostat.runtime.jobs import State
from homeostat.testing.eventually import eventually
from homeostat.testing.jobs_contract.shop import WAIT_S, OnAQueue, Page, Shops, working


class RunningContract(OnAQueue):
    """What holds for jobs that run."""

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

    def test_no_more_than_running_max_run_at_once(self, shop: Shops) -> None:
        async def run() -> None:
            async with working(shop()) as (app, _):
                for handle in await app.jobs.enqueue_many(app.alone.call(n) for n in range(4)):
                    await handle.result(WAIT_S)
                assert [what for what, _ in app.ran] == ["in", "out"] * 4

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
