"""The registry: who there is, in which file, and under which wrapped key; encrypted as a whole."""

import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import apsw

from homeostat.companion.store.keys import KEY_BYTES, MasterKey
from homeostat.companion.store.sqlite.claim import Claim
from homeostat.companion.store.sqlite.connection import connect, scrub, transaction, translated
from homeostat.companion.store.sqlite.handle import rows_of
from homeostat.companion.store.sqlite.places import REGISTRY, destroy, private_file, synced
from homeostat.core.errors import ConfigError, StoreCorrupt

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    name TEXT PRIMARY KEY, file TEXT NOT NULL UNIQUE, wrapped BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (file TEXT PRIMARY KEY) WITHOUT ROWID
"""


class Registry:
    """Safe for threads, and for processes beside one another. A person exists when their row does."""

    def __init__(self, folder: Path, master: MasterKey) -> None:
        self._path = folder / REGISTRY
        self._master = master
        self._lock = Lock()
        self._claim = Claim(folder)
        try:
            private_file(self._path)
            self._connection = _opened(self._path, master)
        except BaseException:
            self._claim.release()
            raise

    def find(self, person: str) -> tuple[str, bytes] | None:
        """Return a person's file and data key."""
        with self._lock, translated(self._path):
            return self._found(person)

    def add(self, person: str, make: Callable[[str, bytes], None]) -> tuple[str, bytes]:
        """Return a person's file and key, new ones where there are none; `make` makes the file first.

        A draft that has no row is of nobody: so a person is there whole, or not at all.
        """
        with self._lock, transaction(self._connection, self._path):
            found = self._found(person)
            if found is not None:
                return found
            file, key = secrets.token_hex(16), secrets.token_bytes(KEY_BYTES)
            make(file, key)
            self._connection.execute(
                "INSERT INTO people VALUES (?, ?, ?)", (person, file, self._master.wrap(key, file))
            )
        return file, key

    def remove(self, person: str) -> str | None:
        """Destroy a person's key and return their file's name, None where there is no such person."""
        with self._lock:
            with transaction(self._connection, self._path):
                found = rows_of(
                    self._connection, "DELETE FROM people WHERE name = ? RETURNING file", (person,)
                )
                # Their files are removed after this, or at the next start.
                self._connection.executemany("INSERT INTO forgotten VALUES (?)", found)
            scrub(self._connection, self._path)
        return found[0][0] if found else None

    def names(self, after: str, limit: int) -> list[str]:
        """Return people's names in their order."""
        with self._lock, translated(self._path):
            rows = rows_of(
                self._connection,
                "SELECT name FROM people WHERE name > ? ORDER BY name LIMIT ?",
                (after, max(limit, 0)),
            )
            return [name for (name,) in rows]

    def sweep(self, drafts: Callable[[], list[str]], destroy: Callable[[str], None]) -> None:
        """Destroy what a killed process had begun to forget, or to make of nobody; no other file."""
        with self._lock, transaction(self._connection, self._path):
            kept = {file for (file,) in rows_of(self._connection, "SELECT file FROM people")}
            forgotten = [
                file for (file,) in rows_of(self._connection, "DELETE FROM forgotten RETURNING file")
            ]
            for file in [*forgotten, *(file for file in drafts() if file not in kept)]:
                destroy(file)

    def _found(self, person: str) -> tuple[str, bytes] | None:
        rows = rows_of(self._connection, "SELECT file, wrapped FROM people WHERE name = ?", (person,))
        if not rows:
            return None
        ((file, wrapped),) = rows
        return file, self._master.unwrap(wrapped, file)

    def rewrap(self, master: MasterKey) -> int:
        """Wrap all keys under another master key, all or none; return how many. Raises StoreBusy."""
        with self._lock, self._claim.alone():
            rows = rows_of(self._connection, "SELECT name, file, wrapped FROM people")
            draft = self._path.with_suffix(".new")
            destroy(draft)
            private_file(draft)
            other = _opened(draft, master)
            with transaction(other, draft):
                other.executemany(
                    "INSERT INTO people VALUES (?, ?, ?)",
                    [
                        (name, file, master.wrap(self._master.unwrap(wrapped, file), file))
                        for name, file, wrapped in rows
                    ],
                )
            # Closing leaves one file each, of which one takes the place of the other in one step.
            other.close()
            self._connection.close()
            draft.replace(self._path)
            synced(self._path.parent)
            self._connection, self._master = _opened(self._path, master), master
        return len(rows)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            self._claim.release()


def _opened(path: Path, master: MasterKey) -> apsw.Connection:
    try:
        connection = connect(path, master.derived("registry"))
    except StoreCorrupt:
        raise ConfigError(
            f"{path} does not open with the master key {master.fingerprint}: "
            "give the key with which it was made, or restore the file from a backup"
        ) from None
    try:
        with translated(path):
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").fetchall()
            connection.execute(_SCHEMA)
        # A process that was killed may have left keys that it destroyed in the log.
        scrub(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection
