"""The feed of pgqueuer: its queue manager takes the messages, and ours runs the jobs that they name."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import PgqException, RetryRequested
from pgqueuer.domain.models import Job as Message
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from homeostat.core.errors import NotAvailable
from homeostat.core.log import event
from homeostat.runtime.jobs.backend import Deliver
from homeostat.runtime.jobs.on_postgresql.records import PostgresRecords

LOG_KEPT = timedelta(hours=1)
LOG_INTERVAL_S = 60.0
RECONNECT_S = 1.0


class PooledDriver(PsycopgDriver):
    """pgqueuer's driver with a connection for notices and a pool for all else.

    On one connection for both, a statement waits for up to a second until the wait for notices is over.
    """

    def __init__(
        self, listening: "AsyncConnection[Any]", pool: "AsyncConnectionPool[AsyncConnection[Any]]"
    ) -> None:
        super().__init__(listening)
        self._pool = pool

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return the rows of a query."""
        async with self._pool.connection() as connection:
            cursor = AsyncRawCursor(connection, row_factory=dict_row)
            await cursor.execute(query, args or None)
            return await cursor.fetchall()

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement and return its status."""
        async with self._pool.connection() as connection:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(query, args or None)
            return cursor.statusmessage or ""


class PgqueuerFeed:
    """Runs pgqueuer's queue manager, and a new one after the database or its notices were away."""

    def __init__(
        self,
        address: str,
        pool: "AsyncConnectionPool[AsyncConnection[Any]]",
        records: PostgresRecords,
        limits: Mapping[str, int],
        concurrency: int,
        lease_s: float,
    ) -> None:
        self._address = address
        self._pool = pool
        self._records = records
        self._limits = limits
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._stopped = asyncio.Event()
        self._manager: QueueManager | None = None

    async def serve(self, deliver: Deliver) -> None:
        """Deliver until stopped; return when all that was delivered is settled."""
        trimming = asyncio.create_task(self._trim())
        try:
            while not self._stopped.is_set():
                try:
                    await self._manage(deliver)
                except (psycopg.Error, PgqException, OSError, RuntimeError) as error:
                    event("jobs.feed_failed", reason=type(error).__name__)
                    await asyncio.sleep(RECONNECT_S)
        finally:
            trimming.cancel()

    def stop(self) -> None:
        """Deliver nothing further."""
        self._stopped.set()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def _manage(self, deliver: Deliver) -> None:
        connection = await AsyncConnection.connect(self._address, autocommit=True)
        async with connection:
            manager = QueueManager(Queries(PooledDriver(connection, self._pool)))
            for name, limit in self._limits.items():
                manager.entrypoint(self._records.entrypoint(name), concurrency_limit=limit)(_entry(deliver))
            self._manager = manager
            if self._stopped.is_set():
                return
            # Its bound must be at least twice its batch.
            at_once = max(2, self._concurrency)
            await manager.run(
                dequeue_timeout=timedelta(seconds=self._lease_s),
                batch_size=at_once // 2,
                max_concurrent_tasks=at_once,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=self._lease_s),
                log_aggregation_interval=timedelta(0),
            )

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(LOG_INTERVAL_S)
            try:
                await self._records.trim(LOG_KEPT)
            except NotAvailable as error:
                event("jobs.trim_failed", reason=type(error).__name__)


def _entry(deliver: Deliver) -> Any:
    async def run(message: Message) -> None:
        assert message.payload is not None
        wait_s = await deliver(message.payload.decode())
        if wait_s:
            raise RetryRequested(timedelta(seconds=wait_s), "not ready")

    return run
