"""The store in a PostgreSQL database, which any number of nodes may share."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from homeostat.core.batch import Batch
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError
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
from homeostat.store.address import StoreAddress
from homeostat.store.points import START_NS_MAX, points_of
from homeostat.store.postgres import marks
from homeostat.store.postgres import retention as keeping
from homeostat.store.postgres.connections import Connection, Connections
from homeostat.store.postgres.lease import PostgresLease
from homeostat.store.postgres.locks import Lock, take, try_take
from homeostat.store.postgres.log_table import add_logs, logs
from homeostat.store.postgres.partitions import Partition, Partitions, of_logs, of_segments, of_spans
from homeostat.store.postgres.record_table import expire_records, put_records, records
from homeostat.store.postgres.rollup import compact, roll_up
from homeostat.store.postgres.schema import migrate
from homeostat.store.postgres.segment_table import Numbers, PostgresSegments, add_segments
from homeostat.store.postgres.series_table import SeriesIds, SeriesKeys, times_forgotten
from homeostat.store.postgres.span_table import add_spans, home_of, trace, traces
from homeostat.store.postgres.tally import Tally, fold, note, total
from homeostat.store.segments import SLOTS_NS, cut

Answer = TypeVar("Answer")

STEPS_MAX = 100
"""Transactions of each kind in one round of upkeep; what is left waits for the next round."""

AHEAD_NS = 10 * MINUTE_NS
KEPT_AFTER_ALL_MAX = 8
"""Batches whose writers have yet to learn that they were kept: one for each that writes, as a rule."""

ANSWER_TIMEOUT_S = 30.0
TURN_TIMEOUT_S = 10.0

_OF_SERIES: Mapping[type, Callable[..., Any]] = {
    SeriesQuery: answers.series,
    FrameQuery: answers.frames,
    TotalQuery: answers.totals,
}


def _size(connection: Connection, _: SizeQuery) -> StoreSize:
    held = total(connection)
    row = connection.execute(
        "SELECT (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
        " WHERE relnamespace = 'homeostat'::regnamespace AND relkind = 'r'),"
        " (SELECT count(*) FROM homeostat.series)"
    ).fetchone()
    assert row is not None
    return StoreSize(row[0], held.raw_bytes, held.stored_bytes, held.points, held.spans, row[1])


_OF_TABLES: Mapping[type, Callable[..., Any]] = {
    TracesQuery: traces,
    TraceQuery: trace,
    LogsQuery: logs,
    RecordsQuery: records,
    SizeQuery: _size,
}


@dataclass(frozen=True, slots=True)
class _InDoubt:
    """A batch whose transaction was asked to commit and did not say that it did, and its number."""

    batch: Batch
    number: int


class PostgresStore:
    """Everything that was observed, in one database; any thread and any number of nodes may use it at once.

    Points are appended as small fragments and never changed; reading merges the fragments of a bucket, and
    upkeep merges them for good. A batch that was written is on the server's disk, as far as its
    `synchronous_commit` promises. Where the connection is lost before the server said whether a batch was
    kept, writing the same batch object again keeps it once. After a fork the child must open the store again.

    Raises StoreBusy while the server is away, slow, or has no connection left: trying again helps.
    StoreFull, StoreCorrupt or StoreError for what it cannot do, InputError for an impossible number;
    never an error of PostgreSQL's own, and no message holds the address's password.
    """

    def __init__(
        self,
        address: StoreAddress,
        retention: Retention | None = None,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        turn_timeout_s: float = TURN_TIMEOUT_S,
    ) -> None:
        self._retention = retention or Retention()
        self._connections = Connections(address, answer_timeout_s, turn_timeout_s)
        self._partitions = Partitions(self._connections)
        self._keys = SeriesKeys()
        self._write_lock = threading.Lock()
        self._upkeep_lock = threading.Lock()
        self._ids = SeriesIds()
        self._numbers = Numbers()
        self._upkeep_numbers = Numbers()
        self._writer = uuid4()
        self._batches = 0
        self._in_doubt: _InDoubt | None = None
        self._kept_after_all: deque[Batch] = deque(maxlen=KEPT_AFTER_ALL_MAX)
        try:
            migrate(self._connections)
        except BaseException:
            self._connections.close()
            raise

    def lease(self, name: str) -> PostgresLease:
        """Return the lease of a name among all nodes before this database."""
        return PostgresLease(self._connections.conninfo, name)

    def write(self, batch: Batch) -> None:
        """Keep the whole batch, or raise StoreError (InputError for an impossible number) and keep none."""
        if not len(batch):
            return
        with self._write_lock:
            if self._was_kept(batch):
                return
            self._partitions.ensure(_partitions_of(batch))
            if not self._batches:
                with self._connections.outside() as connection:
                    marks.register(connection, self._writer)
            self._batches += 1
            kept = False
            try:
                with self._connections.transaction() as connection:
                    self._write(connection, batch)
                    self._in_doubt = _InDoubt(batch, self._batches)
                self._in_doubt = None
                kept = True
            finally:
                if not kept:
                    self._ids.clear()

    def _write(self, connection: Connection, batch: Batch) -> None:
        """Write a batch within a transaction."""
        added = Tally()
        if batch.points:
            take(connection, Lock.SERIES_FORGOTTEN, shared=True)
            ids = self._ids.of(connection, batch.points, times_forgotten(connection))
            added = add_segments(connection, self._numbers, list(cut(0, points_of(batch.points, ids))))
        spans = add_spans(connection, batch.spans)
        add_logs(connection, batch.logs)
        put_records(connection, batch.records)
        note(connection, replace(added, spans=spans, logs=len(batch.logs)))
        marks.move(connection, self._writer, self._batches)

    def _was_kept(self, batch: Batch) -> bool:
        """Tell whether a batch is one that was in doubt and was kept after all, and forget that it was.

        What is in doubt is settled before anything else is written: later marks would hide it.
        """
        doubt = self._in_doubt
        if doubt is not None:
            with self._connections.transaction() as connection:
                if marks.last(connection, self._writer) == doubt.number:
                    self._kept_after_all.append(doubt.batch)
            self._in_doubt = None
        for n, kept in enumerate(self._kept_after_all):
            if kept is batch:
                del self._kept_after_all[n]
                return True
        return False

    def read(self, query: Query[Answer]) -> Answer:
        """Answer a query from one state of the database."""
        kind = type(query)
        with self._connections.read() as connection:
            answer: Answer
            if kind in _OF_SERIES:
                asked: Any = query
                keys = self._keys.matching(connection, asked.metric, asked.attributes)
                answer = _OF_SERIES[kind](PostgresSegments(connection), query, keys)
            elif kind in _OF_TABLES:
                answer = _OF_TABLES[kind](connection, query)
            else:
                raise InputError(f"{kind.__name__} is not a query that this store answers")
            return answer

    def maintain(self, now_ns: int) -> Maintenance:
        """Roll up, compact and expire, in transactions of some ten milliseconds each.

        Of several nodes that do so at once one does each step, and the others leave it to that one. A node
        whose clock is ahead of the server's by more than `AHEAD_NS` is not believed: what it takes for old
        is what the others have just written.
        """
        keep, partitions, numbers = self._retention, self._partitions, self._upkeep_numbers
        with self._upkeep_lock:
            now_ns = min(now_ns, self._server_now_ns() + AHEAD_NS)
            rolled_up = self._repeat(lambda c: roll_up(c, numbers, partitions, now_ns) or None)
            self._repeat(lambda c: compact(c, numbers) or None)
            self._repeat(lambda c: keeping.move_horizons(c, now_ns, keep))
            done = Maintenance(
                rolled_up=rolled_up,
                expired_points=self._repeat(lambda c: keeping.expire_segments(c, partitions, now_ns, keep)),
                expired_spans=self._repeat(lambda c: keeping.expire_spans(c, partitions, now_ns, keep)),
                expired_logs=self._repeat(lambda c: keeping.expire_logs(c, partitions, now_ns, keep)),
            )
            self._repeat(lambda c: keeping.expire_series(c, now_ns, keep))
            self._repeat(lambda c: expire_records(c, now_ns) or None)
            self._repeat(fold)
            self._repeat(marks.expire)
        return done

    def _server_now_ns(self) -> int:
        with self._connections.outside() as connection:
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::bigint").fetchone()
        assert row is not None
        return int(row[0]) * SECOND_NS

    def _repeat(self, step: Callable[[Connection], int | None]) -> int:
        """Take a step until there is nothing left to do, or until another node takes it; return the sum."""
        done = 0
        for _ in range(STEPS_MAX):
            with self._connections.transaction() as connection:
                found = step(connection) if try_take(connection, Lock.UPKEEP) else None
            if found is None:
                break
            done += found
        return done

    def close(self) -> None:
        """Close the connections; a store that is closed answers with StoreError."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def _partitions_of(batch: Batch) -> Iterable[Partition]:
    """Return the partitions that a batch lies in, as far as its times can be true."""
    slots = {p.start_ns // SLOTS_NS[0] for p in batch.points if 0 <= p.start_ns < START_NS_MAX}
    yield from (of_segments(0, slot * SLOTS_NS[0]) for slot in sorted(slots))
    homes = {home_of(s.start_ns) for s in batch.spans if 0 <= s.start_ns < START_NS_MAX}
    yield from map(of_spans, sorted(homes))
    yield from (of_logs(r.time_ns) for r in batch.logs if 0 <= r.time_ns < START_NS_MAX)
