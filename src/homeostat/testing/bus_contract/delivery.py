"""The contract of delivery: each subscriber gets each event, in the order of its key."""

import asyncio
import random
import threading
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.testing.bus_contract.town import QUICK, Left, OnABus, Said, Town, by_person
from homeostat.testing.eventually import eventually


class DeliveryContract(OnABus):
    """What holds for events on their way to subscribers."""

    def test_each_subscriber_gets_each_event_once_and_with_its_type(self, town: Town) -> None:
        async def scene() -> None:
            process = town()
            other: list[Any] = []
            process.listens("a").bus.on(process.said, "b")(other.append)
            async with process.serving():
                positions = await process.bus.publish(Said("ann", 1), Left("ann"))
                await process.until_got(2)
                await process.until_caught_up()
            assert positions == [1, 2]
            assert process.got == [Said("ann", 1), Left("ann")]
            assert other == [Said("ann", 1)]
            assert process.host.total("bus.published", bus=process.bus.settings.name, event="said") == 1
            assert (
                process.host.snapshot("bus.success", bus=process.bus.settings.name, subscriber="a").mean
                == 1.0
            )

        town.play(scene())

    def test_an_event_that_fails_holds_back_its_own_key_alone_and_comes_again(self, town: Town) -> None:
        async def scene() -> None:
            process = town()
            failed: list[int] = []

            @process.bus.on(process.said, "a", patience=QUICK)
            async def took(event: Said) -> None:
                if event.person == "ann" and event.number == 1 and len(failed) < 2:
                    failed.append(1)
                    raise ConnectionError("away")
                process.got.append(event)

            async with process.serving():
                await process.bus.publish(Said("ann", 1), Said("ann", 2), Said("bob", 1))
                await process.until_got(3)
            assert by_person(process.got) == {"ann": [1, 2], "bob": [1]}
            assert process.got[0] == Said("bob", 1)
            assert await process.bus.letters() == []

        town.play(scene())

    def test_a_subscriber_gets_what_came_while_it_was_away_and_a_new_one_what_comes_next(
        self, town: Town
    ) -> None:
        async def scene() -> None:
            first, second = town().listens("a"), town().listens("a")
            async with first.serving():
                await first.bus.publish(Said("ann", 1))
                await first.until_got(1)
                await first.until_caught_up()
            await first.bus.publish(Said("ann", 2))
            late = town().listens("late")
            async with second.serving(), late.serving():
                await second.until_got(1)
                await first.bus.publish(Said("ann", 3))
                await second.until_got(2)
                await late.until_got(1)
            assert by_person(second.got) == {"ann": [2, 3]}
            assert late.got == [Said("ann", 3)]

        town.play(scene())

    def test_events_come_again_from_a_position_and_from_a_time(self, town: Town) -> None:
        async def scene() -> None:
            process = town().listens("a")
            async with process.serving():
                await process.bus.publish(*(Said("ann", n) for n in (1, 2, 3)))
                await process.until_got(3)
                await asyncio.sleep(0.02)
                moment = datetime.now(UTC)
                await asyncio.sleep(0.02)
                await process.bus.publish(Said("ann", 4))
                await process.until_got(4)
                assert await process.bus.seek("a", after=1) == 1
                await process.until_got(7)
                assert await process.bus.seek("a", since=moment) == 3
                await process.until_got(8)
                await process.until_caught_up()
                with pytest.raises(InputError, match="no subscriber 'b'"):
                    await process.bus.seek("b")
            assert by_person(process.got)["ann"] == [1, 2, 3, 4, 2, 3, 4, 4]

        town.play(scene())

    def test_of_two_processes_one_serves_a_subscriber_and_the_other_takes_over(self, town: Town) -> None:
        async def scene() -> None:
            first, second = town().listens("a"), town().listens("a")
            async with second.serving():
                async with first.serving():
                    await asyncio.sleep(0.05)
                    for n in range(20):
                        await first.bus.publish(Said("ann", n))
                    await eventually(lambda: len(first.got) + len(second.got) >= 20)
                    assert not first.got or not second.got
                served = len(first.got)
                await first.bus.publish(*(Said("ann", n) for n in range(20, 40)))
                await second.until_got(40 - served)
            assert by_person(first.got + second.got)["ann"] == [*range(40)]

        town.play(scene())

    def test_a_live_subscriber_is_each_process_by_itself_and_leaves_no_trace(self, town: Town) -> None:
        async def scene() -> None:
            first, second = town().listens("here", live=True), town().listens("here", live=True)
            await first.bus.publish(Said("ann", 0))
            async with first.serving(), second.serving():
                await first.bus.publish(Said("ann", 1))
                await eventually(lambda: Said("ann", 1) in first.got and Said("ann", 1) in second.got)
                assert await first.bus.lags() == []
            assert second.got == [Said("ann", 1)]

        town.play(scene())

    def test_any_thread_may_tell_without_waiting(self, town: Town) -> None:
        async def scene() -> None:
            process = town().listens("a")

            def tell_many(person: str) -> None:
                for n in range(50):
                    process.bus.tell(Said(person, n))

            process.bus.tell(Said("ann", 0))
            async with process.serving():
                await process.until_got(1)
                threads = [threading.Thread(target=tell_many, args=(f"p{k}",)) for k in range(4)]
                for thread in threads:
                    thread.start()
                await asyncio.gather(*(process.bus.flush() for _ in range(3)))
                await process.until_got(201)
                for thread in threads:
                    thread.join()
            assert all(found == sorted(found) for found in by_person(process.got).values())
            process.bus.tell(Said("bob", 9))
            await process.bus.close()
            assert [lag.waiting for lag in await process.bus.lags()] == [1]

        town.play(scene())

    @settings(
        max_examples=12,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
        phases=(Phase.explicit, Phase.generate),  # real time passes
    )
    @given(data=st.data())
    def test_whatever_fails_when_each_key_keeps_its_order_and_nothing_is_left_out(
        self, address: str, data: st.DataObject
    ) -> None:
        people = st.sampled_from(["ann", "bob", "cyd"])
        groups = data.draw(st.lists(st.lists(people, min_size=1, max_size=6), min_size=1, max_size=8))
        failing = data.draw(st.sets(st.tuples(people, st.integers(0, 20))))
        window = data.draw(st.integers(1, 8))
        moves = data.draw(st.booleans())
        rng = random.Random(data.draw(st.integers(0, 1_000)))  # noqa: S311 - a schedule, not a secret
        town = Town(address)

        async def scene() -> None:
            process = town(lag_max=1_000)
            process.host.knob_set.pin(f"{process.bus.settings.name}_window", window)
            tried: set[tuple[str, int]] = set()

            async def took(event: Said) -> None:
                await asyncio.sleep(rng.random() * 0.002)
                if (event.person, event.number) in failing - tried:
                    tried.add((event.person, event.number))
                    raise ConnectionError
                process.got.append(event)

            process.bus.on(process.said, "a", patience=QUICK)(took)
            numbers: dict[str, int] = defaultdict(int)
            async with process.serving():
                for group in groups:
                    batch = []
                    for person in group:
                        batch.append(Said(person, numbers[person]))
                        numbers[person] += 1
                    await process.bus.publish(*batch)
                if moves:
                    await process.bus.seek("a", after=0)
                await process.until_caught_up()
            got = by_person(process.got)
            assert got.keys() == numbers.keys()
            for person, found in got.items():
                assert set(found) == {*range(numbers[person])}
                assert found[-1] == numbers[person] - 1
                steps = list(zip([-1, *found], found, strict=False))
                assert all(after <= before + 1 for before, after in steps), f"{person}: {found}"
                again = sum(after <= before for before, after in steps)
                assert again <= (3 if moves else 0), f"{person} began again too often: {found}"

        town.play(scene())
