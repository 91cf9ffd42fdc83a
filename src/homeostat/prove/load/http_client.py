"""The HTTP client of a replay: HTTP/1.1 over a pool of kept connections, and as little else as can be.

A general client (httpx2: 1.4 ms of CPU a request at 300 requests a second, for its pool looks at every
connection each time) would be the bottleneck of what it is to measure. This one takes about a fifth.
It knows no proxies, redirects, compression or HTTP/2.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httptools

from homeostat.core.errors import ConfigError

IDLE_S = 2.0
"""How long a connection is kept without use: less than servers wait before they close it."""


class Failed(Exception):
    """A request that got no whole answer; `kind` is why: connect_error, connection_lost or bad_answer."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Connection(asyncio.Protocol):
    """One connection, with the answer that is arriving on it. `status` is 0 until it is known."""

    def __init__(self) -> None:
        self.lost = False
        self.status = 0
        self.reusable = False
        self.idle_since_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._whole = True
        self._sized = False
        self._failure = ""
        self._news: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._failure = "bad_answer"
            self.close()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the event loop. An answer without a length ends with its connection."""
        self.lost = True
        if self.status >= 200 and not self._sized:
            self._whole = True
        if not self._whole:
            self._failure = self._failure or "connection_lost"
        self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._sized = self._sized or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        """Called by the parser; a provisional answer (1xx) is followed by the real one."""
        self.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self.status >= 200:
            self._whole = True
            self.reusable = self._parser.should_keep_alive()

    def send(self, request: bytes) -> None:
        """Begin an exchange."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.reusable = False
        self._sized = False
        self._pieces.clear()
        self._whole = False
        self._transport.write(request)

    async def head(self) -> int:
        """Wait for the status of the answer. Raises Failed."""
        while self.status < 200:
            await self._wait()
        return self.status

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises Failed where it ends too early."""
        while True:
            if self._pieces:
                piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
                self._pieces.clear()
                yield piece
            elif self._whole:
                return
            else:
                await self._wait()

    def close(self) -> None:
        """Close the connection."""
        self.reusable = False
        if self._transport is not None:
            self._transport.close()

    async def _wait(self) -> None:
        if self._failure:
            raise Failed(self._failure)
        if self.lost:
            raise Failed("connection_lost")
        self._news = self._loop.create_future()
        await self._news

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Exchange:
    """A request and its answer: a block within which the answer is read.

    The connection goes back to its pool only after a whole answer.
    """

    def __init__(self, client: "HttpClient", request: bytes) -> None:
        self._client = client
        self._request = request
        self._connection: Connection | None = None
        self.status = 0

    async def __aenter__(self) -> Self:
        self._connection = await self._client.borrow()
        try:
            self._connection.send(self._request)
            self.status = await self._connection.head()
        except BaseException:
            self._connection.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._connection is not None
        self._client.give_back(self._connection)

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes. Raises Failed where it ends too early."""
        assert self._connection is not None
        return self._connection.pieces()


class HttpClient:
    """Sends requests to one URL. Open it with `async with`. Raises ConfigError for what is no address."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise ConfigError(f"an address such as http://127.0.0.1:8000/ask is needed, not {url!r}")
        self._host = parts.hostname
        self._port = port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        given = {"host": parts.netloc.rpartition("@")[2], "accept-encoding": "identity", **(headers or {})}
        if any(c in name + value for name, value in given.items() for c in "\r\n"):
            raise ConfigError("a header must be a single line")
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self._get = f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode()
        self._post = f"POST {target} HTTP/1.1\r\n".encode()
        self._post_lines = f"{lines}content-length: ".encode()
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)

    def get(self) -> Exchange:
        """Return a GET, to be entered with `async with`."""
        return Exchange(self, self._get)

    def post(self, body: bytes, target: str | None = None) -> Exchange:
        """Return a POST, to be entered with `async with`; `target` is another path of the same server."""
        line = self._post if target is None else f"POST {target} HTTP/1.1\r\n".encode()
        return Exchange(self, b"%b%b%d\r\n\r\n%b" % (line, self._post_lines, len(body), body))

    async def borrow(self) -> Connection:
        """Return a connection that is free, new if need be. Raises Failed."""
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if not connection.lost and loop.time() - connection.idle_since_s < IDLE_S:
                return connection
            connection.close()
        try:
            _, fresh = await loop.create_connection(Connection, self._host, self._port, ssl=self._tls)
        except OSError as error:
            raise Failed("connect_error") from error
        return fresh

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it where it cannot be used again."""
        if connection.reusable and not connection.lost:
            connection.idle_since_s = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            connection.close()
