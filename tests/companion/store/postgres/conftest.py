"""The people of a database that was prepared by its owner, as the application reaches them."""

from collections.abc import Iterator

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.store.address import StoreAddress
from homeostat.testing.people_database import PeopleDatabase


@pytest.fixture
def master() -> MasterKey:
    """The key to all keys."""
    return MasterKey.made()


@pytest.fixture
def people(database: PeopleDatabase, master: MasterKey) -> Iterator[PostgresPeople]:
    """A store with nobody in it."""
    people = PostgresPeople(StoreAddress.of(database.application), master)
    yield people
    people.close()
