"""The handle: a person's open file, and which of its messages are looked at."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from homeostat.companion.store.people import Within
from homeostat.companion.store.sqlite.connection import scrub, transaction, translated
from homeostat.companion.store.sqlite.log import Log
from homeostat.core.errors import UnknownPerson


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """A connection to the file of one person; used by one thread at a time."""

    connection: apsw.Connection
    path: Path
    person: str
    log: Log

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Read rows."""
        with translated(self.path):
            return rows_of(self.connection, sql, values)

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """Write in it, all or nothing. Raises UnknownPerson where another process has forgotten them."""
        with transaction(self.connection, self.path):
            last_seq(self.connection)
            yield self.connection

    def disown(self) -> None:
        """Make every other process that still has the file open find nobody in it."""
        with transaction(self.connection, self.path):
            self.connection.execute("DELETE FROM whose")

    def scrub(self) -> None:
        """Take out of the files what is not in the memory any more."""
        scrub(self.connection, self.path)


def rows_of(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """Return rows as the columns of our schema have them."""
    return connection.execute(sql, values).fetchall()


def last_seq(connection: apsw.Connection) -> int:
    """Return the highest seq ever given, 0 where there is none. Raises UnknownPerson."""
    last: int | None = connection.execute("SELECT last FROM whose").get
    if last is None:
        raise UnknownPerson("the person was forgotten a moment ago")
    return last


def conditions(within: Within) -> tuple[str, list[Any]]:
    """Return SQL that follows a condition on `messages AS m`, and its values."""
    parts: list[str] = []
    values: list[Any] = []
    for given, sql in (
        (within.talk, "m.talk = (SELECT talk FROM talks WHERE name = ?)"),
        (within.author, "m.author = (SELECT author FROM authors WHERE name = ?)"),
        (within.own, "m.own = ?"),
        (within.begin_us, "m.at_us >= ?"),
        (within.end_us, "m.at_us < ?"),
    ):
        if given is not None:
            parts.append(f" AND {sql}")
            values.append(given)
    return "".join(parts), values
