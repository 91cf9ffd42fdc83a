"""Dreams are the same whether people are kept in files or in PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from homeostat.companion.message import Message
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


def server(database: PeopleDatabase) -> PostgresPeople:
    return PostgresPeople(StoreAddress.of(database.application), MasterKey(bytes(32)))


@pytest.fixture
def in_postgres(database: PeopleDatabase) -> Iterator[PostgresPeople]:
    people = server(database)
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


def test_what_another_server_removes_while_a_dream_is_put_into_the_diary_is_in_none(
    database: PeopleDatabase, in_postgres: PostgresPeople
) -> None:
    dreamers = lived(in_postgres, "ann")
    scene, *_ = dreamers.dream("ann").scenes
    (dream,) = dreamers.diary("ann")
    messages = dreamers.messages("ann")
    gone = messages[scene.sources[0]]

    class Meanwhile(dict[int, Message]):
        """Messages of which one is removed at another server once they were compared with what is kept."""

        def __getitem__(self, seq: int) -> Message:
            with other.open("ann") as memory:
                memory.messages.remove([gone.id])
            return super().__getitem__(seq)

    with closing(server(database)) as other, in_postgres.open("ann") as memory:
        assert dreamers.stages.keep(memory, dream, Meanwhile(messages)) == 0
    diary = dreamers.diary("ann")
    assert diary
    assert gone.seq not in {seq for dream in diary for scene in dream.scenes for seq in scene.sources}
