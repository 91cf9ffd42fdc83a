"""Claims about a bus whose Redis is away: it is tried again, and what was told meanwhile arrives."""

import asyncio
from collections.abc import Iterator

import pytest

from homeostat.core.clock import SystemClock
from homeostat.core.errors import NotAvailable
from homeostat.runtime.bus import Bus
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.bus_contract import Said
from homeostat.testing.eventually import eventually

pytestmark = pytest.mark.long


@pytest.fixture
def server() -> Iterator[servers.Server]:
    try:
        with servers.redis(durable=True) as server:
            yield server
    except servers.NotInstalled as error:
        pytest.skip(str(error))


def test_what_is_told_while_redis_is_away_arrives_once_it_is_back(server: servers.Server) -> None:
    host = BareHost(SystemClock())
    got: list[Said] = []

    async def scene() -> None:
        bus = Bus(host, server.url, lease_s=0.4)
        said = bus.kind(Said, "said", key=lambda e: e.person)
        bus.on(said, "a")(got.append)
        serving = asyncio.create_task(bus.serve())
        with pytest.raises(NotAvailable):
            await bus.publish(Said("ann", 0))
        bus.tell(Said("ann", 1))
        await asyncio.to_thread(server.start)
        await eventually(lambda: len(got) == 1)
        await asyncio.to_thread(server.kill)
        bus.tell(Said("ann", 2))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)
        await eventually(lambda: Said("ann", 2) in got)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await bus.close()

    server.stop()
    asyncio.run(scene())
    assert got[0] == Said("ann", 1)
    assert host.losses.totals()["bus.engine_failed"] >= 1
