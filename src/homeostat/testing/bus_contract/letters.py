"""The contract of what cannot be taken: it is transformed, refused, or a letter."""

from typing import Any

import msgspec
import pytest

from homeostat.core.errors import InputError
from homeostat.testing.bus_contract.town import QUICK, OnABus, Said, Town


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


class LettersContract(OnABus):
    """What holds for events that a subscriber cannot take as they are."""

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
