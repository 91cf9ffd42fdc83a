"""What the tests of the search share."""

from collections.abc import Iterator

import pytest

from homeostat.companion.residents import Residents
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.bare_host import BareHost


@pytest.fixture
def host() -> BareHost:
    """A host whose clock stands."""
    return BareHost()


@pytest.fixture
def residents() -> Residents:
    """Room for all."""
    return Residents(64 << 20)


@pytest.fixture
def memory(people: SqlitePeople) -> Iterator[Memory]:
    """The memory of one person."""
    with people.open("me", create=True) as memory:
        yield memory
