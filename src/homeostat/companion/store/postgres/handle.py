"""The handle: one person's rows, reached in transactions that see no others."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from homeostat.companion.store.people import Within
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.companion.store.postgres.seal import Seal
from homeostat.companion.store.words import Words
from homeostat.core.errors import UnknownPerson
from homeostat.store.postgres.connections import Connection, Connections

_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL homeostat.person = '{person:d}'"
_WRITING = "BEGIN; SET LOCAL homeostat.person = '{person:d}'"
_STATE = f"SELECT count, last, generation, words FROM {SCHEMA}.people WHERE person = %(person)s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class State:
    """How far a memory reaches, and how many words its messages have, each with the one before it."""

    count: int
    last: int
    generation: int
    words: int


class Rows:
    """A transaction of one person: every statement names them as %(person)s, and the policies see to it."""

    def __init__(self, connection: Connection, person: int) -> None:
        self._connection = connection
        self._person = person

    def all(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        cursor = self._connection.execute(
            statement,
            {"person": self._person, **values},
            binary=True,
        )
        return cursor.fetchall()

    def do(self, statement: str, **values: Any) -> None:
        """Run a statement that returns nothing."""
        self._connection.execute(statement, {"person": self._person, **values})

    def together(self) -> AbstractContextManager[object]:
        """Send the statements of a block together; their errors come at its end."""
        return self._connection.pipeline()

    def state(self, *, locked: bool = False) -> State:
        """Return how far the memory reaches. Raises UnknownPerson where it was forgotten meanwhile."""
        found = self.all(_STATE + (" FOR UPDATE" if locked else ""))
        if not found:
            raise UnknownPerson("the person was forgotten a moment ago")
        return State(*found[0])


@contextmanager
def writing(connections: Connections, person: int) -> Iterator[tuple[Rows, State]]:
    """Write, all or nothing, while nobody else writes of this person: their row is locked.

    Raises UnknownPerson where it is not there any more.
    """
    with connections.transaction(_WRITING.format(person=person)) as connection:
        rows = Rows(connection, person)
        yield rows, rows.state(locked=True)


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """One person of a database, and what their key opens."""

    connections: Connections
    person: int
    seal: Seal
    words: Words

    @contextmanager
    def reading(self) -> Iterator[Rows]:
        """Read one state of the memory."""
        with self.connections.transaction(_READING.format(person=self.person)) as connection:
            yield Rows(connection, self.person)

    def writing(self) -> AbstractContextManager[tuple[Rows, State]]:
        """Write, all or nothing."""
        return writing(self.connections, self.person)

    def conditions(self, within: Within) -> tuple[str, dict[str, object]]:
        """Return SQL that follows a condition on `messages AS m`, and its values."""
        parts: list[str] = []
        values: dict[str, object] = {}
        for name, given, condition in (
            ("talk", within.talk, "m.talk = %(talk)s"),
            ("author", within.author, "m.author = %(author)s"),
            ("own", within.own, "m.own = %(own)s"),
            ("begin_us", within.begin_us, "m.at_us >= %(begin_us)s"),
            ("end_us", within.end_us, "m.at_us < %(end_us)s"),
        ):
            if given is not None:
                parts.append(f" AND {condition}")
                values[name] = self.seal.number(name.encode(), given) if isinstance(given, str) else given
        return "".join(parts), values
