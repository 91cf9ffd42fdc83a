"""Serving: the web application on a socket, until a signal or the end of a pipe, then a clean end."""

import socket
from collections.abc import Callable

from homeostat.app import web_server
from homeostat.app.launch.server import SERVER_NAME
from homeostat.app.node import Node, NodeOptions
from homeostat.app.web.app import create_app

GRACE_S = 2
"""How long open requests may take once the server is to stop."""


def serve(
    options: NodeOptions, listener: socket.socket, ready: Callable[[], None], until_eof: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, or until stdin ends if asked; then write what waits and return.

    `ready` is called when requests are answered. Raises what `Node` raises where it cannot start.
    """
    web_server.end_by_signal()
    node = Node(options)
    try:
        app = create_app(node, feedback_origins=options.feedback_origins)

        def begun() -> None:
            node.homeostat.watch_event_loop()
            ready()

        web_server.run(
            app,
            listener,
            begun,
            name=SERVER_NAME,
            grace_s=GRACE_S,
            until_eof=until_eof,
            ending=app.state.live.close,
        )
    except web_server.Ended:
        pass
    finally:
        node.close()
