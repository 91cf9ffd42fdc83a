"""The cabinet in one SQLite file, for any number of threads and processes of one machine."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from homeostat.companion.access.cabinet import START, Link
from homeostat.core.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull

BUSY_TIMEOUT_S = 10.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs (
    kind TEXT NOT NULL, name TEXT NOT NULL, blob BLOB NOT NULL, PRIMARY KEY (kind, name)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS links (
    number INTEGER PRIMARY KEY, entry BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS anchor (
    only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT;
"""


class SqliteCabinet:
    """A file that its owner alone can read. It holds digests of tokens, and names of people who have one.

    It has two connections: who reads waits for nobody who writes, in this process or another, for no token
    can be judged meanwhile.
    """

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises StoreError."""
        self._path = path
        self._writes = Lock()
        self._reads = Lock()
        with self._errors():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writer = self._connected()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._writer.execute(f"PRAGMA {pragma}")
            self._writer.executescript(SCHEMA)
            self._reader = self._connected()

    @property
    def drawers(self) -> "SqliteCabinet":
        """The blobs."""
        return self

    @property
    def trail(self) -> "SqliteTrail":
        """The links."""
        return SqliteTrail(self)

    def get(self, kind: str, name: str) -> bytes | None:
        """Return what was put last."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT blob FROM blobs WHERE kind = ? AND name = ?", (kind, name)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, kind: str, blobs: Mapping[str, bytes | None]) -> None:
        """Put several at once; None removes, from the log too unless another process is reading it."""
        with self.writing() as connection:
            for name, blob in blobs.items():
                if blob is None:
                    connection.execute("DELETE FROM blobs WHERE kind = ? AND name = ?", (kind, name))
                else:
                    connection.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?)", (kind, name, blob))
        if None in blobs.values():
            with self._writes, self._errors():
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Put a blob in place of another one."""
        with self.writing() as connection:
            if before is None:
                put = connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (kind, name, after))
            else:
                put = connection.execute(
                    "UPDATE blobs SET blob = ? WHERE kind = ? AND name = ? AND blob = ?",
                    (after, kind, name, before),
                )
            return put.rowcount == 1

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return up to `limit` of a kind that follow `after`."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT name, blob FROM blobs WHERE kind = ? AND name > ? ORDER BY name LIMIT ?",
                (kind, after, limit),
            ).fetchall()
        return {name: bytes(blob) for name, blob in rows}

    def close(self) -> None:
        """Close the file."""
        with self._writes, self._reads:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection that reads, in a transaction: all that it reads is of one moment."""
        with self._reads, self._errors():
            self._reader.execute("BEGIN")
            with self._reader:
                yield self._reader

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection that writes, in a transaction before which no other process may write."""
        with self._writes, self._errors():
            self._writer.execute("BEGIN IMMEDIATE")
            with self._writer:
                yield self._writer

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            code = getattr(error, "sqlite_errorcode", None)
            kind = _KINDS.get(code & 0xFF if isinstance(code, int) else -1, StoreError)
            raise kind(f"{self._path} cannot be used: {error}") from error


_KINDS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_READONLY: StoreFull,
    sqlite3.SQLITE_CORRUPT: StoreCorrupt,
    sqlite3.SQLITE_NOTADB: StoreCorrupt,
}


class SqliteTrail:
    """The links in the same file."""

    def __init__(self, cabinet: SqliteCabinet) -> None:
        self._cabinet = cabinet

    def append(self, next_of: Callable[[Link], Link], kept_max: int) -> Link:
        """Add the link that follows the last one."""
        with self._cabinet.writing() as connection:
            link = next_of(_last(connection))
            connection.execute("INSERT INTO links VALUES (?, ?, ?)", (link.number, link.entry, link.digest))
            last = connection.execute(
                "SELECT number, digest FROM links WHERE number <= ? ORDER BY number DESC LIMIT 1",
                (link.number - kept_max,),
            ).fetchone()
            if last is not None:
                connection.execute("INSERT OR REPLACE INTO anchor VALUES (1, ?, ?)", last)
                connection.execute("DELETE FROM links WHERE number <= ?", (last[0],))
        return link

    def read(self, after: int, limit: int) -> list[Link]:
        """Return up to `limit` links whose number is above `after`."""
        with self._cabinet.reading() as connection:
            rows = connection.execute(
                "SELECT number, entry, digest FROM links WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
        return [Link(*row) for row in rows]

    def ends(self) -> tuple[Link, Link]:
        """Return the last link that was dropped, and the newest."""
        with self._cabinet.reading() as connection:
            return _anchor(connection), _last(connection)


def _last(connection: sqlite3.Connection) -> Link:
    row = connection.execute("SELECT * FROM links ORDER BY number DESC LIMIT 1").fetchone()
    return Link(*row) if row else _anchor(connection)


def _anchor(connection: sqlite3.Connection) -> Link:
    row = connection.execute("SELECT number, digest FROM anchor").fetchone()
    return Link(row[0], b"", row[1]) if row else START
