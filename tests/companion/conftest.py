"""Where people are kept in tests: a folder, and a PostgreSQL database prepared once for the session."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing import servers
from homeostat.testing.people_database import PeopleDatabase, people_database


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield people
    people.close()


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
