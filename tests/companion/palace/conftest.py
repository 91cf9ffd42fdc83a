"""What the tests of the palace share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.palace.palace import Palace
from homeostat.companion.residents import Residents
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands."""
    return ManualClock()


@pytest.fixture
def host(clock: ManualClock) -> BareHost:
    """A host at that clock."""
    return BareHost(clock)


@pytest.fixture
def palace(host: BareHost) -> Palace:
    """A palace that goes by the words."""
    return Palace(host, Residents(1 << 26))


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield people
    people.close()


@pytest.fixture
def memory(people: SqlitePeople) -> Iterator[Memory]:
    """Ann's memory, empty."""
    with people.open("ann", create=True) as memory:
        yield memory
