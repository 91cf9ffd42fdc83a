"""The third tier, embedded: a table in a SQLite file of its own."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from homeostat.core.clock import Clock, SystemClock
from homeostat.core.errors import ConfigError
from homeostat.core.fork_gate import UNFORKED
from homeostat.runtime.cache.tiers.tier import Item

T = TypeVar("T")

PRUNE_AFTER = 1_000
"""Values put in after which the table is held to its bound."""

BUSY_MS = 1_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cache (
    key BLOB PRIMARY KEY,
    dead_ms INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cache_by_death ON cache (dead_ms);
"""


class SqliteTier:
    """Values in a file that several processes may share, forked ones too; one thread of its own works on it.

    At most `rows_max` are kept: beyond, those go first whose time is over next. What was written survives the
    end of the process; the last of it may be lost with the machine, which costs loads only.
    """

    failures: tuple[type[Exception], ...] = (sqlite3.Error,)
    timeout_s = 1.0

    def __init__(self, path: str | Path, *, rows_max: int = 1_000_000, clock: Clock | None = None) -> None:
        """Open or make the file. Raises ConfigError where that cannot be done."""
        if rows_max < 1:
            raise ConfigError(f"rows_max must be at least 1, not {rows_max}")
        self._rows_max = rows_max
        self._clock: Clock = clock or SystemClock()
        self._path = Path(path).expanduser().absolute()
        self._put = 0
        self._closed = False
        self._parents: list[sqlite3.Connection] = []
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise ConfigError(f"the cache's file {str(path)!r} cannot be used: {error}") from error

    async def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Return what is there of each key and not dead."""
        return await self._run(lambda: self._read(keys))

    async def put_many(self, items: Sequence[Item]) -> None:
        """Keep values, in one transaction."""
        await self._run(lambda: self._write(items))

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        """Forget keys, in one transaction."""
        await self._run(lambda: self._delete(keys))

    async def close(self) -> None:
        """Close the file. Doing so again does nothing."""
        if not self._closed:
            await self._run(self._connection.close)
            self._closed = True
            self._thread.shutdown()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="homeostat-cache-sqlite")
        self._connection = self._thread.submit(_unforked, lambda: _opened(self._path)).result()

    async def _run(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise sqlite3.ProgrammingError("the cache's file is closed")
        if (
            self._pid != os.getpid()
        ):  # forked: the parent's thread is not here, and its connection stays its own
            self._parents.append(self._connection)
            self._open()
        return await asyncio.get_running_loop().run_in_executor(self._thread, _unforked, work)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    def _read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        now_ms = self._now_ms()
        find = "SELECT body FROM cache WHERE key = ? AND dead_ms > ?"
        rows = (self._connection.execute(find, (key, now_ms)).fetchone() for key in keys)
        return [row[0] if row is not None else None for row in rows]

    def _write(self, items: Sequence[Item]) -> None:
        now_ms = self._now_ms()
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO cache (key, dead_ms, body) VALUES (?, ?, ?)",
                [(item.key, now_ms + item.kept_ms, item.body) for item in items],
            )
        self._put += len(items)
        if self._put >= min(PRUNE_AFTER, self._rows_max):
            self._put = 0
            self._prune(now_ms)

    def _prune(self, now_ms: int) -> None:
        with self._connection:
            self._connection.execute("DELETE FROM cache WHERE dead_ms <= ?", (now_ms,))
            rows = self._connection.execute("SELECT count(*) FROM cache").fetchone()[0]
            if rows > self._rows_max:
                self._connection.execute(
                    "DELETE FROM cache WHERE key IN (SELECT key FROM cache ORDER BY dead_ms LIMIT ?)",
                    (rows - self._rows_max,),
                )

    def _delete(self, keys: Sequence[bytes]) -> None:
        with self._connection:
            self._connection.executemany("DELETE FROM cache WHERE key = ?", [(key,) for key in keys])


def _unforked(work: Callable[[], T]) -> T:
    with UNFORKED:
        return work()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1_000, check_same_thread=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_SCHEMA)
    return connection
