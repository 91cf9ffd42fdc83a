"""The people's part of the API: what is held of one, forgetting them, and who there is."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.app.web.whole import whole
from homeostat.companion.access.grant import Scope
from homeostat.companion.canary_names import is_canary
from homeostat.companion.companion import Companion
from homeostat.companion.flags import Flags

LIMIT = 100
LIMIT_MAX = 1_000


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of a person, and which features they get."""

    messages: int
    last_seq: int
    features: dict[str, bool]


class PeopleApi:
    """Answers /people and /people/{person}."""

    def __init__(
        self,
        companion: Companion,
        forget: Callable[[str, str], bool],
        flags: Flags,
        door: Door,
        threads: Threads,
    ) -> None:
        self._companion = companion
        self._forget = forget
        self._flags = flags
        self._door = door
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/people", self.names),
            Route("/people/{person}", self.person),
            Route("/people/{person}", self.forget, methods=["DELETE"]),
        ]

    async def names(self, http: Request) -> Response:
        """Answer up to `limit` people in the order of their names, those that follow `after`."""
        await self._door.enter(http, Scope.ADMIN)
        after = http.query_params.get("after", "")
        limit = whole(http.query_params, "limit", LIMIT, LIMIT_MAX)
        names = await self._threads.run(self._companion.people.names, after, limit)
        shown = [name for name in names if not is_canary(name)]
        return json_answer({"people": shown, "next": names[-1] if len(names) == limit and names else None})

    async def person(self, http: Request) -> Response:
        """Answer what is held of a person."""
        _, person = await self._door.person(http, Scope.READ)

        def held() -> Held:
            extent = self._companion.extent(person)
            features = {name: self._flags.on(name, person) for name in self._flags.all()}
            return Held(messages=extent.count, last_seq=extent.last, features=features)

        return json_answer(await self._threads.run_for(person, held))

    async def forget(self, http: Request) -> Response:
        """Destroy everything of a person, with their tokens; the audit says that it was done.

        The answer is the same where there was nothing.
        """
        grant, person = await self._door.person(http, Scope.FORGET)

        await self._threads.run_for(person, self._forget, person, grant.id)
        return Response(status_code=204)
