"""PostgreSQL's pool against real servers: nothing is lost in storms, and it recovers by itself."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
import pytest

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.runtime.pools import postgres_pool
from homeostat.runtime.pools.health import Health
from homeostat.runtime.pools.postgres_liveness import answers
from homeostat.runtime.pools.postgres_pool import Connection, PostgresPool
from homeostat.runtime.pools.unreachable import Unreachable
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import eventually
from homeostat.testing.faults.proxy import FaultProxy, Faults

AWAY = "postgresql://ann:hunter2secret@127.0.0.1:9/shop"


def played(main: Callable[[BareHost], Awaitable[None]], host: BareHost | None = None) -> BareHost:
    host = host or BareHost(SystemClock())

    async def run() -> None:
        await main(host)

    asyncio.run(run())
    return host


async def one(pool: PostgresPool, statement: str = "SELECT pg_backend_pid()") -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute(statement.encode())).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def backends(url: str, name: str, query: str = "%") -> int:
    """How many connections of a pool the server has, once those that end have ended, by their last query."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND query LIKE %s"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(count, (name, query)).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def test_connections_are_kept_and_no_more_are_in_use_than_the_size_says(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 3, wait_max_s=60.0)
        found = await asyncio.gather(*(one(pool) for _ in range(30)))
        assert len(set(found)) == pool.open == 3
        assert (pool.in_use, pool.waiting) == (0, 0)
        await pool.aclose()
        assert pool.open == 0

    host = played(main)
    assert host.snapshot("pool.in_use", pool="db").maximum == 3.0
    assert host.snapshot("pool.wait", pool="db").count == 30


def test_a_block_is_a_transaction(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 1)
        async with pool.connection() as connection:
            await connection.execute("CREATE TABLE kept (n int)")

        async def write_and_fail() -> None:
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO kept VALUES (1)")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await write_and_fail()
        assert await one(pool, "SELECT count(*)::int FROM kept") == 0
        assert pool.open == 1
        await pool.aclose()

    played(main)


def test_the_size_can_be_turned_while_connections_are_in_use(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 2, wait_max_s=60.0)
        host.knob_set.pin("db_size", 6)
        await asyncio.gather(*(one(pool, "SELECT 1 FROM pg_sleep(0.05)") for _ in range(6)))
        assert pool.open == 6
        host.knob_set.pin("db_size", 2)
        await one(pool)
        assert pool.open == 2
        await eventually(lambda: backends(postgres_url, "db") == 2)
        await pool.aclose()

    assert played(main).snapshot("pool.in_use", pool="db").maximum == 6.0


def test_who_finds_no_connection_waits_and_is_told_when_to_come_back(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 1, wait_max_s=0.05, queue_max=1)
        async with pool.connection():
            waits = asyncio.create_task(one(pool))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded) as refused:
                await one(pool)
            assert 0.0 <= refused.value.retry_after_s < 60.0
            with pytest.raises(Overloaded, match="the wait was too long"):
                await waits
            with pytest.raises(TimeoutError):  # cut off, or refused where this machine stood still before
                async with within(host, 0.01):
                    await one(pool)
        assert await one(pool)
        await pool.aclose()

    played(main)


def test_past_its_deadline_nobody_gets_a_connection(postgres_url: str) -> None:
    clock = ManualClock()

    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 1)
        with within(host, 1.0):
            clock.advance(2.0)
            with pytest.raises(DeadlinePassed):
                await one(pool)
        assert (pool.in_use, pool.open) == (0, 0)
        await pool.aclose()

    played(main, BareHost(clock))


@pytest.mark.parametrize("seed", range(4))
def test_no_slot_and_no_connection_is_lost_in_a_storm_of_cancellations(postgres_url: str, seed: int) -> None:
    rng = random.Random(seed)

    async def caller(pool: PostgresPool) -> None:
        with suppress(TimeoutError, Overloaded):
            async with asyncio.timeout(rng.uniform(0.0, 0.08)):
                async with pool.connection() as connection:
                    await connection.execute("SELECT pg_sleep(%s)", (rng.uniform(0.0, 0.03),))

    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 4, wait_max_s=60.0, idle_s=0.000_001)
        for _ in range(4):
            calls = [asyncio.create_task(caller(pool)) for _ in range(25)]
            for call in calls:
                await asyncio.sleep(rng.uniform(0.0, 0.005))
                host.knob_set.pin("db_size", rng.randint(1, 4))
                for _ in range(rng.randint(0, 2)):  # twice in a row: also while it tidies up
                    rng.choice(calls).cancel()
                assert pool.in_use <= 4
                assert call is not None
            await asyncio.gather(*calls, return_exceptions=True)
        await eventually(lambda: pool.in_use + pool.waiting == 0)
        host.knob_set.pin("db_size", 4)
        pids = await asyncio.gather(*(one(pool) for _ in range(20)))
        assert len(set(pids)) <= pool.open <= 4
        await pool.aclose()
        await eventually(lambda: backends(postgres_url, "db") == 0)

    played(main)


def test_a_connection_that_the_server_ended_is_never_handed_out(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", postgres_url, 2)
        pid = await one(pool)
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert await one(pool) != pid
        await pool.aclose()

    assert played(main).total("pool.connections_died", pool="db") == 1.0


def test_a_connection_that_was_idle_is_asked_and_closed_when_it_was_so_for_long(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    asked = []

    async def counted(connection: Connection, timeout_s: float) -> bool:
        asked.append(connection)
        return await answers(connection, timeout_s)

    monkeypatch.setattr(postgres_pool, "answers", counted)

    async def main(host: BareHost) -> None:
        with FaultProxy(int(postgres_url.rpartition(":")[2].split("/")[0])) as proxy:
            pool = PostgresPool(
                host, "db", proxy.through(postgres_url), 3, timeout_s=60.0, idle_s=10.0, wait_max_s=60.0
            )
            await asyncio.gather(*(one(pool, "SELECT 1 FROM pg_sleep(0.05)") for _ in range(3)))
            assert pool.open == 3
            clock.advance(11.0)
            proxy.faults = Faults(black_hole=True)
            with monkeypatch.context() as silent:
                silent.setattr(pool, "_timeout_s", 0.5)
                with pytest.raises(Unreachable, match=r"silent for 0\.5 s"):
                    await one(pool)
            assert len(asked) == 1, "one time-out to ask and one to connect, not one for each"
            assert (pool.open, pool.in_use) == (0, 0)
            proxy.faults = Faults()
            assert await one(pool)
            clock.advance(301.0)
            async with pool.connection(), pool.connection():
                pass
            assert pool.open == 2
            await pool.aclose()

    assert played(main, BareHost(clock)).total("pool.connections_died", pool="db") == 3.0


def test_who_gives_up_on_a_silent_server_leaves_at_once_and_the_slot_comes_back(postgres_url: str) -> None:
    async def main(host: BareHost) -> None:
        with FaultProxy(int(postgres_url.rpartition(":")[2].split("/")[0])) as proxy:
            pool = PostgresPool(host, "db", proxy.through(postgres_url), 1, timeout_s=30.0, idle_s=0.000_001)
            assert await one(pool)
            proxy.faults = Faults(black_hole=True)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await one(pool)
            assert pool.in_use == 1, "the slot is taken until the attempt is over"
            proxy.faults = Faults()
            await eventually(lambda: pool.in_use == 0)
            assert await one(pool)
            await pool.aclose()

    played(main)


def test_a_server_that_is_away_is_said_at_once_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main(host: BareHost) -> None:
        pool = PostgresPool(host, "db", AWAY)
        with pytest.raises(Unreachable, match=r"'db' got no connection: .*refused") as away:
            await one(pool)
        with pytest.raises(Unreachable):
            await pool.check()
        assert isinstance(away.value, ConnectionError)
        shown = f"{away.value!r} {away.value.__cause__!r} {pool!r} {vars(host.registry)!r} {caplog.text}"
        assert "hunter2secret" not in shown
        assert caplog.text.count("pool.unreachable pool='db' reason='OperationalError'") == 1, (
            "once an outage"
        )
        assert pool.in_use == 0
        await pool.aclose()

    played(main)


@pytest.mark.parametrize(
    "url", ["mysql://ann:hunter2secret@h/d", "postgresql://ann:hunter2secret@h:x:y/d?%zz"]
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        PostgresPool(BareHost(), "db", url)
    assert "hunter2secret" not in f"{refused.value} {refused.value.__cause__!r}"


def test_a_pool_belongs_to_one_event_loop(postgres_url: str) -> None:
    host = BareHost(SystemClock())
    pool = PostgresPool(host, "db", postgres_url)

    async def use() -> None:
        await one(pool)
        await pool._close(pool._idle.pop())

    asyncio.run(use())
    with pytest.raises(ConfigError, match="another event loop"):
        asyncio.run(one(pool))


@pytest.mark.long
def test_it_recovers_by_itself_after_the_server_was_killed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="homeostat")

    async def main(host: BareHost) -> None:
        with servers.postgres({"fsync": "off"}) as server:
            pool = PostgresPool(host, "db", server.url, 4, wait_max_s=60.0)
            async with Health(host, [pool], interval_s=0.1, timeout_s=30.0) as health:
                assert health.report().ready
                await asyncio.gather(*(one(pool, "SELECT 1 FROM pg_sleep(0.05)") for _ in range(4)))
                in_it = asyncio.create_task(one(pool, "SELECT 1 FROM pg_sleep(60)"))
                await eventually(lambda: backends(server.url, "db", "%pg_sleep(60)") == 1)
                await asyncio.to_thread(server.kill)
                with pytest.raises(psycopg.OperationalError):
                    await in_it
                with pytest.raises(Unreachable):
                    await one(pool)
                await eventually(lambda: not health.report().ready)
                assert health.report().pools["db"].error == "Unreachable"
                await asyncio.to_thread(server.start)
                assert await one(pool, "SELECT 1") == 1, "the first call after it is back"
                await eventually(lambda: health.report().ready)
            assert pool.in_use == 0
            await pool.aclose()

    try:
        host = played(main)
    except servers.NotInstalled as error:
        pytest.skip(str(error))
    assert {0.0, 1.0} == {
        host.snapshot("pool.healthy", pool="db").minimum,
        host.snapshot("pool.healthy", pool="db").maximum,
    }
    assert caplog.text.count("pool.unhealthy pool='db'") == 1
    assert caplog.text.count("pool.healthy_again pool='db'") == 1
