"""The embedded store: one SQLite file in write-ahead mode."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from homeostat.core.batch import Batch
from homeostat.core.errors import InputError
from homeostat.core.lease import Lease
from homeostat.core.query import (
    FrameQuery,
    LogsQuery,
    Maintenance,
    Query,
    RecordsQuery,
    Retention,
    SeriesQuery,
    SizeQuery,
    StoreSize,
    TotalQuery,
    TraceQuery,
    TracesQuery,
)
from homeostat.store import answers
from homeostat.store.address import MEMORY
from homeostat.store.points import points_of
from homeostat.store.sqlite.connections import Connections
from homeostat.store.sqlite.file_lease import FileLease, OwnLease, file_name
from homeostat.store.sqlite.log_table import add_logs, logs
from homeostat.store.sqlite.record_table import expire_records, put_records, records
from homeostat.store.sqlite.retention import expire_logs, expire_segments, expire_series, expire_spans
from homeostat.store.sqlite.rollup import compact, roll_up
from homeostat.store.sqlite.segment_table import SqliteSegments, add_segments
from homeostat.store.sqlite.series_table import SeriesIds, SeriesKeys
from homeostat.store.sqlite.span_table import add_spans, trace, traces

Answer = TypeVar("Answer")

STEPS_MAX = 100
"""Transactions of each kind in one round of upkeep; what is left waits for the next round."""

VACUUM_PAGES = 512
FREE_SHARE_MAX = 0.1

_OF_SERIES: Mapping[type, Callable[..., Any]] = {
    SeriesQuery: answers.series,
    FrameQuery: answers.frames,
    TotalQuery: answers.totals,
}


def _size(connection: sqlite3.Connection, _: SizeQuery) -> StoreSize:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (series,) = connection.execute("SELECT count(*) FROM series").fetchone()
    points, raw, stored, spans = connection.execute(
        "SELECT points, raw_bytes, stored_bytes, spans FROM totals"
    ).fetchone()
    return StoreSize(pages * page_bytes, raw, stored, points, spans, series)


_OF_TABLES: Mapping[type, Callable[..., Any]] = {
    TracesQuery: traces,
    TraceQuery: trace,
    LogsQuery: logs,
    RecordsQuery: records,
    SizeQuery: _size,
}


class SqliteStore:
    """Everything that was observed, in one file; any thread and several processes may use it at once.

    Points are appended as small fragments and never changed; reading merges the fragments of a bucket, and
    upkeep merges them for good. A batch that was written outlives `kill -9` at any moment. The file is
    written with `synchronous = NORMAL`: a failure of power or of the system's kernel may take back the
    newest batches, and never damages the file. After a fork the child must open the store again.

    Raises StoreBusy, StoreCorrupt, StoreFull or StoreError, never an error of SQLite's own.
    """

    def __init__(
        self, path: Path | str, retention: Retention | None = None, busy_timeout_s: float = 5.0
    ) -> None:
        self._retention = retention or Retention()
        self._file = None if str(path) == MEMORY else Path(path)
        self._connections = Connections(str(path), busy_timeout_s)
        self._ids = SeriesIds()
        self._keys = SeriesKeys()

    @property
    def file(self) -> Path | None:
        """The file, None for a store in memory."""
        return self._file

    def lease(self, name: str) -> Lease:
        """Return the lease of a name among the processes that use this file."""
        if self._file is None:
            return OwnLease()
        return FileLease(self._file.with_name(f"{self._file.name}.{file_name(name)}.lease"))

    def write(self, batch: Batch) -> None:
        """Keep the whole batch, or raise StoreError (InputError for an impossible number) and keep none."""
        if not len(batch):
            return
        with self._connections.write(undo=self._ids.clear) as connection:
            if batch.points:
                points = points_of(batch.points, self._ids.of(connection, batch.points))
                add_segments(connection, 0, points)
            add_spans(connection, batch.spans)
            add_logs(connection, batch.logs)
            put_records(connection, batch.records)

    def read(self, query: Query[Answer]) -> Answer:
        """Answer a query from one state of the file."""
        kind = type(query)
        with self._connections.read() as connection:
            answer: Answer
            if kind in _OF_SERIES:
                asked: Any = query
                keys = self._keys.matching(connection, asked.metric, asked.attributes)
                answer = _OF_SERIES[kind](SqliteSegments(connection), query, keys)
            elif kind in _OF_TABLES:
                answer = _OF_TABLES[kind](connection, query)
            else:
                raise InputError(f"{kind.__name__} is not a query that this store answers")
            return answer

    def maintain(self, now_ns: int) -> Maintenance:
        """Roll up, compact and expire, in transactions of some ten milliseconds each.

        Several processes may do so at once: each step is done by one of them.
        """
        keep = self._retention
        rolled_up = self._repeat(lambda c: roll_up(c, now_ns))
        self._repeat(compact)
        done = Maintenance(
            rolled_up=rolled_up,
            expired_points=self._repeat(lambda c: expire_segments(c, now_ns, keep)),
            expired_spans=self._repeat(lambda c: expire_spans(c, now_ns, keep)),
            expired_logs=self._repeat(lambda c: expire_logs(c, now_ns, keep)),
        )
        self._repeat(lambda c: expire_series(c, now_ns, keep))
        self._repeat(lambda c: expire_records(c, now_ns))
        self._give_back_space()
        return done

    def _repeat(self, step: Callable[[sqlite3.Connection], int]) -> int:
        total = 0
        for _ in range(STEPS_MAX):
            with self._connections.write() as connection:
                done = step(connection)
            if not done:
                break
            total += done
        return total

    def _give_back_space(self) -> None:
        """Return free pages to the file system, beyond a share that will be filled again soon."""
        with self._connections.outside() as connection:
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            if free > FREE_SHARE_MAX * pages:
                # A script, because a single execute frees one page only: it stops at the first of many steps.
                connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")

    def close(self) -> None:
        """Close the file; a store that is closed answers with StoreError."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()
