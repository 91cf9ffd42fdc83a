"""A memory that is integrated."""

from collections.abc import Iterator

import pytest

from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople


@pytest.fixture
def memory(people: SqlitePeople) -> Iterator[Memory]:
    """The memory of one person."""
    with people.open("me", create=True) as memory:
        yield memory
