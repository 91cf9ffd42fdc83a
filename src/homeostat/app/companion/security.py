"""The security's part of the API: what its checks found, and who is blocked."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer, problem
from homeostat.companion.access.grant import Scope
from homeostat.companion.security.state import State


class SecurityApi:
    """Answers /security."""

    def __init__(
        self, state: Callable[[], State], lift: Callable[[str, str], bool], door: Door, threads: Threads
    ) -> None:
        self._state = state
        self._lift = lift
        self._door = door
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/security", self.state),
            Route("/security/blocks/{whom}", self.unblock, methods=["DELETE"]),
        ]

    async def state(self, http: Request) -> Response:
        """Answer what each check found last, which files are not encrypted, and who is blocked."""
        await self._door.enter(http, Scope.ADMIN)
        return json_answer(await self._threads.run(self._state))

    async def unblock(self, http: Request) -> Response:
        """Let somebody in again who is blocked."""
        grant = await self._door.enter(http, Scope.ADMIN)
        if not await self._threads.run(self._lift, http.path_params["whom"], grant.id):
            return problem(404, "nobody is blocked by this name", "GET /security lists who is")
        return Response(status_code=204)
