"""The security of the surface: who may ask, from which page, and what a browser may do with the answer."""

import hashlib
import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homeostat.app.feedback.origins import Origins
from homeostat.app.web.errors import problem

COOKIE = "homeostat_session"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login", "/feedback", "/feedback/widget.js"})
"""What the gate lets through; who gives feedback is looked at there (`homeostat.app.feedback.bearer`)."""

OPEN_PREFIX = "/static/"

FORGED = "the request comes from a page of another site"
FORGED_REMEDY = "send it without a browser"

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def content_policy(inline_styles: bool = False) -> str:
    """Return the content security policy; the plotting library alone needs inline styles."""
    style = "'self' 'unsafe-inline'" if inline_styles else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port.

    >>> host_name("localhost:4318"), host_name("[::1]:4318"), host_name("Example.com")
    ('localhost', '[::1]', 'example.com')
    """
    name = host.strip().lower()
    if name.startswith("["):
        return name[: name.find("]") + 1]
    return name.partition(":")[0]


def session_of(token: str) -> str:
    """Return the cookie that stands for the token, from which the token cannot be told."""
    return hmac.new(token.encode(), b"homeostat session", hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def may_enter(headers: Headers, token: str) -> bool:
    """Tell whether a request carries the token: as a bearer, or as the cookie that a login left."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(given.strip(), token):
        return True
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and same(cookie.value, session_of(token))


def from_elsewhere(headers: Headers) -> bool:
    """Tell whether a browser sent a request on behalf of another site."""
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def forged(method: str, headers: Headers) -> bool:
    """Tell whether a request that may change something was sent on behalf of another site."""
    return method not in ("GET", "HEAD", "OPTIONS") and from_elsewhere(headers)


def secured(send: Send) -> Send:
    """Return a `send` that puts the security headers on answers which do not have their own."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers.setdefault("content-security-policy", content_policy())
            headers.setdefault("cache-control", "no-store")
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            message["headers"] = headers.raw
        await send(message)

    return send_with_headers


def safe_target(path: str) -> str:
    """Return a path of this server to go to after the login; '/' for anything else.

    >>> safe_target("/traces?range=1h"), safe_target("//evil.example"), safe_target("https://evil.example")
    ('/traces?range=1h', '/', '/')
    """
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"


class Gate:
    """Refuses what may not enter, and puts the security headers on every answer.

    Without a token only loopback names are taken as Host, so that no page elsewhere can reach the server
    by pointing its own name at this machine (DNS rebinding). `origins` are the sites whose pages may send
    feedback, and nothing else.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        hosts: Iterable[str] = LOOPBACK,
        origins: Origins | None = None,
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(hosts)
        self._origins = origins or Origins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, secured(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        path: str = scope["path"]
        if self._token is None and host_name(headers.get("host", "")) not in self._hosts:
            return problem(
                421,
                f"this server answers to {', '.join(sorted(self._hosts))}, not to {headers.get('host')!r}",
                "open it by one of these names, or start it with a token to serve other names",
            )
        if forged(scope["method"], headers) and not self._origins.opens(path, headers):
            return problem(403, FORGED, FORGED_REMEDY)
        if self._token is None or path in OPEN_PATHS or path.startswith(OPEN_PREFIX):
            return None
        if may_enter(headers, self._token):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            query = scope["query_string"].decode("latin-1")
            target = f"{path}?{query}" if query else path
            return RedirectResponse(f"/login?next={quote(target, safe='')}", status_code=303)
        return problem(
            401,
            "a token is needed",
            "send the header `Authorization: Bearer TOKEN`",
            {"www-authenticate": 'Bearer realm="homeostat"'},
        )
