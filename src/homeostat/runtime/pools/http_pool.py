"""The HTTP pool: a transport for httpx2's client, with as many requests in flight as a knob says."""

from collections.abc import AsyncIterator
from typing import cast

import httpx2

from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host
from homeostat.runtime.pools.slots import Slot, Slots
from homeostat.runtime.pools.unreachable import Unreachable

REQUESTS_MAX = 1_000


class HttpPool(httpx2.AsyncBaseTransport):
    """A transport: `httpx2.AsyncClient(transport=HttpPool(hs, "models"))`; closing the client closes it.

    At most `<name>_size` requests are in flight, a knob; a request is until its answer was read or closed.
    Others wait, and are refused with `Overloaded` or `DeadlinePassed` as at a `Gate`; what goes wrong
    afterwards raises httpx2's errors. Connections are kept for `keep_alive_s`. `transport` is what sends, for
    proxies, certificates or HTTP/2. `check` asks `check_url`.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        size: int = 20,
        *,
        size_max: int = REQUESTS_MAX,
        queue_max: int = 100,
        wait_max_s: float = 1.0,
        keep_alive_s: float = 30.0,
        check_url: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._check_url = check_url
        self._slots = Slots(host, name, "http", size, size_max, queue_max, wait_max_s)
        self.size = self._slots.size
        self._transport = transport or httpx2.AsyncHTTPTransport(
            limits=httpx2.Limits(max_keepalive_connections=size_max, keepalive_expiry=keep_alive_s)
        )

    @property
    def in_use(self) -> int:
        """Requests that are in flight."""
        return self._slots.gate.in_flight

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return self._slots.gate.waiting

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request once there is a slot for it."""
        slot = await self._slots.take()
        slot.ready()
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException:
            slot.free()
            raise
        response.stream = _Held(cast(httpx2.AsyncByteStream, response.stream), slot)
        return response

    async def check(self) -> None:
        """Ask `check_url`, past those that wait. Raises Unreachable for a 5xx, and httpx2's errors."""
        if self._check_url is None:
            raise ConfigError(f"pool {self.name!r} cannot be checked: give it a check_url")
        response = await self._transport.handle_async_request(httpx2.Request("GET", self._check_url))
        await cast(httpx2.AsyncByteStream, response.stream).aclose()
        if response.status_code >= 500:
            raise Unreachable(f"pool {self.name!r}: its server answered {response.status_code}")

    async def aclose(self) -> None:
        """Take no more requests, serve those that wait, and close the connections."""
        await self._slots.drained()
        await self._transport.aclose()


class _Held(httpx2.AsyncByteStream):
    """The body of an answer; its slot is free once it was closed, as clients do after the last byte."""

    def __init__(self, body: httpx2.AsyncByteStream, slot: Slot) -> None:
        self._body = body
        self._slot: Slot | None = slot

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            yield part

    async def aclose(self) -> None:
        slot, self._slot = self._slot, None
        try:
            await self._body.aclose()
        finally:
            if slot is not None:
                slot.free()
