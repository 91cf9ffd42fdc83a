"""A PostgreSQL database for people, prepared once for the session."""

from collections.abc import Iterator

import psycopg
import pytest

from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
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
