"""The PostgreSQL pool: as many connections of psycopg in use as a knob says, kept for the next."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.core.log import event
from homeostat.runtime.host import Host
from homeostat.runtime.limits.fair_queue import Priority
from homeostat.runtime.pools.slots import Slot, Slots
from homeostat.runtime.pools.unreachable import Unreachable

try:
    from psycopg import AsyncConnection, Error, ProgrammingError
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import TransactionStatus

    from homeostat.runtime.pools.postgres_liveness import answers, spoke
except ImportError as missing:
    raise NotAvailable("PostgreSQL needs packages: pip install 'homeostat[postgres]'") from missing

CONNECTIONS_MAX = 200

SCHEMES = ("postgresql://", "postgres://")

Connection: TypeAlias = AsyncConnection[tuple[Any, ...]]


@dataclass(slots=True)
class Kept:
    """An open connection: when it was made, and when it was last given back."""

    made_ns: int
    used_ns: int


class PostgresPool:
    """Connections to one database, at most `<name>_size` of them in use, a knob.

    `connection` gives one for a transaction; who finds none waits, and is refused with `Overloaded` or
    `DeadlinePassed` as at a `Gate`. Where the server is away or refuses, `Unreachable` says so at once; where
    it is silent, after `timeout_s`. A connection that the server spoke on, or that was idle for `idle_s`, is
    asked before it is handed out, and replaced where it is dead. Those that a lowered size leaves over, that
    were idle for `idle_close_s` or are older than `lifetime_s` are closed as others are given back.

    Guarantee: no slot and no connection is lost, whatever is cancelled and when. A caller that is cancelled
    while it waits leaves at once; one whose statement runs, once psycopg has stopped that at the server: up
    to 10 s where the network swallows all. Use it in one event loop. Raises ConfigError for an address that
    is none, and never shows it: it may hold a password.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        url: str,
        size: int = 10,
        *,
        size_max: int = CONNECTIONS_MAX,
        queue_max: int = 100,
        wait_max_s: float = 1.0,
        timeout_s: float = 5.0,
        idle_s: float = 30.0,
        idle_close_s: float = 300.0,
        lifetime_s: float = 3_600.0,
    ) -> None:
        if not url.startswith(SCHEMES):
            raise ConfigError(f"the address of pool {name!r} must begin with postgresql:// or postgres://")
        if not 0.0 < timeout_s <= 600.0 or min(idle_s, idle_close_s, lifetime_s) <= 0.0:
            raise ConfigError(
                f"pool {name!r} needs timeout_s up to 600, and idle_s, idle_close_s and lifetime_s above 0, "
                f"not {timeout_s!r}, {idle_s!r}, {idle_close_s!r} and {lifetime_s!r}"
            )
        try:
            parameters = conninfo_to_dict(url)
        except ProgrammingError:
            raise ConfigError(
                f"PostgreSQL's library cannot read the address of pool {name!r}; escape signs in its password"
            ) from None
        self.name = name
        self._slots = Slots(host, name, "postgresql", size, size_max, queue_max, wait_max_s)
        self.size = self._slots.size
        self._died = host.counter("pool.connections_died", "1", pool=name).add
        self._now_ns = host.clock.monotonic_ns
        self._timeout_s = timeout_s
        self._idle_ns = idle_s * SECOND_NS
        self._idle_close_ns = idle_close_s * SECOND_NS
        self._lifetime_ns = lifetime_s * SECOND_NS
        self._parameters: dict[str, Any] = {
            "application_name": name,
            "tcp_user_timeout": round(2_000 * timeout_s),
            **parameters,
        }
        self._kept: dict[Connection, Kept] = {}
        self._idle: list[Connection] = []
        self._finding: set[asyncio.Task[Connection]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reachable = True

    @property
    def in_use(self) -> int:
        """Connections that are in use or being made."""
        return self._slots.gate.in_flight

    @property
    def waiting(self) -> int:
        """Callers that wait for a connection."""
        return self._slots.gate.waiting

    @property
    def open(self) -> int:
        """Connections that are open, in use or not."""
        return len(self._kept)

    @asynccontextmanager
    async def connection(
        self, priority: Priority = Priority.NORMAL, key: str = ""
    ) -> AsyncIterator[Connection]:
        """A connection, for one transaction: committed at the end, rolled back after an error."""
        self._bind()
        slot = await self._slots.take(priority, key)
        connection = self._at_hand()
        if connection is None:
            connection = await self._found(slot)
        slot.ready()
        try:
            yield connection
        except BaseException:
            with suppress(Error):
                await connection.rollback()
            raise
        else:
            await connection.commit()
        finally:
            await self._give_back(connection, slot)

    async def check(self) -> None:
        """Ask the server on a connection that takes no slot. Raises Unreachable."""
        self._bind()
        connection = await self._found(None)
        await self._give_back(connection, None)

    async def aclose(self) -> None:
        """Take no more callers, serve those that wait, and close the connections."""
        await self._slots.drained()
        if self._finding:
            await asyncio.wait(self._finding)
        while self._idle:
            await self._close(self._idle.pop())

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigError(f"pool {self.name!r} belongs to another event loop; make one for each")

    def _at_hand(self) -> Connection | None:
        """Take the idle connection that was used last, if nothing speaks against it."""
        if not self._idle:
            return None
        connection = self._idle[-1]
        idle_ns = self._now_ns() - self._kept[connection].used_ns
        if connection.closed or idle_ns > self._idle_ns or spoke(connection):
            return None
        return self._idle.pop()

    async def _found(self, slot: Slot | None) -> Connection:
        """Return an idle connection that has just answered, or a new one.

        That goes on where the caller is cancelled meanwhile, and what it comes to is kept; until then the
        slot is taken. Where it fails the slot is free.
        """
        assert self._loop is not None
        task = self._loop.create_task(self._find())
        self._finding.add(task)
        task.add_done_callback(self._finding.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(partial(self._abandoned, slot))
            raise
        except BaseException:
            if slot is not None:
                slot.free()
            raise

    async def _find(self) -> Connection:
        if not self._idle:
            return await self._connect()
        connection = self._idle.pop()
        answered = False
        try:
            answered = not connection.closed and await answers(connection, self._timeout_s)
        finally:
            if not answered:
                # Those below it have been idle for longer. In a silent network each would cost its time-out.
                for dead in (connection, *self._idle):
                    await self._close(dead)
                    self._died(1)
                self._idle.clear()
        return connection if answered else await self._connect()

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = await AsyncConnection.connect(**self._parameters)
        except (Error, OSError) as error:
            if self._reachable:
                event("pool.unreachable", logging.WARNING, pool=self.name, reason=type(error).__name__)
            self._reachable = False
            raise Unreachable(f"pool {self.name!r} got no connection: {self._words(error)}") from None
        self._reachable = True
        now_ns = self._now_ns()
        self._kept[connection] = Kept(now_ns, now_ns)
        return connection

    def _words(self, error: Exception) -> str:
        """Return what a failed attempt says, without the password, which libpq does not repeat anyway."""
        if isinstance(error, TimeoutError):
            return f"its server was silent for {self._timeout_s:g} s"
        text = str(error)
        password = self._parameters.get("password")
        return text.replace(password, "***") if password else text

    def _abandoned(self, slot: Slot | None, task: "asyncio.Task[Connection]") -> None:
        """Keep what was found for somebody who went away."""
        if not task.cancelled() and task.exception() is None:
            self._idle.append(task.result())
        if slot is not None:
            slot.free()

    async def _give_back(self, connection: Connection, slot: Slot | None) -> None:
        """Keep a connection for the next, or close it. Nothing in here waits, so nothing cuts it short."""
        now_ns = self._now_ns()
        kept = self._kept[connection]
        kept.used_ns = now_ns
        usable = connection.info.transaction_status == TransactionStatus.IDLE
        if usable and now_ns - kept.made_ns <= self._lifetime_ns:
            self._idle.append(connection)
        else:
            await self._close(connection)
        while self._idle and self._is_left_over(self._idle[0], now_ns):
            await self._close(self._idle.pop(0))
        if slot is not None:
            slot.free()

    def _is_left_over(self, connection: Connection, now_ns: int) -> bool:
        too_many = len(self._kept) > self._slots.size.get()
        return too_many or now_ns - self._kept[connection].used_ns > self._idle_close_ns

    async def _close(self, connection: Connection) -> None:
        del self._kept[connection]
        await connection.close()
