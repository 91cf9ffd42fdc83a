"""The contract of bounds: what a bus takes, how long it keeps it, and what it refuses."""

import asyncio

import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.bus import Bus, BusFull
from homeostat.testing.bus_contract.town import OnABus, Said, Town, by_person


class BoundsContract(OnABus):
    """What holds for a bus that is full, or is told what makes no sense."""

    def test_a_publisher_waits_for_a_slow_subscriber_and_then_is_told_which(self, town: Town) -> None:
        async def scene() -> None:
            process = town(lag_max=10)
            goes_on = asyncio.Event()

            @process.bus.on(process.said, "slow")
            async def took(event: Said) -> None:
                await goes_on.wait()
                process.got.append(event)

            async with process.serving():
                for n in range(10):
                    await process.bus.publish(Said("ann", n))
                with pytest.raises(BusFull, match=r"'slow' of bus .* has 10 .* lag_max=10.* waited 0\.1 s"):
                    await process.bus.publish(Said("ann", 10), wait_s=0.1)
                refused = process.host.total("bus.refused", bus=process.bus.settings.name)
                waiting = asyncio.create_task(process.bus.publish(Said("ann", 11)))
                await asyncio.sleep(0.05)
                assert not waiting.done()
                goes_on.set()
                assert await waiting == [11]
                await process.until_got(11)
            assert refused == 1
            assert by_person(process.got)["ann"] == [*range(10), 11]

        town.play(scene())

    def test_what_all_have_taken_goes_and_what_exceeds_the_bound_is_counted(self, town: Town) -> None:
        async def scene() -> None:
            process = town(keep_s=0.0).listens("a")
            async with process.serving():
                await process.bus.publish(*(Said("ann", n) for n in range(5)))
                await process.until_got(5)
                await process.until_caught_up()
                backend = await process.bus.backend()
                await asyncio.sleep(0.01)
                assert await backend.tidy() == 0
                assert await backend.log.read("", 0, 0, 100, 0.0) == []
                assert await backend.last() == 5
            await process.bus.publish(Said("ann", 5))
            assert await backend.tidy() == 0
            assert len(await backend.log.read("", 0, 0, 100, 0.0)) == 1
            small = town(kept_max=3, lag_max=3)
            await process.bus.leave("a")
            for n in range(5):
                await small.bus.publish(Said("bob", n))
            assert await (await small.bus.backend()).tidy() == 3
            assert [k.position for k in await backend.log.read("", 0, 0, 100, 0.0)] == [9, 10, 11]

        town.play(scene())

    def test_a_subscriber_that_left_holds_nobody_up(self, town: Town) -> None:
        async def scene() -> None:
            gone, process = town(lag_max=2).listens("gone"), town(lag_max=2)
            await gone.bus.publish(Said("ann", 1), Said("ann", 2))
            with pytest.raises(BusFull, match="homeostat bus leave"):
                await process.bus.publish(Said("ann", 3), wait_s=0.0)
            await process.bus.leave("gone")
            assert await process.bus.lags() == []
            assert await process.bus.publish(Said("ann", 3), wait_s=0.0) == [3]

        town.play(scene())

    def test_what_cannot_be_declared_is_refused_by_name(self, town: Town) -> None:
        async def scene() -> None:
            process = town().listens("a")
            with pytest.raises(ConfigError, match="no engine for 'kafka'"):
                Bus(process.host, "kafka://here")
            with pytest.raises(ConfigError, match=r"'said'.* declared before"):
                process.bus.kind(Said, "said", key=lambda e: e.person)
            with pytest.raises(ConfigError, match="'a' has a handler of 'said'"):
                process.bus.on(process.said, "a")(print)
            with pytest.raises(ConfigError, match="'a' was declared before with other settings"):
                process.bus.on(process.left, "a", live=True)(print)
            await process.bus.publish(Said("ann", 1))
            with pytest.raises(ConfigError, match="'b' comes too late"):
                process.bus.on(process.said, "b")(print)

        town.play(scene())
