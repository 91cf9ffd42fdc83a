"""The web server: an application on a socket, until a signal or the end of a pipe, then a clean end."""

import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 2_048
LOOP = "asyncio"
"""Python's own, whatever else is installed: uvloop accepts one connection in each turn of the loop, so that
under load who comes anew waits for as many turns as others came before."""


async def _nothing() -> None:
    """Do nothing more."""


def run(
    app: ASGIApp,
    listener: socket.socket,
    begun: Callable[[], None],
    *,
    name: str,
    grace_s: int,
    until_eof: bool,
    ending: Callable[[], Awaitable[None]] = _nothing,
    **settings: Any,
) -> None:
    """Serve until SIGINT or SIGTERM, or until stdin ends if asked; then requests have `grace_s` to end.

    `begun` is called on the event loop when requests are answered, `ending` awaited before it stops. `name`
    is what the server says of itself; `settings` are uvicorn's.
    """
    config = uvicorn.Config(
        app,
        loop=LOOP,
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[("server", name)],
        timeout_graceful_shutdown=grace_s,
        backlog=BACKLOG,
        **settings,
    )
    server = _Server(config, begun, ending)
    if until_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), name="homeostat-stdin", daemon=True).start()
    with suppress(Ended):
        server.run(sockets=[listener])


class Ended(BaseException):
    """The signal that uvicorn raises again when it has ended its work; no error."""


def end_by_signal() -> None:
    """Have SIGINT and SIGTERM raise `Ended` where no server takes them."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, _ended)


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, begun: Callable[[], None], ending: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._begun = begun
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._begun()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._ending()
        await super().shutdown(sockets)


def _ended(number: int, frame: FrameType | None) -> None:
    raise Ended


def _stop_at_eof(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4_096):
        pass
    server.should_exit = True
