"""Health: whether the server runs, and whether it can do its work."""

from collections.abc import Awaitable, Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.ports import Node
from homeostat.core.errors import StoreError
from homeostat.core.query import RecordsQuery

Endpoint = Callable[[Request], Awaitable[Response]]


async def healthz(request: Request) -> Response:
    """Answer GET /healthz."""
    return json_answer({"status": "ok"})


def readyz(node: Node) -> Endpoint:
    """Return the answer to GET /readyz: 200 when the store answers and the queue has room, else 503.

    `leads` tells whether the node has the duties that one of all nodes has.
    """

    async def ready(request: Request) -> Response:
        if node.writer.full:
            return problem(503, "the queue in front of the store is full", "wait, or look at the disk")
        try:
            await to_thread.run_sync(node.store.read, RecordsQuery("ready", limit=1))
        except StoreError as error:
            return problem(503, f"the store does not answer: {error}", "see the log of the server")
        return json_answer({"status": "ready", "leads": node.leads})

    return ready
