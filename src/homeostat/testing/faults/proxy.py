"""The fault proxy: a port on loopback before another one, and all that a network does wrong between them."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from homeostat.testing.eventually import WITHIN_S

_PIECE_BYTES = 16_384
_PIECES_WAITING_MAX = 256
_PIECES_PER_S = 50.0
"""Of a slow connection: a piece passes every 20 ms."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Faults:
    """What the network does to every connection, in both directions; the default is nothing.

    `latency_s` delays each piece, `jitter_s` by up to so much more (order is kept); `bytes_per_s` bounds
    each direction of each connection. In a `black_hole` connections are taken and bytes vanish from sight:
    they pass once it is gone, as those that are sent again do. `close_delay_s` keeps the end of one side
    from the other. `reset_after_bytes` cuts each connection with a reset once the server said that much.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    bytes_per_s: float | None = None
    black_hole: bool = False
    close_delay_s: float = 0.0
    reset_after_bytes: int | None = None


class FaultProxy:
    """Passes connections of its `port` on to a server's, within the block that holds it.

    `faults` may be set at any moment, from any thread, and holds for what passes from then on. `seed`
    decides the jitter.
    """

    def __init__(self, server_port: int, faults: Faults | None = None, seed: int = 0) -> None:
        self._server_port = server_port
        self._faults = faults or Faults()
        self._random = random.Random(seed)  # noqa: S311 - jitter
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._passing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)

    @property
    def faults(self) -> Faults:
        """What the network does now."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._call(self._set(faults))

    def reset(self) -> int:
        """Cut every connection with a reset; return how many there were."""
        return int(self._call(self._reset()))

    @property
    def connections(self) -> int:
        """How many connections there are now."""
        return len(self._connections)

    def through(self, url: str) -> str:
        """Return a server's address with this proxy's host and port in the place of its own."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}127.0.0.1:{self.port}").geturl()

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._serve())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN_S)

    async def _serve(self) -> None:
        await self._set(self._faults)
        self._server = await asyncio.start_server(self._accept, sock=self._listener)

    async def _set(self, faults: Faults) -> None:
        self._faults = faults
        if faults.black_hole:
            self._passing.clear()
        else:
            self._passing.set()

    async def _reset(self) -> int:
        cut = len(self._connections)
        for connection in self._connections:
            connection.reset()
        await self._all_ended()
        return cut

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        await self._reset()

    async def _all_ended(self) -> None:
        tasks = [connection.task for connection in self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(task, [writer])
        self._connections.add(connection)
        try:
            await self._passing.wait()
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
            connection.ends.append(server_writer)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._carry(reader, server_writer, from_server=False))
                directions.create_task(self._carry(server_reader, writer, from_server=True))
        except (OSError, asyncio.CancelledError, ExceptionGroup):
            connection.reset()
        finally:
            self._connections.discard(connection)
            await connection.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_server: bool
    ) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_PIECES_WAITING_MAX)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take(reader, waiting))
            both.create_task(self._give(waiting, writer, from_server=from_server))

    async def _take(self, reader: asyncio.StreamReader, waiting: asyncio.Queue[tuple[float, bytes]]) -> None:
        due_s = 0.0
        while True:
            limit = self._faults.bytes_per_s
            size = _PIECE_BYTES if limit is None else max(1, min(_PIECE_BYTES, int(limit / _PIECES_PER_S)))
            piece = await reader.read(size)
            jitter_s = self._random.uniform(0.0, self._faults.jitter_s)
            due_s = max(due_s, self._loop.time() + self._faults.latency_s + jitter_s)
            await waiting.put((due_s, piece))
            if not piece:
                return

    async def _give(
        self,
        waiting: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
        *,
        from_server: bool,
    ) -> None:
        given = 0
        while True:
            due_s, piece = await waiting.get()
            await asyncio.sleep(due_s - self._loop.time())
            await self._passing.wait()
            faults = self._faults
            if not piece:
                await asyncio.sleep(faults.close_delay_s)
                writer.write_eof()
                return
            if faults.bytes_per_s is not None:
                await asyncio.sleep(len(piece) / faults.bytes_per_s)
            limit = faults.reset_after_bytes if from_server else None
            if limit is not None:
                piece = piece[: max(0, limit - given)]
            writer.write(piece)
            await writer.drain()
            given += len(piece)
            if limit is not None and given >= limit:
                raise ConnectionResetError("as told")


@dataclass(slots=True, eq=False)
class _Connection:
    """The task that passes one connection on, and its ends as far as they are open."""

    task: "asyncio.Task[None]"
    ends: list[asyncio.StreamWriter]

    def reset(self) -> None:
        """Close both ends so that whoever is there sees a reset."""
        for end in self.ends:
            raw = end.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.transport.abort()

    async def close(self) -> None:
        """Close both ends."""
        for end in self.ends:
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()
