"""The connections to one SQLite file: one that writes, a few that read, and their errors as ours."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from homeostat.core.errors import InputError, StoreBusy, StoreCorrupt, StoreError, StoreFull
from homeostat.core.fork_gate import UNFORKED
from homeostat.store.address import MEMORY
from homeostat.store.segment import DamagedBlob
from homeostat.store.sqlite.schema import check_ours, migrate

READERS_MAX = 4
"""Readers at a time; further ones wait for their turn."""

PAGE_BYTES = 8_192
WAL_BYTES_MAX = 64 << 20

_ERRORS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, "is held by another process; try again, or stop that process"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "is held by another process; try again, or stop that process"),
    sqlite3.SQLITE_FULL: (
        StoreFull,
        "cannot grow, the disk is full; free some space, or choose another path",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreFull,
        "is read-only; make the file and its directory writable, or choose another path",
    ),
    sqlite3.SQLITE_IOERR: (StoreFull, "cannot be written or read; look at the disk's space and health"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreFull,
        "cannot be opened; make the file and its directory readable and writable",
    ),
    sqlite3.SQLITE_PERM: (
        StoreFull,
        "may not be opened; make the file and its directory readable and writable",
    ),
}


def damaged(name: str, detail: object) -> StoreCorrupt:
    """Return the error for a damaged file, which says how to set it aside."""
    return StoreCorrupt(
        f"{name} is damaged ({detail}); stop what uses it and set it aside with "
        f"`for f in {name} {name}-wal {name}-shm; do mv $f $f.damaged; done`: "
        "a new file is made at the next start"
    )


def store_error(error: Exception, name: str) -> StoreError:
    """Return an error of SQLite, or of reading what it holds, as one of ours."""
    if isinstance(error, OSError):
        return StoreFull(f"{name} cannot be made; choose a path whose directory is writable ({error})")
    if not isinstance(error, sqlite3.Error):
        return damaged(name, error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(name, error)
    kind, remedy = _ERRORS.get(
        code, (StoreError, "could not do what was asked; this is a defect of Homeostat")
    )
    return kind(f"{name} {remedy} ({error})")


class Connections:
    """Hands out transactions: one writer at a time, up to `READERS_MAX` readers beside it.

    A store in memory has one connection, which everyone shares in turn.
    """

    def __init__(self, path: str, busy_timeout_s: float) -> None:
        self.name = path
        self._busy_timeout_s = busy_timeout_s
        self._process = os.getpid()
        self._write_lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = threading.Lock()
        self._turns = threading.Semaphore(READERS_MAX)
        self._writer: sqlite3.Connection | None = None
        with self._translated():
            if path != MEMORY:
                _make_private(Path(path))
            self._writer = self._open()
            try:
                check_ours(self._writer, path)
                _prepare(self._writer, time.monotonic() + busy_timeout_s)
                migrate(self._writer, path)
            except BaseException:
                self._writer.close()
                raise

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.name, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -16384")
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with UNFORKED:
                yield
        except (sqlite3.Error, OSError, DamagedBlob, msgspec.DecodeError) as error:
            raise store_error(error, self.name) from error
        except (OverflowError, UnicodeEncodeError) as error:
            raise InputError(
                f"{self.name} cannot hold a number beyond 64 bits or text that is no Unicode: {error}"
            ) from error

    def _checked(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreError(f"{self.name} is closed")
        if self._process != os.getpid():
            raise StoreError(f"{self.name} was opened by process {self._process}; open it again after a fork")
        return self._writer

    @contextmanager
    def write(self, undo: Callable[[], None] | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the file's write lock from its start; it is kept whole or not at all.

        If it is not kept, `undo` is called before the next one can begin.
        """
        self._checked()
        with self._write_lock, self._translated():
            connection = self._checked()
            connection.execute("BEGIN IMMEDIATE")
            kept = False
            try:
                yield connection
                connection.execute("COMMIT")
                kept = True
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if undo is not None and not kept:
                    undo()

    @contextmanager
    def outside(self) -> Iterator[sqlite3.Connection]:
        """The writing connection outside of a transaction, for pragmas."""
        self._checked()
        with self._write_lock, self._translated():
            yield self._checked()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file throughout."""
        self._checked()
        if self.name == MEMORY:
            with self.write() as connection:
                yield connection
            return
        with self._turns, self._translated():
            with self._idle_lock:
                idle = self._idle.pop() if self._idle else None
            connection = idle or self._open()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if self._writer is not None:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is open; readers that are at work close when they are done."""
        if self._process != os.getpid():
            return
        with self._write_lock, self._idle_lock, self._translated():
            writer, self._writer = self._writer, None
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            if writer is not None:
                writer.close()


def _make_private(path: Path) -> None:
    """Make a file that only its owner reads, in directories that only their owner enters."""
    missing = [p for p in path.absolute().parents if not p.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare(connection: sqlite3.Connection, until_s: float) -> None:
    """Set what belongs to the file as a whole; the first two only take effect on an empty one.

    SQLite does not wait for its turn to change the journal's mode, so this does, up to a monotonic time.
    """
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
    while connection.execute("PRAGMA journal_mode").fetchone() == ("delete",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                raise
            time.sleep(0.01)
