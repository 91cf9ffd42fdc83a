"""Nobody reaches another person's rows: not by forged requests, nor by statements without a condition."""

from collections.abc import Iterator

import psycopg
import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.opening import people_at
from homeostat.companion.store.postgres.memory import PostgresMemory
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.postgres.prepare import prepare
from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
from homeostat.core.errors import ConfigError, StoreCorrupt, StoreError
from homeostat.testing.forged_requests import OTHER, OWN, Forger, harm, people_of
from homeostat.testing.people_database import PeopleDatabase, people_database

FORGED = 1_000
FORGED_LONG = 20_000


@pytest.fixture
def application(people: PostgresPeople, database: PeopleDatabase) -> Iterator[psycopg.Connection]:
    """A connection of the application to a database in which two people have said something."""
    people_of(people)
    with psycopg.connect(database.application) as connection:
        yield connection


def person(connection: psycopg.Connection, name: str) -> int:
    found = connection.execute(f"SELECT person FROM {SCHEMA}.found(%s)", (name,)).fetchone()
    assert found is not None
    return int(found[0])


def test_no_forged_request_reaches_another_person(people: PostgresPeople) -> None:
    people_of(people)
    assert Forger(people, seed=1).forge(FORGED) == 0
    assert harm(people) == []


@pytest.mark.long
def test_none_of_many_forged_requests_reaches_another_person(people: PostgresPeople) -> None:
    people_of(people)
    assert Forger(people, seed=2).forge(FORGED_LONG, writes=0.2) == 0
    assert harm(people) == []


def test_the_forger_would_be_noticed(people: PostgresPeople, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were one memory handed out for another, the same requests would succeed, and do harm."""
    people_of(people)
    reach = people.open
    monkeypatch.setattr(people, "open", lambda name: reach(OTHER if name == OWN else name))
    assert Forger(people, seed=1).forge(200, writes=0.2) > 50
    monkeypatch.undo()
    assert "messages" in harm(people)


@pytest.mark.parametrize("table", PERSONAL)
def test_a_statement_without_a_condition_sees_one_person(table: str, application: psycopg.Connection) -> None:
    own, other = person(application, OWN), person(application, OTHER)
    application.execute(f"SET LOCAL homeostat.person = '{own}'")
    rows = application.execute(f"SELECT person FROM {SCHEMA}.{table}").fetchall()
    assert {found for (found,) in rows} == {own}
    assert application.execute(f"DELETE FROM {SCHEMA}.{table}").rowcount == len(rows)
    application.execute(f"SET LOCAL homeostat.person = '{other}'")
    assert application.execute(f"SELECT FROM {SCHEMA}.{table}").rowcount > 0


@pytest.mark.parametrize("table", PERSONAL)
def test_without_a_person_there_is_no_row(table: str, application: psycopg.Connection) -> None:
    assert application.execute(f"SELECT FROM {SCHEMA}.{table}").rowcount == 0
    application.execute(f"SET LOCAL homeostat.person = '{person(application, OWN)}'")
    application.commit()
    assert application.execute(f"SELECT FROM {SCHEMA}.{table}").rowcount == 0, "not after one either"


def test_the_code_sees_one_person_also_where_it_names_none(people: PostgresPeople) -> None:
    people_of(people)
    with people.open(OWN) as memory:
        assert isinstance(memory, PostgresMemory)
        with memory._handle.reading() as rows:
            ((count,),) = rows.all(f"SELECT count(*) FROM {SCHEMA}.messages")
        assert count == memory.extent().count


def test_no_row_is_written_for_another_person(application: psycopg.Connection) -> None:
    own, other = person(application, OWN), person(application, OTHER)
    for statement in (
        f"INSERT INTO {SCHEMA}.notes VALUES ({other}, 1, '')",
        f"UPDATE {SCHEMA}.notes SET person = {other}",
    ):
        application.execute(f"SET LOCAL homeostat.person = '{own}'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(statement)
        application.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        f"ALTER TABLE {SCHEMA}.messages NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {SCHEMA}.messages DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY own ON {SCHEMA}.messages",
        f"CREATE POLICY all_of_them ON {SCHEMA}.messages USING (true)",
        f"TRUNCATE {SCHEMA}.messages",
        f"CREATE TABLE {SCHEMA}.mine ()",
    ],
)
def test_the_application_cannot_lift_the_policies(statement: str, application: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(statement)


def test_a_user_whom_no_policy_holds_is_refused(postgres_url: str, master: MasterKey) -> None:
    with people_database(postgres_url) as database:
        with pytest.raises(ConfigError, match="'postgres' bypasses row-level security"):
            people_at(database.owner, master)
        with pytest.raises(ConfigError, match="bypasses row-level security"):
            prepare(database.owner, "postgres")
        people_at(database.application, master).close()
        with psycopg.connect(database.owner, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {database.role} BYPASSRLS")
            with pytest.raises(ConfigError, match="bypasses"):
                people_at(database.application, master)
            connection.execute(f"ALTER ROLE {database.role} NOBYPASSRLS")
            connection.execute(f"ALTER TABLE {SCHEMA}.people OWNER TO {database.role}")
            with pytest.raises(ConfigError, match="owns the tables"):
                people_at(database.application, master)
            connection.execute(f"ALTER TABLE {SCHEMA}.people OWNER TO postgres")


@pytest.mark.parametrize("off", ["DISABLE", "NO FORCE"])
def test_tables_without_row_level_security_are_refused(
    off: str, postgres_url: str, master: MasterKey
) -> None:
    with people_database(postgres_url) as database:
        with psycopg.connect(database.owner, autocommit=True) as connection:
            connection.execute(f"ALTER TABLE {SCHEMA}.notes {off} ROW LEVEL SECURITY")
        with pytest.raises(StoreError, match="row-level security is off for notes"):
            people_at(database.application, master)


def test_a_database_that_nobody_prepared_is_refused(postgres_url: str, master: MasterKey) -> None:
    with pytest.raises(ConfigError, match="prepare"):
        people_at(postgres_url, master)
    with pytest.raises(ConfigError, match="no role 'nobody'"):
        prepare(postgres_url, "nobody")


def test_it_may_be_prepared_again(database: PeopleDatabase, people: PostgresPeople) -> None:
    people_of(people)
    assert not prepare(database.owner, database.role)
    assert harm(people) == []


def test_another_master_key_is_refused(
    database: PeopleDatabase, people: PostgresPeople, master: MasterKey
) -> None:
    with pytest.raises(ConfigError, match="another master key"):
        people_at(database.application, MasterKey.made())
    people_at(database.application, master).close()
    with pytest.raises(ConfigError, match="HOMEOSTAT_COMPANION_KEY"):
        people_at(database.application, environment={})


def test_a_new_master_key_opens_everybody_and_the_earlier_one_nobody(
    database: PeopleDatabase, people: PostgresPeople, master: MasterKey
) -> None:
    people_of(people)
    late = people_at(database.application, master)
    new = MasterKey.made()
    assert people.rewrap(new) == 2
    assert harm(people) == []
    with pytest.raises(StoreCorrupt), late.open(OWN):
        pass
    with pytest.raises(ConfigError, match="another master key"), late.open("new", create=True):
        pass
    late.close()
    with pytest.raises(ConfigError, match="another master key"):
        people_at(database.application, master)
    again = people_at(database.application, new)
    assert harm(again) == []
    again.close()


def test_a_row_that_was_moved_does_not_open(people: PostgresPeople, database: PeopleDatabase) -> None:
    with people.open("ann", create=True) as memory:
        memory.messages.add([NewMessage(id=f"m{n}", text=f"word{n}", at_us=n) for n in range(2)])
        with psycopg.connect(database.owner, autocommit=True) as connection:
            connection.execute(
                f"UPDATE {SCHEMA}.messages SET body ="
                f" (SELECT body FROM {SCHEMA}.messages WHERE seq = 1) WHERE seq = 2"
            )
        assert memory.reading.by_seq([1])[0].text == "word0"
        with pytest.raises(StoreCorrupt, match="message 2"):
            memory.reading.by_seq([2])


def test_a_key_that_was_moved_to_another_person_does_not_open(
    people: PostgresPeople, database: PeopleDatabase
) -> None:
    people_of(people)
    with psycopg.connect(database.owner, autocommit=True) as connection:
        connection.execute(
            f"UPDATE {SCHEMA}.keys SET wrapped = (SELECT wrapped FROM {SCHEMA}.keys ORDER BY person LIMIT 1)"
        )
    with pytest.raises(StoreCorrupt), people.open(OTHER):
        pass
