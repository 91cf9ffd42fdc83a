"""The gate before the companion: a session's cookie stands for its token; browsers are told what they may."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from homeostat.app.companion.pages.sessions import COOKIE, Session, Sessions
from homeostat.app.feedback.origins import Origins
from homeostat.app.web.errors import problem
from homeostat.app.web.security import FORGED, FORGED_REMEDY, forged, secured

SESSION = "homeostat.session"
"""Where in the scope of a request its session is."""


class CompanionGate:
    """Lets the token of a session speak for the requests of its browser, unless another site sent them.

    A request that shows a token itself is its own; no cookie is looked at then.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions, origins: Origins | None = None) -> None:
        """`origins` are the sites whose pages may send feedback, with a token of their own."""
        self._origins = origins or Origins()
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        elsewhere = forged(scope["method"], headers)
        if elsewhere and not self._origins.opens(scope["path"], headers):
            await problem(403, FORGED, FORGED_REMEDY)(scope, receive, secured(send))
            return
        session = None if elsewhere or "authorization" in headers else self._session(headers)
        if session is not None:
            shown = (b"authorization", f"Bearer {session.token}".encode())
            scope = {**scope, "headers": [*scope["headers"], shown], SESSION: session}
        await self._app(scope, receive, secured(send))

    def _session(self, headers: Headers) -> Session | None:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return None if cookie is None else self._sessions.open(cookie.value)
