"""The engine's part of the API: every operation by its name."""

from collections.abc import Mapping
from typing import Any

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.engine.engine import Engine
from homeostat.app.engine.operations import OPERATIONS, READING, called, described
from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.ports import Node
from homeostat.app.web.views import Views
from homeostat.core.errors import ConfigError, InputError, NotAvailable

AT_ONCE = 4
"""Calls that are worked on at once; the others wait, so that the pages do not."""

BY = "the API"
BY_MAX = 200
REMEDY = "GET /api/engine tells what each operation takes; send its arguments as a JSON object"


class EngineApi:
    """Answers /api/engine and /api/engine/{operation}."""

    def __init__(self, node: Node, views: Views) -> None:
        self._node = node
        self._views = views
        self._limiter = CapacityLimiter(AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/engine", self.operations),
            Route("/api/engine/{operation}", self.operation, methods=["GET", "POST"]),
        ]

    async def operations(self, http: HttpRequest) -> Response:
        """Answer GET /api/engine."""
        return json_answer({"operations": described()})

    async def operation(self, http: HttpRequest) -> Response:
        """Answer a call: of what only reads by GET with a query, of any operation by POST with JSON."""
        name = http.path_params["operation"]
        if name not in OPERATIONS:
            return problem(404, f"there is no operation {name[:100]!r}", REMEDY)
        if http.method != "POST" and name not in READING:
            return problem(405, f"{name} orders something: send it with POST", REMEDY, {"allow": "POST"})
        by = http.query_params.get("by", BY)
        try:
            if not 0 < len(by) <= BY_MAX:
                raise InputError(f"`by` says in at most {BY_MAX} characters who gives the order")
            arguments = _body(await body_of(http)) if http.method == "POST" else dict(http.query_params)
            answer = await to_thread.run_sync(self._called, name, arguments, by, limiter=self._limiter)
        except (InputError, ConfigError) as error:
            return problem(400, str(error), REMEDY)
        except NotAvailable as error:
            return problem(409, str(error), "GET /api/loops says which loops run")
        return Response(answer, media_type="application/json")

    def _called(self, name: str, arguments: Mapping[str, Any], by: str) -> bytes:
        node = self._node
        engine = Engine(node.store, node.clock, node.catalogue, node.losses, self._views, by)
        return msgspec.json.encode(called(engine, name, arguments))


def _body(body: bytes) -> dict[str, Any]:
    """Return the arguments in a body; none where it is empty."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any]) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the arguments cannot be understood: {error}") from None
