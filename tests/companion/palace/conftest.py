"""What the tests of the palace share."""

from collections.abc import Iterator

import pytest

from homeostat.companion.palace.palace import Palace
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
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
def memory(people: SqlitePeople) -> Iterator[Memory]:
    """Ann's memory, empty."""
    with people.open("ann", create=True) as memory:
        yield memory
