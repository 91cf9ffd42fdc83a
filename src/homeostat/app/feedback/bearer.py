"""The entrance of `homeostat up`: the server's token speaks for anybody, a pass for one person."""

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.feedback.body import pass_asked
from homeostat.app.feedback.passes import Passes
from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.security import may_enter
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError, TooLarge
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.experiences import Experiences
from homeostat.runtime.limits.rate_limit import RateLimit

RATE = 50.0
"""Requests a second of one person with a pass, of one address without."""

WAIT_MAX_S = 0.05
ADDRESSES_MAX = 10_000
PASSES_PATH = "/feedback/passes"


class BearerEntrance:
    """Lets in who has the server's token, or a pass; where there is no token, everybody on this machine."""

    def __init__(self, experiences: Experiences, token: str | None, clock: Clock) -> None:
        self._experiences = experiences
        self._token = token
        self._passes = None if token is None else Passes(token, clock)
        host = experiences.host
        self._rate = RateLimit(host, "feedback", RATE, wait_max_s=WAIT_MAX_S, keys_max=ADDRESSES_MAX)

    def routes(self) -> list[Route]:
        """Return the route of passes."""
        return [Route(PASSES_PATH, self.make, methods=["POST"])]

    async def enter(self, http: Request, user: str, service: str) -> tuple[str, Experience]:
        """Return the user and the experience that it is about.

        Raises HTTPException, RateExceeded, InputError.
        """
        address = http.client.host if http.client is not None else ""
        held = self._passes.read(_shown(http)) if self._passes is not None else None
        await self._rate.acquire(key=address if held is None else held.user)
        if held is not None:
            if (user and user != held.user) or (service and service != held.service):
                raise HTTPException(403, "the pass is for another user or service")
            user, service = held.user, held.service
        elif self._token is not None and not may_enter(http.headers, self._token):
            raise HTTPException(401, "a token or a pass is needed", {"www-authenticate": "Bearer"})
        return user, await to_thread.run_sync(self._experiences.of, service)

    async def make(self, http: Request) -> Response:
        """Answer a pass for one person, to be put into the page that they look at."""
        if self._passes is None:
            return problem(409, "no token is needed here, so that no pass is", "send feedback without one")
        try:
            asked = pass_asked(await body_of(http))
            experience = await to_thread.run_sync(self._experiences.of, asked.service)
            text = self._passes.made(experience.declaration.service, asked.user, asked.hours)
        except InputError as error:
            status = 413 if isinstance(error, TooLarge) else 400
            return problem(status, str(error), "send user, service and hours")
        return json_answer({"pass": text}, 201)


def _shown(http: Request) -> str:
    scheme, _, text = http.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
