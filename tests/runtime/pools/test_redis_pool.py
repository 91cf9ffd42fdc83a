"""Redis's pool against real servers: commands wait for a connection, none is lost, and it recovers."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.runtime.pools.health import Health
from homeostat.runtime.pools.redis_pool import RedisPool, SlottedConnections
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import WITHIN_S, eventually
from homeostat.testing.faults.proxy import FaultProxy, Faults


def played(main: Callable[[BareHost], Awaitable[None]], host: BareHost | None = None) -> BareHost:
    host = host or BareHost(SystemClock())

    async def run() -> None:
        await main(host)

    asyncio.run(run())
    return host


async def connected(pool: RedisPool) -> int:
    """How many clients the server has, the one that asks included."""
    info = await pool.client.info("clients")
    return int(info["connected_clients"])


def test_commands_share_as_many_connections_as_the_size_says(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 3, wait_max_s=60.0)
        before = await connected(pool)
        found = await asyncio.gather(*(pool.client.incr("n") for _ in range(50)))
        assert sorted(found) == list(range(1, 51))
        assert await connected(pool) == before + 2
        async with pool.client.pipeline() as pipe:
            pipe.set("a", "1")
            pipe.get("a")
            assert await pipe.execute() == [True, b"1"]
        assert (pool.in_use, pool.waiting) == (0, 0)
        await pool.aclose()
        with pytest.raises(ConfigError, match="pool 'kv' is closed"):
            await pool.client.get("a")

    host = played(main)
    assert host.snapshot("pool.in_use", pool="kv").maximum == 3.0


def test_a_lowered_size_closes_connections_and_a_raised_one_lets_more_through(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 1, wait_max_s=60.0)
        alone = await connected(pool)
        host.knob_set.pin("kv_size", 5)
        await asyncio.gather(*(pool.client.blpop(["nothing"], timeout=0.1) for _ in range(5)))
        assert await connected(pool) == alone + 4
        host.knob_set.pin("kv_size", 1)
        await pool.client.get("a")
        assert await connected(pool) == alone
        await pool.aclose()

    assert played(main).snapshot("pool.in_use", pool="kv").maximum == 5.0


def test_who_finds_no_connection_waits_and_is_told_when_to_come_back(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 1, wait_max_s=0.05)
        blocks: asyncio.Future[object] = asyncio.ensure_future(pool.client.blpop(["nothing"], timeout=60))
        await eventually(lambda: pool.in_use == 1)
        with pytest.raises(Overloaded) as refused:
            await pool.client.get("a")
        assert 0.0 <= refused.value.retry_after_s < 60.0
        await pool.check()  # which goes past those that wait
        blocks.cancel()
        await eventually(lambda: pool.in_use == 0)
        assert await pool.client.get("a") is None
        await pool.aclose()

    played(main)


def test_a_subscription_keeps_a_connection_until_it_is_closed(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 2)
        async with pool.client.pubsub() as news:
            await news.subscribe("news")
            assert pool.in_use == 1
            assert await pool.client.get("a") is None
            assert pool.in_use == 1
        assert pool.in_use == 0
        await pool.aclose()

    played(main)


def test_past_its_deadline_no_command_is_sent(redis_url: str) -> None:
    clock = ManualClock()

    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url)
        with within(host, 1.0):
            clock.advance(2.0)
            with pytest.raises(DeadlinePassed):
                await pool.client.set("late", "1")
        assert await pool.client.get("late") is None
        await pool.aclose()

    played(main, BareHost(clock))


@pytest.mark.parametrize("seed", range(4))
def test_no_slot_is_lost_and_no_answer_is_mixed_up_in_a_storm_of_cancellations(
    redis_url: str, seed: int
) -> None:
    rng = random.Random(seed)

    async def caller(pool: RedisPool, number: int) -> None:
        with suppress(TimeoutError, Overloaded):
            async with asyncio.timeout(rng.uniform(0.0, 0.05)):
                if rng.random() < 0.3:
                    await pool.client.blpop([f"nothing {number}"], timeout=0.02)
                assert await pool.client.echo(f"{number}") == f"{number}".encode()

    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 4, wait_max_s=60.0)
        for _ in range(4):
            calls = []
            for number in range(40):
                calls.append(asyncio.create_task(caller(pool, number)))
                await asyncio.sleep(rng.uniform(0.0, 0.003))
                host.knob_set.pin("kv_size", rng.randint(1, 4))
                for _ in range(rng.randint(0, 2)):
                    rng.choice(calls).cancel()
                assert pool.in_use <= 4
            for found in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(found, asyncio.CancelledError | None)
        await eventually(lambda: pool.in_use + pool.waiting == 0)
        host.knob_set.pin("kv_size", 4)
        echoes = await asyncio.gather(*(pool.client.echo(str(n)) for n in range(50)))
        assert echoes == [str(n).encode() for n in range(50)]
        await pool.aclose()

    played(main)


def test_who_is_cancelled_while_giving_a_connection_back_loses_none(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", redis_url, 1)
        connections = cast(SlottedConnections, pool.client.connection_pool)
        connection = await connections.get_connection()
        async with connections._lock:
            release = asyncio.create_task(connections.release(connection))
            await asyncio.sleep(0)
            release.cancel()
            await asyncio.sleep(0)
            assert pool.in_use == 1
        await eventually(lambda: pool.in_use == 0)
        assert await connections.get_connection() is connection
        await connections.release(connection)
        await pool.aclose()

    played(main)


async def answered(pool: RedisPool) -> None:
    """Return once Redis answered: a busy machine may be slower than the time-out."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            with suppress(RedisTimeoutError):
                assert await pool.client.ping()
                return


def test_a_silent_server_costs_its_time_out(redis_url: str) -> None:
    async def main(host: BareHost) -> None:
        with FaultProxy(int(redis_url.rpartition(":")[2].split("/")[0])) as proxy:
            pool = RedisPool(host, "kv", proxy.through(redis_url), timeout_s=1.0)
            await answered(pool)
            proxy.faults = Faults(black_hole=True)
            with pytest.raises(RedisTimeoutError):
                await pool.client.get("a")
            assert pool.in_use == 0
            proxy.faults = Faults()
            await answered(pool)
            await pool.aclose()

    played(main)


def test_it_recovers_by_itself_after_the_server_was_killed() -> None:
    async def main(host: BareHost) -> None:
        with servers.redis() as server:
            pool = RedisPool(host, "kv", server.url, 4, wait_max_s=60.0)
            await asyncio.gather(*(pool.client.incr("n") for _ in range(20)))
            async with Health(host, [pool], interval_s=0.1, timeout_s=30.0) as health:
                assert health.report().ready
                await asyncio.to_thread(server.kill)
                for _ in range(5):
                    with pytest.raises(RedisConnectionError):
                        await pool.client.get("n")
                await eventually(lambda: not health.report().ready)
                await asyncio.to_thread(server.start)
                assert await pool.client.incr("n") == 1, "the first command after it is back"
                await eventually(lambda: health.report().ready)
            assert pool.in_use == 0
            await pool.aclose()

    try:
        played(main)
    except servers.NotInstalled as error:
        pytest.skip(str(error))


def test_an_address_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main(host: BareHost) -> None:
        pool = RedisPool(host, "kv", "redis://ann:hunter2secret@127.0.0.1:9/0")
        with pytest.raises(RedisConnectionError) as away:
            await pool.client.get("a")
        assert "hunter2secret" not in f"{away.value!r} {pool!r} {pool.client!r} {caplog.text}"
        assert pool.in_use == 0
        await pool.aclose()

    played(main)
    for url in ("http://ann:hunter2secret@h/0", "redis://ann:hunter2secret@h:port/0"):
        with pytest.raises(ConfigError) as refused:
            RedisPool(BareHost(), "kv", url)
        assert "hunter2secret" not in f"{refused.value} {refused.value.__cause__!r}"
