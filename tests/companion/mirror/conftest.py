"""What the tests of the mirror share."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.bare_host import BareHost

MINUTE_US = 60_000_000

Say = Callable[[Sequence[tuple[str, str]]], None]


@pytest.fixture
def host() -> BareHost:
    """A host."""
    return BareHost()


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """The memory of one person."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    with people.open("mia", create=True) as memory:
        yield memory
    people.close()


@pytest.fixture
def say(memory: Memory) -> Say:
    """Puts turns, as author and text, into the memory, a minute apart; the author "mia" is the person."""

    def said(turns: Sequence[tuple[str, str]]) -> None:
        first = memory.extent().last + 1
        memory.messages.add(
            [
                NewMessage(
                    id=f"m{first + at}",
                    text=text,
                    at_us=(first + at) * MINUTE_US,
                    talk="t",
                    author=author,
                    own=author == "mia",
                )
                for at, (author, text) in enumerate(turns)
            ]
        )

    return said
