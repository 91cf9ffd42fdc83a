"""The contract of failing: what is tried again, what is dead, and what is said of it."""

import asyncio
import logging

import pytest

from homeostat.core.errors import JobFailed
from homeostat.runtime.jobs import Retry, State
from homeostat.testing.eventually import eventually
from homeostat.testing.jobs_contract.shop import WAIT_S, OnAQueue, Shops, working


class FailingContract(OnAQueue):
    """What holds for jobs that fail."""

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
