"""Celery as a back-end: a job is a record in Redis first, and then a message that names it.

Were the message sent by itself, a crash in between would lose the job; so the record is in an outbox until
the broker has the message, and what stays there is sent by whichever worker looks.
"""

from collections.abc import Mapping, Sequence

from homeostat.core.clock import Clock
from homeostat.core.errors import NotAvailable
from homeostat.core.log import event
from homeostat.runtime.jobs.backend import Backend, ById, Feed, Listed, Order
from homeostat.runtime.jobs.on_celery.engine import Sender, celery_app
from homeostat.runtime.jobs.on_celery.feed import Bridge, CeleryFeed
from homeostat.runtime.jobs.on_celery.redis_records import RedisRecords
from homeostat.runtime.jobs.record import Job, NewJob
from homeostat.runtime.jobs.settings import Settings


async def celery_backend(settings: Settings, clock: Clock) -> Backend:
    """Open the records; the broker is reached with the first message. Raises NotAvailable."""
    records = RedisRecords(settings.records or settings.address, settings)
    try:
        await records.check()
    except NotAvailable:
        await records.close()
        raise
    bridge = Bridge()
    app = celery_app(settings, bridge.run)
    sender = Sender(app)

    def feed(_: Mapping[str, int], concurrency: int) -> Feed:
        return CeleryFeed(app, bridge, records, sender, concurrency, settings.lease_s)

    async def close() -> None:
        await sender.close()
        await records.close()

    engine = "celery on " + ("redis" if settings.address.startswith("redis") else "rabbitmq")
    register = CeleryRegister(records, sender, clock)
    return Backend(engine, register, records, records.depth, close, feed, settings.lease_s)


class CeleryRegister:
    """The records with their messages. A message that cannot be sent now goes out later; the job is kept."""

    def __init__(self, records: RedisRecords, sender: Sender, clock: Clock) -> None:
        self._records = records
        self._sender = sender
        self._clock = clock

    async def submit(self, jobs: Sequence[NewJob]) -> Sequence[str]:
        """Keep jobs and send their messages."""
        mark, ids = await self._records.submit_marked(jobs)
        now_ns = self._clock.now_ns()
        fresh = [
            (job.id, job.priority)
            for job, id in zip(jobs, ids, strict=True)
            if job.id == id and job.due_ns <= now_ns
        ]
        try:
            await self._sender.send(fresh)
            await self._records.sent(mark, [id for id, _ in fresh])
        except NotAvailable as error:
            event("jobs.sent_later", count=len(fresh), reason=type(error).__name__)
        return ids

    async def find(self, query: ById | Listed) -> Sequence[Job]:
        """Return jobs."""
        return await self._records.find(query)

    async def order(self, order: Order, ids: Sequence[str]) -> Sequence[str]:
        """Carry out an order; what is sent again goes out with the next look into the outbox."""
        return await self._records.order(order, ids)
