"""Dreams are the same whether people are kept in files or in PostgreSQL."""

from collections.abc import Iterator

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import People
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.store.address import StoreAddress
from homeostat.testing.dreams_contract import DreamsContract, derived, lived
from homeostat.testing.people_database import PeopleDatabase


class TestInFiles(DreamsContract):
    @pytest.fixture
    def people(self, people: SqlitePeople) -> People:
        return people


@pytest.fixture
def in_postgres(database: PeopleDatabase) -> Iterator[PostgresPeople]:
    people = PostgresPeople(StoreAddress.of(database.application), MasterKey(bytes(32)))
    yield people
    people.close()


class TestInPostgres(DreamsContract):
    @pytest.fixture
    def people(self, in_postgres: PostgresPeople) -> People:
        return in_postgres


def test_both_stores_tell_the_same_dreams_and_derive_the_same(
    people: SqlitePeople, in_postgres: PostgresPeople
) -> None:
    first, second = lived(people, "ann"), lived(in_postgres, "ann")
    for _ in range(3):
        first.dream("ann")
        second.dream("ann")
    assert first.diary("ann") == second.diary("ann")
    assert derived(people, "ann") == derived(in_postgres, "ann")
