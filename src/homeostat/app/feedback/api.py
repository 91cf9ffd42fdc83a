"""Feedback over HTTP: what people answer, what is kept of them, and its end."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.feedback.body import BODY_BYTES_MAX, FeedbackBody, understood
from homeostat.app.feedback.origins import PATH, Origins
from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import json_answer, problem
from homeostat.core.errors import ConfigError, InputError, StoreBusy, StoreError, TooLarge
from homeostat.evaluate.experience.usability import STATEMENTS
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.limits.refused import RateExceeded

WIDGET = Path(__file__).with_name("static") / "widget.js"
STATEMENTS_HERE = "/*statements*/[]"
"""Where the script has the statements, which are written once, in `homeostat.evaluate`."""

WIDGET_PATH = f"{PATH}/widget.js"
REMEDY = "docs/how-to/measure-experience.md has the form"

InThread = Callable[..., Awaitable[Response]]


class Entrance(Protocol):
    """Says whose feedback a request may give: the one seam between servers."""

    async def enter(self, http: Request, user: str, service: str) -> tuple[str, Experience]:
        """Return the user and the experience that it is about.

        Raises HTTPException, RateExceeded, InputError.
        """
        ...


class FeedbackApi:
    """Answers /feedback and the widget's script."""

    def __init__(self, entrance: Entrance, origins: Origins, in_thread: InThread) -> None:
        """Answer who comes through an entrance; what reads the store runs by `in_thread(function, ...)`."""
        self._entrance = entrance
        self._origins = origins
        self._in_thread = in_thread

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(PATH, self.told),
            Route(PATH, self.take, methods=["POST"]),
            Route(PATH, self.forget, methods=["DELETE"]),
            Route(PATH, self.preflight, methods=["OPTIONS"]),
            Route(WIDGET_PATH, self.widget),
        ]

    async def told(self, http: Request) -> Response:
        """Answer what is kept of people, for how long, and all that is kept of this one."""

        async def tell() -> Response:
            user, experience = await self._entered(http)
            return await self._in_thread(_told, experience, user)

        return await self._answered(http, tell)

    async def take(self, http: Request) -> Response:
        """Take what somebody answered, that they were asked, or that they opt out. 201 where it is kept."""

        async def take() -> Response:
            body = understood(await body_of(http, BODY_BYTES_MAX))
            user, experience = await self._entrance.enter(http, body.user, body.service)
            return await self._in_thread(_taken, experience, user, body)

        return await self._answered(http, take)

    async def forget(self, http: Request) -> Response:
        """Forget what is kept of somebody; answer how many events that were."""

        async def forget() -> Response:
            user, experience = await self._entered(http)
            if not user:
                raise InputError("say in `user` whose feedback is to be forgotten")
            return await self._in_thread(_forgotten, experience, user)

        return await self._answered(http, forget)

    async def preflight(self, http: Request) -> Response:
        """Answer a browser that asks whether a page of another site may send feedback."""
        if not self._origins.allows(http.headers.get("origin")):
            return problem(403, "feedback is not taken from pages of that site", "allow its origin")
        return Response(status_code=204, headers=self._origins.told(http.headers))

    async def widget(self, http: Request) -> Response:
        """Answer the widget's script."""
        headers = {"cache-control": "public, max-age=3600"}
        if self._origins:
            headers["cross-origin-resource-policy"] = "cross-origin"
        return Response(_script(), headers=headers, media_type="text/javascript")

    async def _entered(self, http: Request) -> tuple[str, Experience]:
        query: Mapping[str, str] = http.query_params
        return await self._entrance.enter(http, query.get("user", ""), query.get("service", ""))

    async def _answered(self, http: Request, work: Callable[[], Awaitable[Response]]) -> Response:
        try:
            answer = await work()
        except (InputError, ConfigError) as error:
            status = 413 if isinstance(error, TooLarge) else 400
            answer = problem(status, str(error), REMEDY)
        except StoreError:
            answer = problem(503, "feedback cannot be kept now", "send it again later", {"retry-after": "2"})
        except RateExceeded as error:
            after_s = str(max(1, round(min(error.retry_after_s, 60.0))))
            answer = problem(429, str(error), "send more slowly", {"retry-after": after_s})
        except HTTPException as error:
            remedy = getattr(error, "remedy", "send a token or a pass: `authorization: Bearer ...`")
            answer = problem(error.status_code, error.detail, remedy, error.headers)
        answer.headers.update(self._origins.told(http.headers))
        return answer


@cache
def _script() -> str:
    return WIDGET.read_text(encoding="utf-8").replace(STATEMENTS_HERE, json.dumps(STATEMENTS))


def _told(experience: Experience, user: str) -> Response:
    told = experience.declaration.told()
    if not user:
        return json_answer({**told, "held": None, "opted_out": False, "events": []})
    held, out = experience.held(user), experience.opted_out(user)
    return json_answer({**told, "held": held, "opted_out": out, "events": experience.events(user)})


def _taken(experience: Experience, user: str, body: FeedbackBody) -> Response:
    if body.opt_out is not None:
        if not user:
            raise InputError("`opt_out` needs the `user` whom it is about")
        forgotten = 0
        if body.opt_out:
            forgotten = experience.opt_out(user)
        else:
            experience.opt_in(user)
        return json_answer({"kept": False, "opted_out": body.opt_out, "forgotten": forgotten})
    kept = experience.asked(user, *body.asked) if body.asked else True
    if body.answers or body.statements or body.comment:
        taken = experience.feedback(
            user, request_id=body.request_id, statements=body.statements, comment=body.comment, **body.answers
        )
        kept = taken and kept
    if not kept and not experience.opted_out(user):
        raise StoreBusy("there is no room for feedback now")
    return json_answer({"kept": kept}, 201 if kept else 200)


def _forgotten(experience: Experience, user: str) -> Response:
    return json_answer({"forgotten": experience.forget(user)})
