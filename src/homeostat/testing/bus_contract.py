"""The contract of a bus, as tests for pytest: subclass `BusContract` and say where an empty one is."""

import asyncio
import random
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.bus import Bus, BusFull, Kind
from homeostat.runtime.bus.subscription import Patience
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import eventually

WAIT_S = 60.0
LEASE_S = 2.0
"""A process that stands still for longer on a busy machine loses what it serves, rightly."""
QUICK = Patience(failures_max=3, first_s=0.01)

_names = count()


class Said(msgspec.Struct, frozen=True):
    """An event about a person."""

    person: str
    number: int


class Left(msgspec.Struct, frozen=True):
    """Another one."""

    person: str


class Renamed(msgspec.Struct, frozen=True):
    """One that was different once: `name` is what two versions ago was `first` and `last`."""

    person: str
    name: str


def joined(old: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of version 2."""
    return {"person": old["person"], "names": [old["first"], old["last"]]}


def spaced(old: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of version 3."""
    return {"person": old["person"], "name": " ".join(old["names"])}


@dataclass
class Process:
    """What one process has of the bus; `got` is what its subscribers were handed, in that order."""

    bus: Bus
    host: BareHost
    got: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.said: Kind[Said] = self.bus.kind(Said, "said", key=lambda e: e.person)
        self.left: Kind[Left] = self.bus.kind(Left, "left", key=lambda e: e.person)

    def listens(self, subscriber: str, live: bool = False) -> "Process":
        """Have a subscriber write down what it gets."""
        for kind in (self.said, self.left):
            self.bus.on(kind, subscriber, live=live)(self.got.append)
        return self

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Process"]:
        """Serve for as long as the block runs."""
        await self.bus.backend()
        serving = asyncio.create_task(self.bus.serve())
        try:
            yield self
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    async def until_got(self, number: int) -> None:
        """Wait until so many events were handed over."""
        await eventually(lambda: len(self.got) >= number)

    async def until_caught_up(self) -> None:
        """Wait until no subscriber has an event before it."""
        async with asyncio.timeout(WAIT_S):
            while any(lag.waiting for lag in await self.bus.lags()):  # noqa: ASYNC110 - it has to be asked
                await asyncio.sleep(0.005)


class Town:
    """Makes processes on one bus, and runs what is to be seen of them. `NAME` in an address is the bus's."""

    def __init__(self, address: str) -> None:
        self._name = f"bus{next(_names)}"
        self._address = address.replace("NAME", self._name)
        self._made: list[Process] = []

    def __call__(self, **given: Any) -> Process:
        """Return a further process."""
        host = BareHost(SystemClock())
        chosen = {"name": self._name, "lease_s": LEASE_S, **given}
        self._made.append(Process(Bus(host, self._address, **chosen), host))
        return self._made[-1]

    def play(self, scene: Coroutine[Any, Any, None]) -> None:
        """Run a scene to its end, and close what it used."""

        async def played() -> None:
            try:
                await scene
            finally:
                for process in self._made:
                    await process.bus.close()

        asyncio.run(played())


def by_person(events: Sequence[Said]) -> dict[str, list[int]]:
    """Return the numbers of each person in the order in which they came."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in events:
        found[one.person].append(one.number)
    return found


class BusContract:
    """What holds for every engine. Real time passes, and nothing waits for a lease to run out."""

    @pytest.fixture
    def address(self) -> str:
        """Return where an empty bus is."""
        raise NotImplementedError

    @pytest.fixture
    def town(self, address: str) -> Town:
        """Return a maker of processes on the same bus."""
        return Town(address)

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

    @pytest.mark.parametrize("awaits", [True, False])
    def test_what_fails_too_often_is_a_letter_that_can_be_requeued_or_forgotten(
        self, town: Town, awaits: bool
    ) -> None:
        async def scene() -> None:
            process = town()
            tries: list[int] = []
            broken = True

            def took(event: Said) -> None:
                tries.append(event.number)
                if event.number < 3 and broken:
                    raise ValueError("a secret of ann")
                process.got.append(event)

            async def took_slowly(event: Said) -> None:
                took(event)

            process.bus.on(process.said, "a", patience=QUICK)(took_slowly if awaits else took)
            async with process.serving():
                await process.bus.publish(*(Said("ann", n) for n in (1, 2, 3)))
                await process.until_got(1)
                await process.until_caught_up()
                assert tries == [1, 1, 1, 2, 2, 2, 3]
                second, first = await process.bus.letters("a")
                assert (first.id, first.failures, first.error) == ("a.1", 3, "ValueError")
                assert [lag.dead for lag in await process.bus.lags()] == [2]
                assert await process.bus.letters("other") == []
                broken = False
                assert await process.bus.requeue("a.1", "a.9") == ["a.1"]
                await process.until_got(2)
                assert process.got == [Said("ann", 3), Said("ann", 1)]
                assert await process.bus.forget(second.id, first.id) == [second.id]
                assert await process.bus.letters() == []
            await process.bus.close()
            async with process.serving():
                await process.bus.publish(Said("ann", 4))
                await process.until_got(3)
            assert process.got[2:] == [Said("ann", 4)]

        town.play(scene())

    def test_an_older_version_is_transformed_and_one_without_a_way_is_a_letter_at_once(
        self, town: Town
    ) -> None:
        class First(msgspec.Struct):
            person: str
            first: str
            last: str

        class Bare(msgspec.Struct):
            person: str

        async def scene() -> None:
            old, bare, future, new = town(), town(), town(), town()
            name = new.bus.settings.name
            old.bus.kind(First, "renamed", key=lambda e: e.person)
            bare.bus.kind(Bare, "renamed", key=lambda e: e.person)
            future.bus.kind(Renamed, "renamed", key=lambda e: e.person, version=9)
            ways = {1: joined, 2: spaced}
            kind = new.bus.kind(Renamed, "renamed", key=lambda e: e.person, version=3, upgrades=ways)
            new.bus.on(kind, "a")(new.got.append)
            async with new.serving():
                await old.bus.publish(First("ann", "Ann", "Lee"))
                await bare.bus.publish(Bare("bob"))
                await future.bus.publish(Renamed("cyd", "Cyd"))
                await new.until_got(1)
                await new.until_caught_up()
                letters = await new.bus.letters()
            assert new.got == [Renamed("ann", "Ann Lee")]
            assert {one.key for one in letters} == {"bob", "cyd"}
            assert all("NotTransformed" in one.error and one.failures == 1 for one in letters)
            assert new.host.total("bus.transformation_errors", bus=name, subscriber="a") == 2

        town.play(scene())

    def test_what_does_not_fit_its_struct_is_refused_at_both_ends_and_counted(self, town: Town) -> None:
        class Other(msgspec.Struct):
            person: str
            number: str

        async def scene() -> None:
            process, other = town(), town()
            name = process.bus.settings.name
            del other.bus._kinds[Said]
            other.bus.kind(Other, "said", key=lambda e: e.person)
            process.listens("a")
            with pytest.raises(InputError, match="'said' has a field that does not fit Said"):
                await process.bus.publish(Said("ann", "one"))  # type: ignore[arg-type]
            with pytest.raises(InputError, match="Other was not declared"):
                await process.bus.publish(Other("ann", "one"))
            async with process.serving():
                await other.bus.publish(Other("ann", "one"))
                await process.until_caught_up()
                (letter,) = await process.bus.letters()
            assert letter.error.startswith("Invalid")
            for side in ({"side": "publisher"}, {"side": "subscriber", "subscriber": "a"}):
                assert process.host.total("bus.validation_errors", bus=name, **side) == 1

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
