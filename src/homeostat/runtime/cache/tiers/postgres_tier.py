"""The third tier past one machine: a table in PostgreSQL, through psycopg."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.cache.tiers.per_loop import PerLoop
from homeostat.runtime.cache.tiers.tier import Item

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

CONNECTIONS_MAX = 4

PRUNE_AFTER = 1_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS homeostat_cache (
    key bytea PRIMARY KEY,
    dead_at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX IF NOT EXISTS homeostat_cache_by_death ON homeostat_cache (dead_at);
"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('homeostat_cache'))"
"""CREATE … IF NOT EXISTS fails where two do it at once."""

_READ = "SELECT key, body FROM homeostat_cache WHERE key = ANY(%s) AND dead_at > now()"

_WRITE = """
INSERT INTO homeostat_cache (key, dead_at, body)
SELECT key, now() + ms * interval '1 millisecond', body
FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[]) AS item (key, ms, body)
ON CONFLICT (key) DO UPDATE SET dead_at = excluded.dead_at, body = excluded.body
"""

_PRUNE = "DELETE FROM homeostat_cache WHERE dead_at <= now()"

_BOUND = """
DELETE FROM homeostat_cache WHERE key IN (
    SELECT key FROM homeostat_cache ORDER BY dead_at DESC OFFSET %s
)
"""


class PostgresTier:
    """Values in the table `homeostat_cache`, made at the first use; expiry is by the server's clock.

    At most about `rows_max` are kept: beyond, those go first whose time is over next. `timeout_s` bounds
    connecting and each statement. Raises ConfigError, NotAvailable where the packages are missing.
    """

    def __init__(self, url: str, *, timeout_s: float = 1.0, rows_max: int = 10_000_000) -> None:
        if not url.startswith(("postgresql://", "postgres://")):
            begins = url.partition("://")[0][:20]  # the rest may hold a password
            raise ConfigError(f"the address of PostgreSQL begins with postgresql://, not {begins!r}")
        if not 0.0 < timeout_s <= 60.0 or rows_max < 1:
            raise ConfigError(
                f"timeout_s must be above 0, up to 60, rows_max at least 1, not {timeout_s!r}, {rows_max!r}"
            )
        self.timeout_s = timeout_s
        self._url = url
        self._rows_max = rows_max
        self._put = 0
        self._pools: PerLoop[AsyncConnectionPool[Any]] = PerLoop(self._new_pool)
        self._ready: PerLoop[list[bool]] = PerLoop(list)
        try:
            from psycopg import Error, ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
            from psycopg_pool import PoolTimeout
        except ImportError as error:
            raise NotAvailable("PostgreSQL needs packages: pip install 'homeostat[postgres]'") from error
        try:
            conninfo_to_dict(url)
        except ProgrammingError as error:
            raise ConfigError(
                f"the address of PostgreSQL is no postgresql://user@host:port/database: {error}"
            ) from None
        self.failures: tuple[type[Exception], ...] = (Error, PoolTimeout)

    def _new_pool(self) -> "AsyncConnectionPool[Any]":
        from psycopg_pool import AsyncConnectionPool

        return AsyncConnectionPool(
            self._url,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            timeout=self.timeout_s,
            open=False,
            kwargs={
                "connect_timeout": max(2, round(self.timeout_s)),
                "options": f"-c statement_timeout={round(self.timeout_s * 1_000)}",
            },
        )

    async def _pool(self) -> "AsyncConnectionPool[Any]":
        pool = self._pools.get()
        ready = self._ready.get()
        if not ready:
            # Without waiting a second connection is begun, and psycopg_pool never lets go of a loop that ends
            # in the middle of one.
            try:
                await pool.open(wait=True, timeout=self.timeout_s)
            finally:
                if pool.closed:  # it did not come in time, and cannot be opened again
                    self._pools.pop()
            async with pool.connection() as connection:
                await connection.execute(_LOCK)
                await connection.execute(_SCHEMA)
            ready.append(True)
        return pool

    async def get_many(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """Return what is there of each key and not dead: one statement."""
        async with (await self._pool()).connection() as connection:
            rows = await (await connection.execute(_READ, (list(keys),), binary=True)).fetchall()
        found = {bytes(key): bytes(body) for key, body in rows}
        return [found.get(key) for key in keys]

    async def put_many(self, items: Sequence[Item]) -> None:
        """Keep values: one statement, in the order of their keys, so that two writers do not deadlock."""
        latest = {item.key: item for item in items}
        ordered = [latest[key] for key in sorted(latest)]
        columns = ([i.key for i in ordered], [i.kept_ms for i in ordered], [i.body for i in ordered])
        pool = await self._pool()
        async with pool.connection() as connection:
            await connection.execute(_WRITE, columns)
        self._put += len(ordered)
        if self._put >= min(PRUNE_AFTER, self._rows_max):
            self._put = 0
            async with pool.connection() as connection:
                await connection.execute(_PRUNE)
                await connection.execute(_BOUND, (self._rows_max,))

    async def delete_many(self, keys: Sequence[bytes]) -> None:
        """Forget keys: one statement."""
        async with (await self._pool()).connection() as connection:
            await connection.execute("DELETE FROM homeostat_cache WHERE key = ANY(%s)", (sorted(keys),))

    async def close(self) -> None:
        """Close the connections of the running loop."""
        self._ready.pop()
        pool = self._pools.pop()
        if pool is not None:
            await pool.close()
