"""Tiers: Redis, SQLite and PostgreSQL keep what they are given, and what is away costs its time-out once."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.cache.cache import Cache
from homeostat.runtime.cache.lifetime import Lifetime
from homeostat.runtime.cache.serialiser import json, msgpack
from homeostat.runtime.cache.tiers.per_loop import PerLoop
from homeostat.runtime.cache.tiers.postgres_tier import PostgresTier
from homeostat.runtime.cache.tiers.redis_tier import RedisTier
from homeostat.runtime.cache.tiers.sqlite_tier import SqliteTier
from homeostat.runtime.cache.tiers.tier import Item
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.cache_tier_contract import check_tier
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import eventually
from homeostat.testing.forked import forked
from homeostat.testing.virtual_time import run_virtual


class DictTier:
    """A tier in a dict that can be away or slow, and counts its calls."""

    failures: tuple[type[Exception], ...] = (ConnectionError,)
    timeout_s = 0.05

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.away = self.slow = False
        self.calls = self.pauses = 0

    async def _call(self) -> None:
        self.calls += 1
        if self.slow:
            await asyncio.sleep(60)
        if self.away:
            raise ConnectionError("away")

    async def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        await self._call()
        found = [self.kept.get(key) for key in keys]
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        return found

    async def put_many(self, items: Sequence[Item]) -> None:
        await self._call()
        self.kept.update({item.key: item.body for item in items})

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        await self._call()
        for key in keys:
            self.kept.pop(key, None)


async def probed() -> None:
    """Let a probe of a tier that answers at once end."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_sqlite_keeps_what_it_is_given(tmp_path: Path) -> None:
    clock = ManualClock()

    async def main() -> None:
        tier = SqliteTier(tmp_path / "cache.db", clock=clock)

        async def wait(seconds: float) -> None:
            clock.advance(seconds)

        await check_tier(tier, wait)
        await tier.close()
        again = SqliteTier(tmp_path / "cache.db", clock=clock)
        assert list(await again.get_many([b"b"])) == [b"\x00\xff"]
        await again.close()

    asyncio.run(main())


def test_a_forked_child_uses_the_file_by_itself(tmp_path: Path) -> None:
    cache: Cache[int] = Cache(BareHost(), "c", store=SqliteTier(tmp_path / "cache.db"))
    cache.sync.set("parent", 1)

    def child() -> None:
        cache.memory.delete("parent")
        cache.sync.set("child", 2)
        assert cache.sync.get("parent") == 1

    assert forked(child) == 0
    assert cache.sync.get("child") == 2
    cache.sync.close()


def test_redis_keeps_what_it_is_given(redis_url: str) -> None:
    async def main() -> None:
        tier = RedisTier(redis_url, timeout_s=30)
        await check_tier(tier, asyncio.sleep)
        await tier.close()

    asyncio.run(main())


def test_postgres_keeps_what_it_is_given(postgres_url: str) -> None:
    async def main() -> None:
        tier = PostgresTier(postgres_url, timeout_s=30)
        await check_tier(tier, asyncio.sleep)
        await tier.close()

    asyncio.run(main())


def test_tables_are_held_to_their_bounds(tmp_path: Path, postgres_url: str) -> None:
    async def main() -> None:
        small: list[SqliteTier | PostgresTier] = [
            SqliteTier(tmp_path / "cache.db", rows_max=100),
            PostgresTier(postgres_url, timeout_s=30, rows_max=100),
        ]
        for tier in small:
            for i in range(10):
                await tier.put_many([Item(b"%d-%d" % (i, j), b"v", 60_000 + i) for j in range(50)])
            found = await tier.get_many([b"%d-%d" % (i, j) for i in range(10) for j in range(50)])
            assert sum(body is not None for body in found) == 100
            assert all(body is not None for body in found[-100:]), "those go first whose time is over next"
            await tier.close()

    asyncio.run(main())


def test_what_belongs_to_a_loop_goes_with_it() -> None:
    made: PerLoop[object] = PerLoop(object)

    async def use() -> bool:
        return made.get() is made.get()

    assert all(asyncio.run(use()) for _ in range(5))
    assert len(made._made) == 1


def test_addresses_and_files_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for address in ("http://me:secret@127.0.0.1", "redis://me:secret@127.0.0.1:port"):
        with pytest.raises(ConfigError, match="redis://") as refused:
            RedisTier(address)
        assert "secret" not in str(refused.value)
    for address in ("mysql://me:secret@127.0.0.1", "postgresql://me:secret@127.0.0.1/%zz"):
        with pytest.raises(ConfigError, match="postgresql://") as refused:
            PostgresTier(address)
        assert "secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="timeout_s"):
        RedisTier("redis://127.0.0.1", timeout_s=0)
    with pytest.raises(ConfigError, match="nowhere"):
        SqliteTier(tmp_path / "nowhere" / "cache.db")


def test_leases_are_one_at_a_time_and_only_their_holder_renews_and_releases(redis_url: str) -> None:
    async def main() -> None:
        tier = RedisTier(redis_url, timeout_s=30)
        assert await tier.acquire(b"k", b"me", 60_000)
        assert not await tier.acquire(b"k", b"you", 60_000)
        assert not await tier.renew(b"k", b"you", 60_000)
        await tier.release(b"k", b"you")
        assert await tier.renew(b"k", b"me", 40)
        await asyncio.sleep(0.1)
        assert not await tier.renew(b"k", b"me", 40)
        assert await tier.acquire(b"k", b"you", 60_000)
        await tier.release(b"k", b"you")
        assert await tier.acquire(b"k", b"me", 60_000)
        await tier.close()

    asyncio.run(main())


class Profile(msgspec.Struct):
    name: str
    age: int


@pytest.mark.parametrize("form", [msgpack(Profile), json(Profile)], ids=["msgpack", "json"])
def test_values_come_back_from_a_shared_tier_as_what_they_were(form: object) -> None:
    tier = DictTier()
    for tenant in ("a", "b"):
        writer: Cache[Profile] = Cache(BareHost(), "profiles", redis=tier, serialiser=form)  # type: ignore[arg-type]
        writer.tenant(tenant).sync.set("k", Profile(tenant, 1))
        writer.sync.close()
    host = BareHost()
    reader: Cache[Profile] = Cache(host, "profiles", redis=tier, serialiser=form)  # type: ignore[arg-type]
    assert [reader.tenant(t).sync.get("k") for t in "abc"] == [Profile("a", 1), Profile("b", 1), None]
    assert reader.sync.get("k") is None
    assert host.total("cache.hits", tier="redis") == 2
    assert not any(key == b"k" or b"tenant" in key for key in tier.kept)
    other: Cache[Profile] = Cache(BareHost(), "profiles", redis=tier, version="2")
    assert other.tenant("a").sync.get("k") is None
    for each in (reader, other):
        each.sync.close()


def test_what_is_not_of_the_type_any_more_is_loaded_anew(tmp_path: Path) -> None:
    tier, host = DictTier(), BareHost()
    before: Cache[object] = Cache(BareHost(), "c", redis=tier)
    before.sync.set("k", {"name": "Ann"})
    cache: Cache[Profile] = Cache(host, "c", redis=tier, serialiser=msgpack(Profile))
    assert cache.sync.load("k", lambda: Profile("Ann", 3)) == Profile("Ann", 3)
    assert host.total("cache.undecodable") == 1
    for key in tier.kept:
        tier.kept[key] = b"\xc1 rubbish"
    third: Cache[Profile] = Cache(host, "c", redis=tier, serialiser=msgpack(Profile))
    assert third.sync.get("k") is None
    for each in (before, cache, third):
        each.sync.close()


def test_a_value_that_has_no_bytes_is_refused_with_the_remedy() -> None:
    cache: Cache[object] = Cache(BareHost(), "c", redis=DictTier())
    with pytest.raises(InputError, match="serialiser"):
        cache.sync.set("k", object())
    cache.sync.close()


def test_a_slow_tier_costs_its_time_out_once_and_is_asked_again_beside_the_callers() -> None:
    tier, clock = DictTier(), ManualClock()
    host = BareHost(clock)
    cache: Cache[int] = Cache(host, "c", redis=tier)

    async def main() -> None:
        await cache.set("k", 1)
        await cache.set("other", 2)
        cache.memory.delete("other")
        tier.slow = True
        calls = tier.calls
        began_s = asyncio.get_running_loop().time()
        assert await cache.get("none") is None
        for i in range(50):
            assert await cache.get(f"none{i}") is None
            await cache.set(f"new{i}", i)
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(tier.timeout_s, rel=1e-3)
        assert tier.calls == calls + 1
        assert host.total("cache.tier.skipped", tier="redis") == 100
        assert host.total("cache.tier.errors") == 1
        assert await cache.get("k") == 1, "memory goes on"

        clock.advance(1.1)
        assert await cache.get("none") is None, "the probe runs beside the caller"
        await asyncio.sleep(2 * tier.timeout_s)
        assert tier.calls == calls + 2
        tier.slow = False
        clock.advance(1.1)
        await cache.get("none")
        assert tier.calls == calls + 2, "it rests twice as long"
        clock.advance(1.1)
        await cache.get("none")
        await probed()
        assert await cache.get("other") == 2

    run_virtual(main())


def test_many_calls_that_fail_at_once_are_one_failure() -> None:
    tier, clock = DictTier(), ManualClock()
    cache: Cache[int] = Cache(BareHost(clock), "c", redis=tier)
    guard = cache._core.tiers.guards[0] if cache._core.tiers is not None else None
    assert guard is not None

    async def main() -> None:
        tier.slow = True
        await asyncio.gather(*(cache.get(f"k{i}") for i in range(50)))
        assert guard.resting
        tier.slow = False
        clock.advance(1.01)
        await cache.get("none")
        await probed()
        assert not guard.resting, "it rests for a second, however many failed"

    run_virtual(main())


def test_stamps_that_were_asked_for_before_an_invalidation_do_not_undo_it() -> None:
    tier, clock = DictTier(), ManualClock()
    cache: Cache[int] = Cache(BareHost(clock), "c", redis=tier)

    async def main() -> None:
        await cache.set("k", 1, tags=["t"])
        cache.memory.delete("k")
        clock.advance(2)
        tier.pauses = 5
        reading = asyncio.ensure_future(cache.get("k"))
        for _ in range(8):
            await asyncio.sleep(0)  # it has the value, and waits for the stamp
        await cache.invalidate("t")
        await reading
        assert await cache.get("k") is None

    run_virtual(main())


def test_what_a_tier_missed_while_it_was_away_is_made_up_for_before_it_is_read() -> None:
    tier, clock = DictTier(), ManualClock()
    cache: Cache[int] = Cache(BareHost(clock), "c", redis=tier)
    other: Cache[int] = Cache(BareHost(clock), "c", redis=tier)

    async def main() -> None:
        await cache.set("changed", 1)
        await cache.set("deleted", 1)
        await cache.set("tagged", 1, tags=["t"])
        tier.away = True
        await cache.set("changed", 2)
        await cache.delete("deleted")
        await cache.invalidate("t")
        tier.away = False
        clock.advance(5)
        await cache.get("none")
        await probed()
        await cache.get("none")
        assert [await other.get(k) for k in ("changed", "deleted", "tagged")] == [None, None, None]
        assert await cache.get("changed") == 2

    run_virtual(main())


def test_a_value_that_is_deleted_while_it_is_read_does_not_come_back_to_memory() -> None:
    tier = DictTier()
    cache: Cache[int] = Cache(BareHost(), "c", redis=tier)

    async def main() -> None:
        await cache.set("k", 1)
        cache.memory.delete("k")
        tier.pauses = 5
        reading = asyncio.ensure_future(cache.get("k"))
        await asyncio.sleep(0)
        await cache.delete("k")
        assert await reading == 1
        assert await cache.get("k") is None

    run_virtual(main())


def test_a_stamp_that_a_tier_is_owed_does_not_replace_a_newer_one() -> None:
    tier, clock = DictTier(), ManualClock()
    cache: Cache[int] = Cache(BareHost(clock), "c", redis=tier)
    guard = cache._core.tiers.guards[0] if cache._core.tiers is not None else None
    assert guard is not None

    async def main() -> None:
        await cache.set("k", 1, tags=["t"])
        tier.away = True
        await cache.invalidate("t")
        tier.away = False
        clock.advance(2)
        await cache.get("none")
        await probed()
        await cache.invalidate("t")  # written at once, before the one that is owed
        newest = dict(tier.kept)
        await cache.get("none")
        assert {key: tier.kept[key] for key in newest} == newest

    run_virtual(main())


def test_writing_behind_goes_on_after_a_close() -> None:
    tier = DictTier()
    cache: Cache[int] = Cache(BareHost(), "c", redis=tier, write_behind=True)
    for i in range(3):
        cache.sync.set(f"k{i}", i)
        cache.sync.close()
        assert len(tier.kept) == i + 1


def test_tags_reach_other_processes_within_a_second() -> None:
    tier, clock = DictTier(), ManualClock()
    here: Cache[int] = Cache(BareHost(clock), "c", redis=tier)
    there: Cache[int] = Cache(BareHost(clock), "c", redis=tier)

    async def main() -> None:
        await here.set("k", 1, tags=["t"])
        assert await there.get("k") == 1
        await here.invalidate("t")
        assert await here.get("k") is None
        clock.advance(1.01)
        assert await there.get("k") is None

        await here.set("k", 2, tags=["t"])
        clock.advance(1.01)
        assert await there.get("k") == 2
        clock.advance(30)
        assert await there.get("k") == 2
        tier.kept.clear()
        clock.advance(2)
        assert await there.get("k") is None, "a stamp that was lost is a new one"

    run_virtual(main())


def test_a_load_that_an_invalidation_elsewhere_overtook_does_not_hold() -> None:
    tier, clock = DictTier(), ManualClock()
    here: Cache[int] = Cache(BareHost(clock), "c", redis=tier)
    there: Cache[int] = Cache(BareHost(clock), "c", redis=tier)

    async def main() -> None:
        async def load() -> int:
            await there.invalidate("t")
            return 1

        assert await here.load("k", load, tags=["t"]) == 1
        assert await there.get("k") is None
        clock.advance(1.01)
        assert await here.get("k") is None

    run_virtual(main())


def test_a_value_from_a_shared_tier_keeps_its_age_and_stays_in_memory_for_a_while_only() -> None:
    tier, clock = DictTier(), ManualClock()
    writer: Cache[int] = Cache(BareHost(clock), "c", redis=tier, lifetime=Lifetime(100, jitter=0))
    reader: Cache[int] = Cache(
        BareHost(clock), "c", redis=tier, lifetime=Lifetime(100, jitter=0), memory_s=20
    )

    async def main() -> None:
        await writer.set("k", 1)
        clock.advance(50)
        assert await reader.get("k") == 1
        await writer.delete("k")
        assert await reader.get("k") == 1
        clock.advance(21)
        assert await reader.get("k") is None
        await writer.set("k", 2)
        clock.advance(99)
        assert await reader.get("k") == 2
        clock.advance(2)
        assert await reader.get("k") is None

    run_virtual(main())


def test_the_database_fills_redis_again() -> None:
    redis, store = DictTier(), DictTier()
    host = BareHost()
    first: Cache[int] = Cache(BareHost(), "c", redis=redis, store=store)

    async def main() -> None:
        await first.set("k", 1)
        redis.kept.clear()
        second: Cache[int] = Cache(host, "c", redis=redis, store=store)
        assert await second.get("k") == 1
        assert host.total("cache.hits", tier="database") == 1
        assert len(redis.kept) == 1

    run_virtual(main())


def test_write_behind_writes_many_at_once_and_close_writes_the_rest() -> None:
    tier = DictTier()
    cache: Cache[int] = Cache(BareHost(), "c", redis=tier, write_behind=True)
    for i in range(500):
        cache.sync.set(f"k{i % 250}", i)
    assert tier.calls < 20
    cache.sync.close()
    assert len(tier.kept) == 250
    assert tier.calls < 20
    reader: Cache[int] = Cache(BareHost(), "c", redis=tier)
    assert reader.sync.get("k249") == 499
    reader.sync.close()


def test_what_is_read_while_it_is_deleted_does_not_stay_in_memory() -> None:
    class LateTier(DictTier):
        async def delete_many(self, keys: Sequence[bytes]) -> None:
            await reader.get("k")
            await super().delete_many(keys)

    tier = LateTier()
    reader: Cache[int] = Cache(BareHost(), "c", redis=tier)

    async def main() -> None:
        await reader.set("k", 1)
        await reader.delete("k")
        assert await reader.get("k") is None

    asyncio.run(main())


def test_what_is_deleted_while_it_is_written_behind_stays_deleted() -> None:
    class HeldTier(DictTier):
        def __init__(self) -> None:
            super().__init__()
            self.began, self.go_on = threading.Event(), threading.Event()

        async def put_many(self, items: Sequence[Item]) -> None:
            self.began.set()
            await asyncio.to_thread(self.go_on.wait)
            await super().put_many(items)

    tier = HeldTier()
    tier.timeout_s = 30.0
    cache: Cache[int] = Cache(BareHost(), "c", redis=tier, write_behind=True)

    async def main() -> None:
        await cache.set("k", 1)
        await asyncio.to_thread(tier.began.wait)
        deleting = asyncio.create_task(cache.delete("k"))
        await asyncio.sleep(0)
        tier.go_on.set()
        await deleting
        assert not tier.kept
        assert await cache.get("k") is None
        await cache.close()

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_its_parent_writes_behind_writes_its_own(tmp_path: Path) -> None:
    cache: Cache[int] = Cache(BareHost(), "c", store=SqliteTier(tmp_path / "cache.db"), write_behind=True)
    cache.sync.set("parents", 1)

    def child() -> None:
        cache.sync.set("childs", 2)
        cache.sync.close()

    assert forked(child) == 0
    cache.sync.close()
    reader: Cache[int] = Cache(BareHost(), "c", store=SqliteTier(tmp_path / "cache.db"))
    assert (reader.sync.get("parents"), reader.sync.get("childs")) == (1, 2)
    reader.sync.close()


def test_a_killed_redis_costs_little_and_is_used_again_once_it_is_back() -> None:
    try:
        server = servers.redis()
        running = server.__enter__()
    except servers.NotInstalled as error:
        pytest.skip(str(error))
    clock = ManualClock()
    host = BareHost(clock)
    cache: Cache[int] = Cache(host, "c", redis=RedisTier(running.url, timeout_s=0.5))

    async def used() -> None:
        """Wait until Redis is used: a busy machine may be slower than the time-out."""
        assert cache._core.tiers is not None
        guard = cache._core.tiers.guards[0]
        async with asyncio.timeout(60):
            while True:
                await cache.set("k", 1)
                cache.memory.delete("k")
                if await cache.get("k") == 1 and not guard.resting:
                    return
                clock.advance(31)
                await asyncio.sleep(0.02)

    async def main() -> None:
        async def load() -> int:
            return 7

        for trouble, relief in ((running.kill, running.start), (running.pause, running.resume)):
            await used()
            trouble()
            before = host.total("cache.tier.errors", tier="redis")
            results = [await cache.load(f"{trouble.__name__}{i}", load) for i in range(200)]
            assert results == [7] * 200
            assert host.total("cache.tier.errors", tier="redis") - before == 1, "of 600 calls one was made"
            assert await cache.get("k") == 1
            relief()
        await used()
        await cache.close()

    try:
        asyncio.run(main())
    finally:
        server.__exit__(None, None, None)


class CountedRenewals(RedisTier):
    """Redis, of which it is known how often a lease was renewed."""

    renewals = 0

    async def renew(self, key: bytes, token: bytes, held_ms: int) -> bool:
        renewed = await super().renew(key, token, held_ms)
        self.renewals += renewed
        return renewed


def test_two_processes_load_once(redis_url: str) -> None:
    hosts = [BareHost(), BareHost()]
    tiers = [CountedRenewals(redis_url, timeout_s=30) for _ in hosts]
    caches: list[Cache[str]] = [
        Cache(host, "c", redis=tier, lease_s=6.0) for host, tier in zip(hosts, tiers, strict=True)
    ]
    loads: list[int] = []

    async def load() -> str:
        loads.append(1)
        await eventually(lambda: sum(tier.renewals for tier in tiers) > 0)
        return "value"

    async def main() -> None:
        callers = [asyncio.ensure_future(cache.load("k", load)) for cache in caches for _ in range(10)]
        await asyncio.sleep(0.1)
        callers[0].cancel()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert results[1:] == ["value"] * 19
        assert len(loads) == 1
        assert sum(host.total("cache.lease_waits") for host in hosts) == 1
        for cache in caches:
            await cache.close()

    asyncio.run(main())


def test_a_lease_whose_holder_died_ends_by_itself(redis_url: str) -> None:
    cache: Cache[str] = Cache(BareHost(), "c", redis=RedisTier(redis_url, timeout_s=30), lease_s=0.3)

    async def main() -> None:
        dead = RedisTier(redis_url, timeout_s=30)
        await dead.acquire(cache._core._shared_key("k"), b"dead", 300)

        async def load() -> str:
            return "value"

        assert await asyncio.wait_for(cache.load("k", load), 60) == "value"
        await dead.close()
        await cache.close()

    asyncio.run(main())


def test_threads_use_redis_and_the_database_too(redis_url: str, postgres_url: str, tmp_path: Path) -> None:
    for store in (SqliteTier(tmp_path / "cache.db"), PostgresTier(postgres_url, timeout_s=30)):
        host = BareHost()
        cache: Cache[str] = Cache(
            host, f"c_{type(store).__name__}", redis=RedisTier(redis_url, timeout_s=30), store=store
        )
        assert cache.sync.load("k", lambda: "value") == "value"
        cache.memory.delete("k")
        assert cache.sync.get("k") == "value"
        assert host.total("cache.hits", tier="redis") == 1
        cache.sync.delete("k")
        assert cache.sync.get("k") is None
        cache.sync.set("k", "tagged", tags=["t"])
        cache.sync.invalidate("t")
        assert cache.sync.get("k") is None
        cache.sync.close()


def test_a_damaged_file_is_a_tier_that_is_away(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    tier = SqliteTier(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE cache")
    connection.close()
    host = BareHost()
    cache: Cache[int] = Cache(host, "c", store=tier)
    assert cache.sync.load("k", lambda: 1) == 1
    assert host.total("cache.tier.errors", tier="database") == 1
    cache.sync.close()


def test_loops_that_end_without_closing_a_postgres_tier_do_end(postgres_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from homeostat.runtime.cache.tiers.postgres_tier import PostgresTier\n"
        "tier = PostgresTier(sys.argv[1], timeout_s=30.0)\n"
        "for _ in range(8):\n"
        "    asyncio.run(tier.get_many([b'k']))\n"
        "print('ended')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, postgres_url], capture_output=True, timeout=60, check=True
    )
    assert ran.stdout == b"ended\n"


def test_a_postgres_that_is_away_at_first_is_used_once_it_is_there() -> None:
    try:
        server = servers.postgres()
        running = server.__enter__()
    except servers.NotInstalled as error:
        pytest.skip(str(error))

    async def main() -> None:
        tier = PostgresTier(running.url, timeout_s=1.0)
        running.kill()
        with pytest.raises(tier.failures):
            await tier.get_many([b"k"])
        running.start()
        tier.timeout_s = 30.0
        await tier.put_many([Item(b"k", b"value", 60_000)])
        assert await tier.get_many([b"k"]) == [b"value"]
        await tier.close()

    try:
        asyncio.run(main())
    finally:
        server.__exit__(None, None, None)
