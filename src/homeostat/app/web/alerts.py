"""The alerts' part of the API: what is violated, what was told, and silences."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

import msgspec
from anyio import to_thread
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import json_answer, problem
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError, TooLarge

RETRY_REMEDY = 'send JSON such as {"id": "NOTICE/CHANNEL"} or {"all": true}'
REMEDY = 'send JSON such as {"target": "answers are fast", "for_s": 3600}'


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a request for a silence says."""

    for_s: float = 3_600.0
    target: str = ""
    group: str = ""
    reason: str = ""


class Again(msgspec.Struct, forbid_unknown_fields=True):
    """What a request to send again says: which notice, or all."""

    id: str = ""
    all: bool = False


class AlertApi:
    """Answers /api/alerts and what lies under it."""

    def __init__(self, alerts: AlertViews) -> None:
        self._alerts = alerts

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/alerts", self.state),
            Route("/api/alerts/silence", self.silence, methods=["POST"]),
            Route("/api/alerts/silence/{id}", self.end_silence, methods=["DELETE"]),
            Route("/api/alerts/targets/{name:path}", self.forget, methods=["DELETE"]),
            Route("/api/alerts/retry", self.retry, methods=["POST"]),
            Route("/alerts/retry", self.retry_from_page, methods=["POST"]),
            Route("/alerts/silence", self.silence_from_page, methods=["POST"]),
            Route("/alerts/speak", self.speak_from_page, methods=["POST"]),
        ]

    async def state(self, http: HttpRequest) -> Response:
        """Answer GET /api/alerts."""
        return json_answer(await to_thread.run_sync(self._alerts.state))

    async def silence(self, http: HttpRequest) -> Response:
        """Answer POST /api/alerts/silence."""

        async def made(body: bytes) -> Response:
            try:
                wanted = msgspec.json.decode(body, type=Wanted)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return problem(400, f"the body cannot be understood: {error}", REMEDY)
            return json_answer(await self._silenced(wanted), 201)

        return await _answered(http, made)

    async def retry(self, http: HttpRequest) -> Response:
        """Answer POST /api/alerts/retry."""

        async def made(body: bytes) -> Response:
            try:
                wanted = msgspec.json.decode(body, type=Again)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return problem(400, f"the body cannot be understood: {error}", RETRY_REMEDY)
            if bool(wanted.id) == wanted.all:
                return problem(400, "name either one notice or all", RETRY_REMEDY)
            return json_answer(await to_thread.run_sync(self._alerts.retry, wanted.id), 202)

        return await _answered(http, made, RETRY_REMEDY)

    async def retry_from_page(self, http: HttpRequest) -> Response:
        """Take the form of the page, and go back to it."""

        async def made(body: bytes) -> Response:
            form = _form(body)
            if bool(form.get("id")) == ("all" in form):
                raise InputError("name either one notice or all")
            await to_thread.run_sync(self._alerts.retry, form.get("id", ""))
            return RedirectResponse("/alerts", 303)

        return await _answered(http, made, RETRY_REMEDY)

    async def end_silence(self, http: HttpRequest) -> Response:
        """Answer DELETE /api/alerts/silence/{id}."""
        try:
            await to_thread.run_sync(self._alerts.end_silence, http.path_params["id"])
        except InputError as error:
            return problem(404, str(error), "it may be over already")
        return Response(status_code=204)

    async def forget(self, http: HttpRequest) -> Response:
        """Answer DELETE /api/alerts/targets/{name}."""
        try:
            await to_thread.run_sync(self._alerts.forget, http.path_params["name"])
        except InputError as error:
            return problem(404, str(error), "GET /api/alerts lists the targets")
        return Response(status_code=204)

    async def silence_from_page(self, http: HttpRequest) -> Response:
        """Take the form of the page, and go back to it."""

        async def made(body: bytes) -> Response:
            form = _form(body)
            hours = form.get("hours", "1")
            if not hours.isdecimal() or len(hours) > 4:
                raise InputError(f"hours must be a whole number, not {hours[:20]!r}")
            wanted = Wanted(int(hours) * 3_600.0, form.get("target", ""), form.get("group", ""))
            await self._silenced(wanted)
            return RedirectResponse("/alerts", 303)

        return await _answered(http, made)

    async def speak_from_page(self, http: HttpRequest) -> Response:
        """Take the form of the page that ends a silence, and go back to it."""

        async def made(body: bytes) -> Response:
            await to_thread.run_sync(self._alerts.end_silence, _form(body).get("id", ""))
            return RedirectResponse("/alerts", 303)

        return await _answered(http, made)

    async def _silenced(self, wanted: Wanted) -> object:
        if not 0 < wanted.for_s <= 1e9:
            raise InputError(f"for_s must be a number of seconds, not {wanted.for_s!r}")
        for_ns = round(wanted.for_s * SECOND_NS)
        return await to_thread.run_sync(
            self._alerts.silence, wanted.target, wanted.group, for_ns, wanted.reason
        )


def _form(body: bytes) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(body.decode("utf-8", "replace")).items()}


async def _answered(
    http: HttpRequest, answer: Callable[[bytes], Awaitable[Response]], remedy: str = REMEDY
) -> Response:
    try:
        return await answer(await body_of(http))
    except InputError as error:
        return problem(413 if isinstance(error, TooLarge) else 400, str(error), remedy)
