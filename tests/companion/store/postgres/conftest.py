"""A database that was prepared by its owner, and the address under which the application may use it."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.postgres.prepare import prepare
from homeostat.store.address import StoreAddress

_number = count()


@dataclass(frozen=True)
class Database:
    """One database as its owner and as the application reach it."""

    owner: str
    application: str
    role: str


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """An empty, prepared database, with a role of its own for the application."""
    role, password = f"companion_{next(_number)}", secrets.token_urlsafe(12)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )
    prepare(postgres_url, role)
    place = urlsplit(postgres_url)
    yield Database(
        postgres_url, f"postgresql://{role}:{password}@{place.netloc.rpartition('@')[2]}{place.path}", role
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture
def people(database: Database) -> Iterator[PostgresPeople]:
    """A store with nobody in it."""
    people = PostgresPeople(StoreAddress.of(database.application), MasterKey.made())
    yield people
    people.close()
