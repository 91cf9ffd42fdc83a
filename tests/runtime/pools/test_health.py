"""Health: checks now and then, keeps the last result with its age, and is not ready on old news."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.pools.health import Health, HealthReport
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


class Pool:
    """A pool that is as well as it is told to be."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wrong: Exception | None = None
        self.takes_s = 0.0
        self.checks = 0

    async def check(self) -> None:
        self.checks += 1
        await asyncio.sleep(self.takes_s)
        if self.wrong is not None:
            raise self.wrong


def played(main: Callable[[BareHost, Pool, Pool], Awaitable[None]]) -> BareHost:
    loop = VirtualLoop()
    host = BareHost(loop)

    async def run() -> None:
        await main(host, Pool("db"), Pool("kv"))

    run_virtual(run(), loop)
    return host


def test_it_checks_at_each_interval_which_can_be_turned() -> None:
    async def main(host: BareHost, db: Pool, kv: Pool) -> None:
        async with Health(host, [db, kv], interval_s=10.0):
            assert (db.checks, kv.checks) == (1, 1)
            await asyncio.sleep(35.0)
            assert (db.checks, kv.checks) == (4, 4)
            host.knob_set.pin("health_interval_s", 1.0)
            await asyncio.sleep(5.5)  # the round that waits keeps to the old one
            assert db.checks == 5
            await asyncio.sleep(9.0)
            assert db.checks == 14
        before = db.checks
        await asyncio.sleep(100.0)
        assert db.checks == before

    host = played(main)
    assert host.snapshot("pool.healthy", pool="db").minimum == 1.0


def test_one_ill_pool_makes_all_unready_and_says_what_it_raised_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def main(host: BareHost, db: Pool, kv: Pool) -> None:
        health = Health(host, [db, kv])
        db.wrong = ConnectionRefusedError("password hunter2secret")
        report = await health.check()
        assert not report.ready
        assert (report.pools["db"].healthy, report.pools["kv"].healthy) == (False, True)
        assert report.pools["db"].error == "ConnectionRefusedError"
        assert b"hunter2secret" not in msgspec.json.encode(report)
        assert not (await health.check()).ready
        db.wrong = None
        assert (await health.check()).ready
        assert host.snapshot("pool.healthy", pool="db").last == 1.0

    assert played(main).snapshot("pool.healthy", pool="db").minimum == 0.0
    assert caplog.text.count("pool.unhealthy pool='db' reason='ConnectionRefusedError'") == 1
    assert caplog.text.count("pool.healthy_again pool='db'") == 1
    assert "hunter2secret" not in caplog.text


def test_a_check_that_hangs_is_cut_and_does_not_hold_up_the_others() -> None:
    async def main(host: BareHost, db: Pool, kv: Pool) -> None:
        db.takes_s = 1e6
        report = await Health(host, [db, kv], timeout_s=2.0).check()
        assert report.pools["db"].error == "TimeoutError"
        assert report.pools["kv"].healthy
        assert asyncio.get_running_loop().time() == pytest.approx(2.0, abs=0.01)

    played(main)


def test_nothing_known_and_old_news_are_not_ready() -> None:
    async def main(host: BareHost, db: Pool, kv: Pool) -> None:
        health = Health(host, [db, kv], interval_s=10.0, timeout_s=5.0)
        assert health.report() == HealthReport(False, {})
        assert (await health.check()).ready
        await asyncio.sleep(44.0)
        assert health.report().ready
        assert health.report().pools["db"].age_s == pytest.approx(44.0, abs=0.01)
        await asyncio.sleep(2.0)
        assert not health.report().ready
        assert health.report().pools["db"].healthy

    played(main)


def test_what_it_cannot_watch_is_refused() -> None:
    with pytest.raises(ConfigError, match="different names"):
        Health(BareHost(), [Pool("db"), Pool("db")])
    with pytest.raises(ConfigError, match="different names"):
        Health(BareHost(), [])
    with pytest.raises(ConfigError, match="timeout_s"):
        Health(BareHost(), [Pool("db")], timeout_s=0.0)
