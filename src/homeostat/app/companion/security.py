"""The security's part of the API: what its checks found, and who is blocked."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.companion.access.grant import Scope
from homeostat.companion.security.encryption import Plain
from homeostat.companion.security.figures import Figure


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of security. `plain` is what is not encrypted, and what it holds."""

    checks: dict[str, Figure]
    plain: list[Plain]


class SecurityApi:
    """Answers /security."""

    def __init__(self, state: Callable[[], State], door: Door, threads: Threads) -> None:
        self._state = state
        self._door = door
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/security", self.state)]

    async def state(self, http: Request) -> Response:
        """Answer what each check found last, and which files are not encrypted."""
        await self._door.enter(http, Scope.ADMIN)
        return json_answer(await self._threads.run(self._state))
