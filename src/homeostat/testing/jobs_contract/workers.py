"""The contract of workers: how they stop, what they hand on, and who is refused."""

import asyncio
import time

from homeostat.runtime.jobs import State
from homeostat.runtime.jobs.backend import Ask, ById
from homeostat.runtime.jobs.record import Outcome
from homeostat.testing.eventually import eventually
from homeostat.testing.jobs_contract.shop import WAIT_S, OnAQueue, Shops, working

SHORT_S = 2.0
"""The lease of a worker that is to lose it."""


class WorkersContract(OnAQueue):
    """What holds for workers that stop, stand still, or know other jobs."""

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

    def test_a_worker_whose_lease_ran_out_is_refused_and_the_next_one_is_not(self, shop: Shops) -> None:
        async def run() -> None:
            app = shop(lease_s=SHORT_S)
            await app.jobs.enqueue(app.flaky.call("s"))
            backend = await app.jobs.backend()
            handle = await app.jobs.enqueue(app.page.call("x"))
            ask = Ask({"page": 0}, 1, [handle.id])
            (stale,) = (await backend.leases.exchange("stopped", (), ask)).claims
            assert not (await backend.leases.exchange("other", (), ask)).claims
            await asyncio.sleep(1.1 * SHORT_S)
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
