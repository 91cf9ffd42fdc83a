"""The file of the embedded queue: its schema, its one connection, and SQLite's errors as ours.

The bus keeps its events in such a file too, by a layout of its own.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from homeostat.core.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull
from homeostat.core.fork_gate import UNFORKED

APPLICATION_ID = 0x484D4A42  # "HMJB"
VERSION = 1
WAL_BYTES_MAX = 64 << 20

SCHEDULED, READY, RUNNING, DONE, DEAD, CANCELLED = range(6)
"""The states in the order of `State`. The indices are partial: a job costs what its state needs."""

SCHEMA = (
    """CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, arguments TEXT NOT NULL,
        key TEXT, priority INTEGER NOT NULL, state INTEGER NOT NULL,
        made_ns INTEGER NOT NULL, due_ns INTEGER NOT NULL, keep_ns INTEGER NOT NULL,
        ended_ns INTEGER NOT NULL DEFAULT 0, expires_ns INTEGER NOT NULL DEFAULT 0,
        owner TEXT, token INTEGER NOT NULL DEFAULT 0, cancelling INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
        progress REAL NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
        result TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE UNIQUE INDEX jobs_by_key ON jobs (name, key) WHERE key IS NOT NULL",
    f"CREATE INDEX jobs_scheduled ON jobs (due_ns) WHERE state = {SCHEDULED}",
    f"CREATE INDEX jobs_ready ON jobs (name, priority DESC) WHERE state = {READY}",
    f"CREATE INDEX jobs_running ON jobs (name, owner) WHERE state = {RUNNING}",
    f"CREATE INDEX jobs_dead ON jobs (ended_ns) WHERE state = {DEAD}",
    "CREATE INDEX jobs_expiring ON jobs (expires_ns) WHERE expires_ns > 0",
    # Monotonic times of this boot: when the worker last beat, and until when its lease holds.
    "CREATE TABLE workers (id TEXT PRIMARY KEY, beat_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What is in a file: its tables, and the numbers by which it is known.

    `synchronous` FULL: what was committed outlives `kill -9`, a crash of the kernel and a loss of power;
    NORMAL: `kill -9` alone.
    """

    what: str
    application_id: int
    version: int
    schema: tuple[str, ...]
    synchronous: str = "FULL"
    checkpoint_pages: int = 1_000


JOBS = Layout("jobs", APPLICATION_ID, VERSION, SCHEMA)

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


class QueueFile:
    """One connection to the file, for one thread at a time.

    Raises StoreBusy, StoreFull, StoreCorrupt or StoreError, never an error of SQLite's own.
    """

    def __init__(self, path: Path, busy_timeout_s: float = 5.0, layout: Layout = JOBS) -> None:
        self.path = path
        self._layout = layout
        self._process = os.getpid()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(time.monotonic() + busy_timeout_s)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, until_s: float) -> None:
        connection = self._connection
        connection.execute(f"PRAGMA synchronous = {self._layout.synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._layout.checkpoint_pages}")
        connection.execute("PRAGMA cache_size = -32768")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        # SQLite does not wait for its turn to change the journal's mode.
        while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until_s:
                    raise
                time.sleep(0.01)
        with self.write():
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            filled = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
            if not filled:
                for statement in self._layout.schema:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._layout.application_id}")
                connection.execute(f"PRAGMA user_version = {self._layout.version}")
            elif application != self._layout.application_id:
                what = self._layout.what
                raise StoreError(
                    f"{self.path} is a file of something else; give the {what} a path of their own"
                )
            elif version != self._layout.version:
                raise StoreError(
                    f"{self.path} was made by a newer Homeostat (version {version}); update this one"
                )

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; it is kept whole or not at all."""
        with self._translated():
            connection = self._checked()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file throughout."""
        with self._translated():
            connection = self._checked()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection; in a forked child it is the parent's, and stays."""
        if self._process == os.getpid():
            with self._translated():
                self._connection.close()

    def _checked(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            raise StoreError(f"{self.path} was opened by process {self._process}; open it again after a fork")
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with UNFORKED:
                yield
        except sqlite3.Error as error:
            raise _ours(error, self.path) from error
        except OSError as error:
            raise StoreFull(
                f"{self.path} cannot be made; choose a path that is writable ({error})"
            ) from error


def _ours(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(f"{path} is held by another process; try again, or stop that process ({error})")
    if code in _FULL:
        return StoreFull(
            f"{path} cannot be written; look at the disk's space and at its permissions ({error})"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{path} is damaged ({error}); stop what uses it and set it aside: a new one is made"
        )
    return StoreError(f"{path} could not do what was asked; this is a defect of Homeostat ({error})")
