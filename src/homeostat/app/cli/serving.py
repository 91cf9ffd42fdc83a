"""Serving: the web application on a socket, until a signal or the end of a pipe, then a clean end."""

import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from homeostat.app.launch.server import SERVER_NAME
from homeostat.app.node import Node, NodeOptions
from homeostat.app.web.app import create_app
from homeostat.app.web.live import Live

GRACE_S = 2
"""How long open requests may take once the server is to stop."""


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        live: Live,
        watch_event_loop: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._live = live
        self._watch_event_loop = watch_event_loop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._watch_event_loop()
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._live.close()
        await super().shutdown(sockets)


def serve(
    options: NodeOptions, listener: socket.socket, ready: Callable[[], None], until_eof: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, or until stdin ends if asked; then write what waits and return.

    `ready` is called when requests are answered. Raises what `Node` raises where it cannot start.
    """
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, _ended)
    node = Node(options)
    try:
        app = create_app(node)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            headers=[("server", SERVER_NAME)],
            timeout_graceful_shutdown=GRACE_S,
            backlog=2_048,
        )
        server = _Server(config, ready, app.state.live, node.homeostat.watch_event_loop)
        if until_eof:
            threading.Thread(target=_stop_at_eof, args=(server,), name="homeostat-stdin", daemon=True).start()
        server.run(sockets=[listener])
    except _Ended:
        pass
    finally:
        node.close()


class _Ended(BaseException):
    """The signal that uvicorn raises again when it has ended its work; no error."""


def _ended(number: int, frame: FrameType | None) -> None:
    raise _Ended


def _stop_at_eof(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4_096):
        pass
    server.should_exit = True
