"""Serving a companion: its application on a socket until a signal, then a clean end."""

import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.launch.server import SERVER_NAME

GRACE_S = 5

SWITCH_S = 0.001
"""How long a thread that learns may keep the interpreter from one that answers; Python's own is 5 ms."""
FILES_MAX = 65_536


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], watch: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._watch = watch

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._watch()
            self._ready()


def may_open_many_files() -> None:
    """Raise what this process may open to what the system allows it: each active person is three files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(
    node: CompanionNode, listener: socket.socket, ready: Callable[[], None], until_eof: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, or until stdin ends if asked; `ready` is called once it answers."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, _ended)
    sys.setswitchinterval(SWITCH_S)
    config = uvicorn.Config(
        create_companion_app(node),
        log_config=None,
        access_log=False,
        server_header=False,
        headers=[("server", f"{SERVER_NAME}-companion")],
        timeout_graceful_shutdown=GRACE_S,
        backlog=2_048,
        ws_per_message_deflate=False,
        ws="websockets-sansio",
        ws_max_size=1_024,
    )
    server = _Server(config, ready, node.homeostat.watch_event_loop)
    if until_eof:
        threading.Thread(target=_stop_at_eof, args=(server,), name="homeostat-stdin", daemon=True).start()
    with suppress(_Ended):
        server.run(sockets=[listener])


class _Ended(BaseException):
    """The signal that uvicorn raises again when it has ended its work; no error."""


def _ended(number: int, frame: FrameType | None) -> None:
    raise _Ended


def _stop_at_eof(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(4_096):
        pass
    server.should_exit = True
