"""A server that goes away and comes back costs time, and no job."""

import asyncio
from contextlib import ExitStack

import pytest
import redis

from homeostat.core.clock import SystemClock
from homeostat.core.errors import HomeostatError, NotAvailable
from homeostat.runtime.jobs import Handle
from homeostat.runtime.jobs.on_celery.backend import celery_backend
from homeostat.runtime.jobs.on_celery.feed import REJECT_PAUSE_S
from homeostat.runtime.jobs.record import NewJob
from homeostat.runtime.jobs.settings import Settings
from homeostat.testing import servers
from homeostat.testing.jobs_contract import Address, Page, Shop, Shops, working

pytestmark = [
    pytest.mark.long,
    # Celery speaks of a setting to come whenever it loses its broker.
    pytest.mark.filterwarnings("ignore::celery.exceptions.CPendingDeprecationWarning"),
]

COUNT = 20
BACK_S = 90.0


async def enqueued(app: Shop, names: list[str]) -> list[Handle[Page]]:
    """Enqueue until it is taken, as an application would that must not lose its jobs: with keys."""
    calls = [app.page.call(name).options(key=name) for name in names]
    for _ in range(60):
        try:
            return await app.jobs.enqueue_many(calls)
        except HomeostatError:
            await asyncio.sleep(0.5)
    raise AssertionError("the server did not come back")


async def result(handle: Handle[Page]) -> Page:
    """Wait for a result over an outage."""
    async with asyncio.timeout(BACK_S):
        while True:
            try:
                return await handle.result()
            except servers.ServerError:
                raise
            except HomeostatError:
                await asyncio.sleep(0.5)


def outage(shops: Shops, server: servers.Server) -> None:
    """Enqueue before, while and after a server is away; all jobs are done."""

    async def run() -> None:
        async with working(shops(lease_s=3.0)) as (app, _):
            before = await enqueued(app, [f"before {n}" for n in range(COUNT)])
            server.kill()
            during = asyncio.create_task(enqueued(app, [f"during {n}" for n in range(COUNT)]))
            await asyncio.sleep(2.0)
            await asyncio.to_thread(server.start)
            after = await enqueued(app, [f"after {n}" for n in range(COUNT)])
            for handle in [*before, *(await during), *after]:
                assert (await result(handle)).words == 3

    shops.play(run())


def test_postgresql() -> None:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.postgres())
        except servers.NotInstalled as error:
            pytest.skip(str(error))
        outage(Shops(Address(server.url)), server)


def test_rabbitmq(redis_url: str) -> None:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.rabbitmq())
        except servers.NotInstalled as error:
            pytest.skip(str(error))
        outage(Shops(Address(server.url, records=redis_url)), server)


def test_redis_with_the_records_of_jobs_on_rabbitmq(rabbitmq_url: str) -> None:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.redis(durable=True))
        except servers.NotInstalled as error:
            pytest.skip(str(error))
        outage(Shops(Address(rabbitmq_url, records=server.url)), server)


def test_redis_as_broker_and_records() -> None:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.redis(durable=True))
        except servers.NotInstalled as error:
            pytest.skip(str(error))
        outage(Shops(Address(server.url)), server)


def test_a_message_that_the_broker_lost_is_sent_again(redis_url: str) -> None:
    shops = Shops(Address(redis_url))

    async def run() -> None:
        app = shops(lease_s=1.0)
        handle = await app.jobs.enqueue(app.page.call("lost"))
        with redis.Redis.from_url(redis_url) as client:
            queues = client.keys("homeostat.jobs.homeostat.jobs*")
            assert [client.llen(queue) for queue in queues] == [1]
            client.delete(*queues)
        async with working(app):
            assert (await handle.result(60.0)).title == "lost"

    shops.play(run())


def test_a_worker_that_could_give_none_of_its_messages_back_gets_them_again() -> None:
    """All that the worker may hold at once is rejected while Redis is away, and the rejections fail."""
    delivered: list[str] = []

    async def run(server: servers.Server) -> None:
        first = asyncio.Event()
        settings = Settings("away", server.url, "", lease_s=3.0, waiting_max=10, kept_max=10)
        backend = await celery_backend(settings, SystemClock())
        assert backend.feed is not None
        feed = backend.feed({}, 1)

        async def deliver(id: str) -> float:
            delivered.append(id)
            if len(delivered) > 1:
                feed.stop()
                return 0.0
            await asyncio.to_thread(server.kill)
            first.set()
            raise NotAvailable("Redis is away")

        await backend.register.submit([NewJob("a", "page", "{}", "", 4, 0, 0, 0)])
        serving = asyncio.create_task(feed.serve(deliver))
        await first.wait()
        await asyncio.sleep(2 * REJECT_PAUSE_S)
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(BACK_S):
            await serving
        await backend.close()

    with ExitStack() as stack:
        try:
            server = stack.enter_context(servers.redis(durable=True))
        except servers.NotInstalled as error:
            pytest.skip(str(error))
        asyncio.run(run(server))
    assert delivered == ["a", "a"]
