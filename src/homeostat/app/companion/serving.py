"""Serving a companion: its application on a socket until a signal, then a clean end."""

import gc
import resource
import socket
import sys
from collections.abc import Callable

from homeostat.app import web_server
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.launch.server import SERVER_NAME

GRACE_S = 5

SWITCH_S = 0.0001
"""How long a thread may keep the interpreter from another that wants it; Python's own is 5 ms."""
FILES_MAX = 65_536

YOUNG = 20_000
"""Objects made and not freed after which circles are looked for; Python's own is 700."""


def may_open_many_files() -> None:
    """Raise what this process may open to what the system allows it: each active person is three files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def look_for_circles_seldom() -> None:
    """Have the garbage collector, which stops all threads, leave alone what there is, and come seldom.

    What is loaded by now stays for as long as the process, and what requests leave behind holds no circles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def serve(
    node: CompanionNode, listener: socket.socket, ready: Callable[[], None], until_eof: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, or until stdin ends if asked; `ready` is called once it answers."""
    web_server.end_by_signal()
    sys.setswitchinterval(SWITCH_S)

    def begun() -> None:
        look_for_circles_seldom()
        node.homeostat.watch_event_loop()
        ready()

    web_server.run(
        create_companion_app(node),
        listener,
        begun,
        name=f"{SERVER_NAME}-companion",
        grace_s=GRACE_S,
        until_eof=until_eof,
        ws_per_message_deflate=False,
        ws="websockets-sansio",
        ws_max_size=1_024,
    )
