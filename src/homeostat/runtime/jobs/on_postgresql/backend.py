"""PostgreSQL as a back-end: a job's record and its message for pgqueuer are one transaction."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from homeostat.core.clock import Clock
from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.jobs.backend import Backend, Feed
from homeostat.runtime.jobs.on_postgresql.feed import PgqueuerFeed
from homeostat.runtime.jobs.on_postgresql.records import PostgresRecords
from homeostat.runtime.jobs.settings import Settings

CONNECTIONS_MAX = 4
CONNECT_TIMEOUT_S = 10.0


async def postgresql_backend(settings: Settings, clock: Clock) -> Backend:
    """Open a pool of connections, and make the tables if need be. Raises NotAvailable.

    Time is the server's own: a clock of this process says nothing to the others.
    """
    await _try(settings.address)
    pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
        settings.address,
        min_size=1,
        max_size=CONNECTIONS_MAX,
        open=False,
        timeout=CONNECT_TIMEOUT_S,
        kwargs={"autocommit": True},
    )
    try:
        await pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
    except PoolTimeout:
        await pool.close()
        raise NotAvailable(
            f"the PostgreSQL that keeps the jobs did not answer within {CONNECT_TIMEOUT_S:g} s; "
            "trying again helps"
        ) from None
    records = PostgresRecords(pool, settings)
    try:
        await records.install()
    except BaseException:
        await pool.close()
        raise

    def feed(limits: Mapping[str, int], concurrency: int) -> Feed:
        return PgqueuerFeed(settings.address, pool, records, limits, concurrency, settings.lease_s)

    return Backend("pgqueuer", records, records, records.depth, pool.close, feed, settings.lease_s)


async def _try(address: str) -> None:
    """Connect once, since a pool does not say why it cannot. What is said here holds no password."""
    try:
        parameters = conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise ConfigError(
            "PostgreSQL's library cannot read the address of the jobs; look at its options, and escape the "
            "signs of its password"
        ) from None
    parameters.setdefault("connect_timeout", round(CONNECT_TIMEOUT_S))
    try:
        connection = await AsyncConnection.connect(make_conninfo("", **parameters))
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())
        password = str(parameters.get("password", ""))
        raise NotAvailable(
            "the PostgreSQL that keeps the jobs does not let us in: "
            + (said.replace(password, "***") if password else said)
        ) from None
    await connection.close()
