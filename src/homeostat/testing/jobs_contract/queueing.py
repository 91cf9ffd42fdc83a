"""The contract of queueing: what is taken into a queue, once, and how long it stays."""

import asyncio
import time

import pytest

from homeostat.core.errors import InputError, QueueFull
from homeostat.runtime.jobs import State
from homeostat.testing.jobs_contract.shop import WAIT_S, OnAQueue, Shops, working


class QueueingContract(OnAQueue):
    """What holds for jobs before they run, and after."""

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
