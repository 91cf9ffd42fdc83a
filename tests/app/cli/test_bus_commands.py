"""Claims about `homeostat bus`: lags, letters, and orders about them, without what events say."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.main import build
from homeostat.core.clock import SystemClock
from homeostat.runtime.bus import Bus
from homeostat.runtime.bus.subscription import Patience
from homeostat.testing.bare_host import BareHost


class Note(msgspec.Struct, frozen=True):
    """An event that says something."""

    person: str
    text: str


@pytest.fixture
def at(tmp_path: Path) -> str:
    """A bus with two events that nobody took: one is dead, one still to come."""
    path = tmp_path / "bus.db"

    async def filled() -> None:
        async with Bus(BareHost(SystemClock()), path) as bus:
            note = bus.kind(Note, "note", key=lambda e: e.person)

            @bus.on(note, "reader", patience=Patience(failures_max=1))
            def fails(event: Note) -> None:
                raise ValueError(event.text)

            await bus.publish(Note("ann", "a secret"))
            serving = asyncio.create_task(bus.serve())
            while not await bus.letters():  # noqa: ASYNC110 - it has to be asked
                await asyncio.sleep(0.01)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await bus.publish(Note("bob", "a secret"))

    asyncio.run(filled())
    return str(path)


def said(*arguments: str) -> str:
    """Return what a command says; it must end well."""
    ended = CliRunner().invoke(build(), ["bus", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_lags_and_letters_are_listed_and_nothing_that_events_say(at: str) -> None:
    assert "reader  1 before it" in said("list", "--at", at)
    assert "1 dead letters  not served now" in said("list", "--at", at)
    (lag,) = json.loads(said("list", "--at", at, "--json"))
    assert (lag["position"], lag["waiting"], lag["dead"]) == (1, 1, 1)
    for form in ((), ("--json",)):
        letters = said("dead", "--at", at, *form)
        assert "reader.1" in letters
        assert "ValueError" in letters
        assert "secret" not in letters
        assert "ann" not in letters


def test_letters_are_requeued_and_forgotten_by_their_ids(at: str) -> None:
    assert "reader.1  requeued" in said("requeue", "reader.1", "--at", at)
    assert "no dead letter" in said("dead", "--at", at)
    result = CliRunner().invoke(build(), ["bus", "forget", "reader.1", "--at", at])
    assert result.exit_code == 1
    assert "reader.1  not forgotten" in result.output


def test_a_subscriber_goes_back_and_leaves(at: str) -> None:
    assert "behind position 0" in said("replay", "reader", "--at", at)
    assert json.loads(said("list", "--at", at, "--json"))[0]["waiting"] == 2
    said("replay", "reader", "--since", "2100-01-01T00:00:00", "--at", at)
    assert json.loads(said("list", "--at", at, "--json"))[0]["waiting"] == 0
    assert "reader is forgotten" in said("leave", "reader", "--at", at)
    assert "No subscriber" in said("list", "--at", at)


def test_what_is_not_there_is_said_so_and_not_made(at: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "other.db")
    for arguments, reason in (
        (("list", "--at", missing), "there is no bus at"),
        (("leave", "nobody", "--at", at), "has no subscriber 'nobody'"),
        (("replay", "nobody", "--at", at), "has no subscriber 'nobody'"),
    ):
        ended = CliRunner().invoke(build(), ["bus", *arguments])
        assert ended.exit_code == Exit.USAGE
        assert reason in ended.output.replace("\n", " ")
    assert not (tmp_path / "other.db").exists()
