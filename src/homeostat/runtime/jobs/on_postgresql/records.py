"""The records of jobs in PostgreSQL, in one transaction with pgqueuer's messages that name them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.queries import Queries
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from homeostat.core.errors import NotAvailable, QueueFull
from homeostat.runtime.jobs.backend import Ask, Beat, ById, Exchanged, Listed, Order
from homeostat.runtime.jobs.on_postgresql import statements as sql
from homeostat.runtime.jobs.record import Claim, Depth, Job, NewJob, Outcome, Report, State
from homeostat.runtime.jobs.settings import Settings

Message = tuple[str, str, int, float]
"""A job's id, name and priority, and in how many seconds it is to be delivered."""

_ORDERS = {Order.CANCEL: sql.CANCEL, Order.SEND_AGAIN: sql.SEND_AGAIN, Order.FORGET: sql.FORGET}


class PostgresRecords:
    """A `Register` and `Leases` in one database."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", settings: Settings) -> None:
        self._pool = pool
        self._settings = settings
        self._queue = settings.name
        self._lease_us = round(settings.lease_s * 1e6)

    def entrypoint(self, name: str) -> str:
        """Return the name under which pgqueuer knows a job."""
        return f"homeostat.{self._queue}.{name}"

    async def install(self) -> None:
        """Make the tables, ours and pgqueuer's, where they are not there yet."""
        async with self._transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (sql.LOCK,))
            queries = Queries(PsycopgDriver(connection))
            if not await queries.schema_is_installed():
                await queries.install()
            for statement in sql.SCHEMA:
                await connection.execute(statement)

    async def submit(self, jobs: Sequence[NewJob]) -> Sequence[str]:
        """Keep jobs and their messages, and return their ids. Raises QueueFull."""
        rows = [
            {
                "id": j.id,
                "name": j.name,
                "arguments": j.arguments,
                "key": j.key,
                "priority": j.priority,
                "made_us": j.made_ns // 1_000,
                "due_us": j.due_ns // 1_000,
                "keep_us": j.keep_ns // 1_000,
            }
            for j in jobs
        ]
        values = {"queue": self._queue, "jobs": _text(rows)}
        async with self._transaction() as connection:
            (waiting,) = await _row(connection, sql.WAITING, values)
            room = self._settings.waiting_max - waiting
            if room < len(jobs):
                raise QueueFull(
                    f"the queue takes {self._settings.waiting_max} waiting jobs, and has room for {room}: "
                    "start more workers, or enqueue less"
                )
            fresh = {id for (id,) in await _rows(connection, sql.INSERT, values)}
            await self._send(
                connection,
                [
                    (j.id, j.name, j.priority, max(0.0, (j.due_ns - j.made_ns) / 1e9))
                    for j in jobs
                    if j.id in fresh
                ],
            )
            if len(fresh) == len(jobs):
                return [j.id for j in jobs]
            known = dict(await _rows(connection, sql.KNOWN_BY_KEY, values))
        return [j.id if j.id in fresh else known.get(j.id, j.id) for j in jobs]

    async def find(self, query: ById | Listed) -> Sequence[Job]:
        """Return jobs."""
        values: dict[str, object]
        if isinstance(query, ById):
            statement, values = sql.BY_ID, {"ids": list(query.ids)}
        else:
            values = {
                "state": query.state.value,
                "name": query.name,
                "limit": query.limit,
                "queue": self._queue,
            }
            statement = sql.LISTED
        async with self._transaction() as connection:
            rows = await _rows(connection, statement, values)
        return [
            Job(id, name, State(state), key, priority, made * 1_000, due * 1_000, ended * 1_000, *rest)
            for id, name, state, key, priority, made, due, ended, *rest in rows
        ]

    async def order(self, order: Order, ids: Sequence[str]) -> Sequence[str]:
        """Carry out an order, and return the jobs that it held for."""
        async with self._transaction() as connection:
            held = await _rows(connection, _ORDERS[order], {"ids": list(ids)})
            if order is Order.SEND_AGAIN:
                await self._send(connection, [(id, name, priority, 0.0) for id, name, priority in held])
        return [id for id, _, _ in held]

    async def exchange(self, worker: str, outcomes: Sequence[Outcome], ask: Ask) -> Exchanged:
        """Settle runs and take the jobs that were delivered."""
        refused: list[str] = []
        async with self._transaction() as connection:
            if outcomes:
                refused = await self._settle(connection, outcomes)
            if not ask.ids:
                return Exchanged(refused)
            await connection.execute(sql.HOLD, {"worker": worker, "lease_us": self._lease_us})
            values = {"worker": worker, "ids": list(ask.ids), "names": list(ask.limits)}
            rows = await _rows(connection, sql.TAKE, values)
        return Exchanged(refused, [Claim(*row) for row in rows])

    async def _settle(self, connection: "AsyncConnection[Any]", outcomes: Sequence[Outcome]) -> list[str]:
        rows = [
            {
                "id": o.id,
                "token": o.token,
                "state": o.state,
                "failed": o.failed,
                "delay_us": o.delay_ns // 1_000,
                "keep_us": o.keep_ns // 1_000,
                "result": o.result,
                "error": o.error,
            }
            for o in sorted(outcomes, key=lambda o: o.id)
        ]
        values = {"outcomes": _text(rows)}
        settled = await _rows(connection, sql.SETTLE, values)
        await self._send(
            connection,
            [
                (id, name, priority, delay_us / 1e6)
                for id, name, priority, state, delay_us in settled
                if not State(state).final
            ],
        )
        if len(settled) == len(outcomes):
            return []
        return [id for (id,) in await _rows(connection, sql.REFUSED, values)]

    async def beat(self, worker: str, reports: Sequence[Report]) -> Beat:
        """Prolong a lease, take back what dead workers held, and drop what has expired."""
        async with self._transaction() as connection:
            await connection.execute(sql.HOLD, {"worker": worker, "lease_us": self._lease_us})
            if (await connection.execute(sql.FORGET_DEAD_WORKERS)).rowcount:
                await self._take_back(connection, lost=1)
            await connection.execute(sql.PROMOTE, {"queue": self._queue})
            await connection.execute(sql.EXPIRE, {"queue": self._queue})
            kept_max = self._settings.kept_max
            await connection.execute(sql.DROP_OLDEST, {"queue": self._queue, "kept_max": kept_max})
            if not reports:
                return Beat()
            rows = [{"id": r.id, "token": r.token, "progress": r.progress, "note": r.note} for r in reports]
            values = {"reports": _text(sorted(rows, key=lambda r: str(r["id"])))}
            await connection.execute(sql.REPORT, values)
            found = await _rows(connection, sql.CANCELLED_OR_LOST, values)
        lost = frozenset(id for id, gone in found if gone)
        return Beat(frozenset(id for id, _ in found) - lost, lost)

    async def leave(self, worker: str) -> None:
        """Give up a lease."""
        async with self._transaction() as connection:
            await connection.execute(sql.FORGET_WORKER, {"worker": worker})
            await self._take_back(connection, lost=0)

    async def depth(self) -> Depth:
        """Return how much waits."""
        async with self._transaction() as connection:
            ready, scheduled, running, dead, oldest_us = await _row(
                connection, sql.DEPTH, {"queue": self._queue}
            )
        return Depth(ready, scheduled, running, dead, max(0.0, oldest_us / 1e3))

    async def trim(self, kept: timedelta) -> None:
        """Drop old rows of pgqueuer's log, which it keeps for good."""
        async with self._transaction() as connection:
            log = Queries(PsycopgDriver(connection)).qbe.settings.qualified.queue_table_log
            await connection.execute(sql.TRIM_LOG.format(log=log), {"kept": kept})

    async def _take_back(self, connection: "AsyncConnection[Any]", lost: int) -> None:
        """Make ready what dead workers held, each with a message: the old one may have come too early."""
        taken = await _rows(connection, sql.TAKE_BACK, {"queue": self._queue, "lost": lost})
        ready = [(id, name, priority, 0.0) for id, name, priority, state in taken if state == State.READY]
        await self._send(connection, ready)

    async def _send(self, connection: "AsyncConnection[Any]", messages: Iterable[Message]) -> None:
        """Hand messages to pgqueuer, within the transaction."""
        sent = list(messages)
        if sent:
            await Queries(PsycopgDriver(connection)).enqueue(
                [self.entrypoint(name) for _, name, _, _ in sent],
                [id.encode() for id, _, _, _ in sent],
                [priority for _, _, priority, _ in sent],
                [timedelta(seconds=after_s) for _, _, _, after_s in sent],
            )

    @asynccontextmanager
    async def _transaction(self) -> "AsyncIterator[AsyncConnection[Any]]":
        try:
            async with self._pool.connection() as connection, connection.transaction():
                yield connection
        except (psycopg.Error, PoolTimeout, OSError) as error:
            raise NotAvailable(
                f"the PostgreSQL that keeps the jobs does not do what it should ({type(error).__name__}): "
                f"{str(error).partition(chr(10))[0]}"
            ) from error


async def _rows(
    connection: "AsyncConnection[Any]", statement: str, values: Mapping[str, object]
) -> list[Any]:
    cursor = await connection.execute(statement, values)
    rows: list[Any] = await cursor.fetchall()
    return rows


async def _row(connection: "AsyncConnection[Any]", statement: str, values: Mapping[str, object]) -> Any:
    return (await _rows(connection, statement, values))[0]


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
