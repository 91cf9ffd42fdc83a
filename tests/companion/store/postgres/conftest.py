"""A database that was prepared by its owner, and the people in it as the application reaches them."""

from collections.abc import Iterator

import psycopg
import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
from homeostat.store.address import StoreAddress
from homeostat.testing import servers
from homeostat.testing.people_database import PeopleDatabase, people_database


@pytest.fixture(scope="session")
def prepared(postgres_server: servers.Server) -> Iterator[PeopleDatabase]:
    """A prepared database for the session: preparing takes longer than most tests."""
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE people TEMPLATE template0")
    with people_database(postgres_server.url.rpartition("/")[0] + "/people") as database:
        yield database
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE people WITH (FORCE)")


@pytest.fixture
def database(prepared: PeopleDatabase) -> PeopleDatabase:
    """A prepared database with nobody in it. A test that changes its tables takes one of its own."""
    tables = ", ".join(f"{SCHEMA}.{table}" for table in (*PERSONAL, "master"))
    with psycopg.connect(prepared.owner, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
    return prepared


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
