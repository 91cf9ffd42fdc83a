"""A PostgreSQL database for the companion's people, prepared by its owner for the application."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from homeostat.companion.store.postgres.prepare import prepare


@dataclass(frozen=True, slots=True)
class PeopleDatabase:
    """The addresses by which its owner and the application reach it."""

    owner: str = field(repr=False)
    application: str = field(repr=False)
    role: str


@contextmanager
def people_database(owner: str) -> Iterator[PeopleDatabase]:
    """Prepare an empty database, given by its superuser's address; the role is dropped at the end."""
    role, password = f"companion_{secrets.token_hex(4)}", secrets.token_hex(12)
    name = sql.Identifier(role)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
    prepare(owner, role)
    place = urlsplit(owner)
    host = place.netloc.rpartition("@")[2]
    yield PeopleDatabase(owner, f"postgresql://{role}:{password}@{host}{place.path}", role)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
        connection.execute(sql.SQL("DROP ROLE {}").format(name))
