"""The feed of Celery: its worker takes the messages, and ours runs the jobs that they name."""

import asyncio
import threading
import time
from concurrent.futures import Future

from celery import Celery
from celery.app import trace
from celery.exceptions import Reject
from celery.worker import state

from homeostat.core.errors import HomeostatError, NotAvailable
from homeostat.core.log import event
from homeostat.runtime.jobs.backend import Deliver
from homeostat.runtime.jobs.on_celery.engine import Sender
from homeostat.runtime.jobs.on_celery.redis_records import RedisRecords

DISPATCH_INTERVAL_S = 0.5
DISPATCH_MAX = 500
REJECT_PAUSE_S = 1.0


class Bridge:
    """The way from a thread of Celery's pool to the worker's event loop."""

    def __init__(self) -> None:
        self._way: tuple[asyncio.AbstractEventLoop, Deliver] | None = None

    def lead(self, loop: asyncio.AbstractEventLoop, deliver: Deliver) -> None:
        """Hand what comes to a worker from now on."""
        self._way = (loop, deliver)

    def run(self, id: str) -> None:
        """Run a job, and return when its message may be forgotten.

        Where the records do not answer, the message goes back to the broker.
        """
        assert self._way is not None
        loop, deliver = self._way

        async def delivered() -> None:
            await deliver(id)

        ended: Future[None] = asyncio.run_coroutine_threadsafe(delivered(), loop)
        try:
            ended.result()
        except HomeostatError as error:
            time.sleep(REJECT_PAUSE_S)
            raise Reject(type(error).__name__, requeue=True) from None


class CeleryFeed:
    """Runs Celery's worker in a thread, with one of its threads for each job at once.

    Beside it, messages go out for jobs whose time has come, for those whose message was never sent, and for
    those whose message the broker has lost: Kombu takes one from Redis before it notes that it did.
    """

    def __init__(
        self,
        app: Celery,
        bridge: Bridge,
        records: RedisRecords,
        sender: Sender,
        concurrency: int,
        lease_s: float,
    ) -> None:
        self._app = app
        self._bridge = bridge
        self._records = records
        self._sender = sender
        self._concurrency = concurrency
        self._lease_s = lease_s

    async def serve(self, deliver: Deliver) -> None:
        """Consume until stopped; return when all that was delivered is settled."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        async def put_off(id: str) -> float:
            wait_s = await deliver(id)
            if wait_s:
                await self._records.later(id, wait_s)
            return wait_s

        def tell() -> None:
            if not ended.done():
                ended.set_result(None)

        def consume() -> None:
            self._controller.start()
            loop.call_soon_threadsafe(tell)

        self._bridge.lead(loop, put_off)
        state.should_stop = None
        trace.setup_worker_optimizations(self._app)
        self._controller = self._app.WorkController(
            pool="threads",
            concurrency=self._concurrency,
            without_heartbeat=True,
            without_gossip=True,
            without_mingle=True,
            loglevel="WARNING",
        )
        dispatching = asyncio.create_task(self._dispatch())
        threading.Thread(target=consume, name="homeostat-celery", daemon=True).start()
        try:
            await ended
        finally:
            self.stop()
            dispatching.cancel()
            trace.reset_worker_optimizations(self._app)
        if self._controller.exitcode:
            raise NotAvailable(f"Celery's worker ended with {self._controller.exitcode}: see its log")

    def stop(self) -> None:
        """Let Celery's worker end warmly: it looks at this flag of its own once a second."""
        state.should_stop = 0  # type: ignore[assignment]

    async def _dispatch(self) -> None:
        looked_s = time.monotonic()
        while True:
            try:
                if time.monotonic() - looked_s > self._lease_s:
                    looked_s = time.monotonic()
                    if not await self._sender.waiting():
                        await self._records.stranded(DISPATCH_MAX)
                mark, due = await self._records.due(DISPATCH_MAX)
                if due:
                    await self._sender.send(due)
                    await self._records.sent(mark, [id for id, _ in due])
                    continue
            except HomeostatError as error:
                event("jobs.dispatch_failed", reason=type(error).__name__)
            await asyncio.sleep(DISPATCH_INTERVAL_S)
