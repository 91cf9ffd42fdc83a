"""People in a PostgreSQL database: rows that row-level security keeps apart, sealed with each one's key."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.companion.store.accepted import checked_person
from homeostat.companion.store.keys import KEY_BYTES, MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.postgres.handle import Handle, writing
from homeostat.companion.store.postgres.memory import PostgresMemory
from homeostat.companion.store.postgres.prepare import TIMEOUT_S, check
from homeostat.companion.store.postgres.schema import PERSONAL, SCHEMA
from homeostat.companion.store.postgres.seal import Seal
from homeostat.companion.store.turns import Turns
from homeostat.companion.store.words import Words
from homeostat.core.errors import ConfigError, UnknownPerson
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.connections import Connection, Connections

_REWRAPPING = "BEGIN; SET LOCAL homeostat.listing = 'on'; SET LOCAL homeostat.rewrapping = 'on'"
_FOUND = f"SELECT person, wrapped FROM {SCHEMA}.found(%s)"  # noqa: S608


class PostgresPeople:
    """The People of one database. Safe for threads, and for processes beside one another.

    The user of the address must be one whom the policies hold. Raises ConfigError otherwise, or where
    another master key wraps the keys that are there.
    """

    def __init__(self, address: StoreAddress, master: MasterKey) -> None:
        self._connections = Connections(address, TIMEOUT_S, TIMEOUT_S)
        self._master = master
        self._words = Words()
        self._turns = Turns()
        try:
            check(self._connections)
            with self._connections.transaction() as connection:
                connection.execute(
                    f"INSERT INTO {SCHEMA}.master VALUES (true, %s) ON CONFLICT DO NOTHING",  # noqa: S608
                    (master.fingerprint,),
                )
                self._check_master(connection)
        except BaseException:
            self._connections.close()
            raise

    @contextmanager
    def open(self, person: str, *, create: bool = False) -> Iterator[Memory]:
        """Hold a person's memory. Other processes may hold it too: each of their calls is whole."""
        checked_person(person)
        with self._turns.hold(person):
            found = self._found(person) or (self._made(person) if create else None)
            if found is None:
                raise UnknownPerson("no memory is kept of this person")
            number, wrapped = found
            seal = Seal(self._master.unwrap(wrapped, person))
            yield PostgresMemory(Handle(self._connections, number, seal, self._words), person)

    def forget(self, person: str) -> bool:
        """Destroy a person's key and all of their rows; whether there was one."""
        checked_person(person)
        with self._turns.hold(person):
            found = self._found(person)
            if found is None:
                return False
            try:
                with writing(self._connections, found[0]) as (rows, _):
                    for table in reversed(PERSONAL):
                        rows.do(f"DELETE FROM {SCHEMA}.{table} WHERE person = %(person)s")  # noqa: S608
            except UnknownPerson:  # another process was first
                return False
        return True

    def names(self, after: str, limit: int) -> list[str]:
        """Return up to `limit` people in the order of their names, those that follow `after`."""
        with self._connections.transaction(
            "BEGIN READ ONLY; SET LOCAL homeostat.listing = 'on'"
        ) as connection:
            found = connection.execute(
                f"SELECT name FROM {SCHEMA}.people WHERE name > %s ORDER BY name LIMIT %s",  # noqa: S608
                # No name holds NUL, which PostgreSQL does not take: none lies between.
                (after.partition("\0")[0], max(limit, 0)),
            )
            return [name for (name,) in found]

    def rewrap(self, master: MasterKey) -> int:
        """Wrap all data keys under another master key, all or none; return how many. Rows stay as they are.

        Other processes that are given the earlier key cannot open anybody any more.
        """
        with self._connections.transaction(_REWRAPPING) as connection:
            # First, so that nobody is added under the earlier key meanwhile.
            connection.execute(f"UPDATE {SCHEMA}.master SET fingerprint = %s", (master.fingerprint,))  # noqa: S608
            found = connection.execute(
                f"SELECT p.name, k.person, k.wrapped FROM {SCHEMA}.keys AS k"  # noqa: S608
                f" JOIN {SCHEMA}.people AS p ON p.person = k.person"
            ).fetchall()
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"UPDATE {SCHEMA}.keys SET wrapped = %s WHERE person = %s",  # noqa: S608
                    [
                        (master.wrap(self._master.unwrap(wrapped, name), name), person)
                        for name, person, wrapped in found
                    ],
                )
        self._master = master
        return len(found)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _found(self, person: str) -> tuple[int, bytes] | None:
        with self._connections.outside() as connection:
            found = connection.execute(_FOUND, (person,), binary=True).fetchone()
        return None if found is None else (found[0], found[1])

    def _made(self, person: str) -> tuple[int, bytes] | None:
        wrapped = self._master.wrap(secrets.token_bytes(KEY_BYTES), person)
        with self._connections.transaction() as connection:
            self._check_master(connection)
            connection.execute("SELECT set_config('homeostat.name', %s, true)", (person,))
            made = connection.execute(
                f"INSERT INTO {SCHEMA}.people (name) VALUES (%s)"  # noqa: S608
                " ON CONFLICT (name) DO NOTHING RETURNING person",
                (person,),
            ).fetchone()
            if made is not None:
                connection.execute(f"SET LOCAL homeostat.person = '{made[0]:d}'")
                connection.execute(f"INSERT INTO {SCHEMA}.keys VALUES (%s, %s)", (made[0], wrapped))  # noqa: S608
                return made[0], wrapped
        return self._found(person)

    def _check_master(self, connection: Connection) -> None:
        """Raise ConfigError where another master key wraps the keys; it stays until the transaction ends."""
        kept = connection.execute(f"SELECT fingerprint FROM {SCHEMA}.master FOR SHARE").fetchone()  # noqa: S608
        if kept != (self._master.fingerprint,):
            raise ConfigError(
                f"{self._connections.address} was made with another master key than"
                f" {self._master.fingerprint}: give the key with which it was made"
            )
