"""The Redis pool: connections of redis-py's asyncio client, as many in use as a knob says."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.runtime.host import Host
from homeostat.runtime.pools.slots import Slot, Slots

try:
    from redis.asyncio import ConnectionPool, Redis
    from redis.asyncio.connection import AbstractConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
except ImportError as missing:
    raise NotAvailable("Redis needs a package: pip install 'homeostat[redis]'") from missing

CONNECTIONS_MAX = 1_000

UNBOUNDED = 1_000_000
"""For redis-py's own bound, which raises instead of letting calls wait: the slots are the bound."""

SCHEMES = ("redis", "rediss", "unix")


class RedisPool:
    """Redis behind `client`, a `redis.asyncio.Redis`: each command takes one of `<name>_size` connections.

    A subscription keeps its own, a pipeline has one until it was executed. Commands that find none wait, and
    are refused with `Overloaded` or `DeadlinePassed` as at a `Gate`; what goes wrong afterwards raises
    redis-py's errors. `timeout_s` bounds connecting and each answer; nothing is tried twice. A connection
    that was idle for `idle_s` is asked before it is used. Use it in one event loop.

    Raises ConfigError for an address that is none, and never shows it: it may hold a password.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        url: str,
        size: int = 20,
        *,
        size_max: int = CONNECTIONS_MAX,
        queue_max: int = 100,
        wait_max_s: float = 1.0,
        timeout_s: float = 5.0,
        idle_s: float = 30.0,
    ) -> None:
        if urlsplit(url).scheme not in SCHEMES:
            raise ConfigError(f"the address of pool {name!r} must begin with redis://, rediss:// or unix://")
        if not 0.0 < timeout_s <= 600.0 or not idle_s > 0.0:
            raise ConfigError(
                f"timeout_s of pool {name!r} must be above 0, up to 600, and idle_s above 0, "
                f"not {timeout_s!r} and {idle_s!r}"
            )
        self.name = name
        self._slots = Slots(host, name, "redis", size, size_max, queue_max, wait_max_s)
        self.size = self._slots.size
        try:
            self._connections = SlottedConnections.from_url(
                url,
                max_connections=UNBOUNDED,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                health_check_interval=idle_s,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:
            raise ConfigError(f"redis-py cannot read the address of pool {name!r}") from None
        self._connections.slots = self._slots
        self.client = Redis(connection_pool=self._connections)

    @property
    def in_use(self) -> int:
        """Connections that are in use."""
        return self._slots.gate.in_flight

    @property
    def waiting(self) -> int:
        """Commands that wait for a connection."""
        return self._slots.gate.waiting

    async def check(self) -> None:
        """Ask the server, past those that wait. Raises redis-py's errors."""
        await self._connections.ping()

    async def aclose(self) -> None:
        """Take no more commands, serve those that wait, and close the connections."""
        await self._slots.drained()
        await self._connections.aclose()


class SlottedConnections(ConnectionPool):
    """redis-py's pool, in which whoever gets a connection has a slot until it is released."""

    slots: Slots

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: dict[AbstractConnection, Slot] = {}
        self._releasing: set[asyncio.Task[None]] = set()

    async def get_connection(
        self, command_name: str | None = None, *keys: Any, **options: Any
    ) -> AbstractConnection:
        """Return a connection once there is a slot."""
        slot = await self.slots.take()
        try:
            connection = await self._connected()
        except BaseException:
            slot.free()
            raise
        self._held[connection] = slot
        slot.ready()
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Keep a connection for the next, or close it where there are more than the size says.

        A caller that is cancelled while it waits for redis-py's lock would lose the connection for good.
        """
        if not self._lock.locked():
            await self._release(connection)  # which is in the list before it waits for anything
            return
        task = asyncio.get_running_loop().create_task(self._release(connection))
        self._releasing.add(task)
        task.add_done_callback(self._releasing.discard)
        await asyncio.shield(task)

    async def _release(self, connection: AbstractConnection) -> None:
        slot = self._held.pop(connection, None)
        try:
            await super().release(connection)
            while len(self._available_connections) > self.slots.size.get():
                await self._available_connections.pop(0).disconnect()
        finally:
            if slot is not None:
                slot.free()

    async def _connected(self) -> AbstractConnection:
        connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        return connection

    async def ping(self) -> None:
        """Ask the server on a connection that takes no slot."""
        connection = await self._connected()
        try:
            await connection.send_command("PING")
            await connection.read_response()
        finally:
            await self.release(connection)
