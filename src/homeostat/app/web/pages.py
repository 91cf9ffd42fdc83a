"""The pages: HTML that is whole at the first paint, and kept live afterwards."""

from collections.abc import Callable
from importlib.metadata import version
from urllib.parse import parse_qs, quote, urlencode

from anyio import CapacityLimiter, to_thread
from markupsafe import Markup
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import problem
from homeostat.app.web.fragments import FRAGMENTS, LIVE
from homeostat.app.web.html import render
from homeostat.app.web.live import Live
from homeostat.app.web.loop_forms import form_of, ordered_by_form
from homeostat.app.web.loop_fragments import mode_menu
from homeostat.app.web.loop_views import NoLoop
from homeostat.app.web.loops import ORDERS_AT_ONCE
from homeostat.app.web.page_request import Request, request_of
from homeostat.app.web.ranges import RANGES
from homeostat.app.web.security import COOKIE, content_policy, safe_target, same, session_of
from homeostat.app.web.stream import EventStream
from homeostat.app.web.views import Views
from homeostat.app.web.watch_query import pairs_of, watch_of
from homeostat.core.errors import InputError, NotAvailable, TooLarge

PAGES = (
    {"name": "overview", "path": "/", "title": "Overview"},
    {"name": "operations", "path": "/operations", "title": "Operations"},
    {"name": "traces", "path": "/traces", "title": "Traces"},
    {"name": "spend", "path": "/spend", "title": "Spend"},
    {"name": "resources", "path": "/resources", "title": "Resources"},
    {"name": "findings", "path": "/findings", "title": "Findings"},
    {"name": "alerts", "path": "/alerts", "title": "Alerts"},
    {"name": "experiments", "path": "/experiments", "title": "Experiments"},
    {"name": "knobs", "path": "/knobs", "title": "Knobs"},
    {"name": "hormones", "path": "/hormones", "title": "Hormones"},
    {"name": "experience", "path": "/experience", "title": "Experience"},
    {"name": "metrics", "path": "/metrics-catalogue", "title": "Metrics"},
)

SECTIONS = {
    "operation": "operations",
    "trace": "traces",
    "series": "overview",
    "categories": "overview",
    "watch": "overview",
}
"""Pages that lie under another one."""

TITLES = {"categories": "Categories", "watch": "Watch"}
"""Titles of pages that lie under another one and have no name of their own."""

WITHOUT_RANGE = frozenset({"watch", "trace", "experiments", "knobs", "experience"})
WITH_PLOTS = frozenset({"overview", "operation"})
LOGIN_BYTES_MAX = 8_192
SESSION_S = 30 * 86_400

PATHS = {
    "overview": "/",
    "operations": "/operations",
    "operation": "/operations/{name:path}",
    "traces": "/traces",
    "trace": "/traces/{name}",
    "spend": "/spend",
    "resources": "/resources",
    "findings": "/findings",
    "alerts": "/alerts",
    "metrics": "/metrics-catalogue",
    "series": "/series/{name:path}",
    "experiments": "/experiments",
    "knobs": "/knobs",
    "hormones": "/hormones",
    "experience": "/experience",
    "categories": "/categories",
    "watch": "/watch",
}


class PageServer:
    """Serves the pages and their live updates."""

    def __init__(self, views: Views, live: Live, token: str | None) -> None:
        self._views = views
        self._live = live
        self._token = token
        self._limiter = CapacityLimiter(ORDERS_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the pages, the login and the stream of live updates."""
        found = [Route(path, self._page(name), name=name) for name, path in PATHS.items()]
        found.append(Route("/api/live", self.stream))
        found.append(Route("/loops/order", self.order, methods=["POST"]))
        if self._token is not None:
            found.append(Route("/login", self.login, methods=["GET", "POST"]))
        return found

    def _page(self, name: str) -> Callable[[HttpRequest], object]:
        async def page(http: HttpRequest) -> Response:
            try:
                request = _request(http, http.path_params.get("name", ""))
                content = await to_thread.run_sync(FRAGMENTS[name], self._views, request)
            except NoLoop as error:
                return error_page(404, str(error), "Choose one of the pages above.")
            except InputError as error:
                remedy = "Correct the address." if name == "watch" else "Choose one of the ranges above."
                return error_page(400, str(error), remedy)
            if content is None:
                what = f"{name} {request.name!r}"
                return error_page(
                    404, f"No {what} here.", "It may be older than what is kept, or not in this range."
                )
            return await self._answer(name, request, http, content)

        return page

    async def _answer(
        self,
        name: str,
        request: Request,
        http: HttpRequest,
        content: str,
        refused: str = "",
        status: int = 200,
    ) -> Response:
        section = SECTIONS.get(name, name)
        title = request.name or TITLES.get(name) or next(p["title"] for p in PAGES if p["name"] == section)
        plots = name in WITH_PLOTS
        menu = await to_thread.run_sync(mode_menu, self._views)
        page = render(
            "base.html",
            title=title,
            section=section,
            pages=PAGES,
            ranges=_ranges(http) if name not in WITHOUT_RANGE else (),
            range_query=request.query,
            live_url=_live_url(name, request, http) if name in LIVE and not refused else "",
            plots=plots,
            mode=Markup(menu),  # noqa: S704 - rendered by a template that escapes
            refused=refused,
            back=f"{PATHS[name]}?{urlencode({'service': request.service})}" if refused else "",
            content=Markup(content),  # noqa: S704 - rendered by a template that escapes
            version=version("homeostat"),
        )
        headers = {"content-security-policy": content_policy(inline_styles=plots)}
        return HTMLResponse(page, status, headers=headers)

    async def order(self, http: HttpRequest) -> Response:
        """Answer POST /loops/order: obey a form, and go back to the page that says what became of it.

        What cannot be obeyed is said on top of that page, which then does not change by itself.
        """
        form: dict[str, str] = {}
        try:
            form = form_of(await body_of(http))
            return await ordered_by_form(self._views.loops, form, self._limiter)
        except NoLoop as error:
            return error_page(404, str(error), "It may have been forgotten: a loop is known for a day.")
        except (InputError, NotAvailable) as error:
            name = "knobs" if form.get("back") == "/knobs" else "experiments"
            request = Request(service=form.get("service", ""))
            content = await to_thread.run_sync(FRAGMENTS[name], self._views, request)
            status = 400 if isinstance(error, InputError) else 409
            return await self._answer(name, request, http, content or "", str(error), status)

    async def stream(self, http: HttpRequest) -> Response:
        """Answer GET /api/live?view=...: server-sent events with the view's content whenever it changes."""
        view = http.query_params.get("view", "overview")
        if view not in LIVE:
            return problem(404, f"no live view is called {view!r}", f"use one of {', '.join(sorted(LIVE))}")
        try:
            request = _request(http, http.query_params.get("name", ""))
            interval_s = watch_of(request.watched).every_ns / 1e9 if view == "watch" else None
        except InputError as error:
            return problem(400, str(error), "correct the query")
        key = f"{view} {request}"
        if self._live.full(key):
            busy = "as many pages are open as are served live"
            return problem(
                503, busy, "close some, or load the page again now and then", {"retry-after": "10"}
            )

        def draw() -> str:
            content = FRAGMENTS[view](self._views, request) or ""
            return f"{content}<div data-header hidden>{mode_menu(self._views)}</div>"

        return EventStream(self._live.stream(key, draw, interval_s))

    async def login(self, http: HttpRequest) -> Response:
        """Answer GET and POST /login: a form for the token, which leaves a session cookie."""
        assert self._token is not None
        target = safe_target(http.query_params.get("next", "/"))
        if http.method != "POST":
            return _login_page(target, wrong=False)
        try:
            body = await body_of(http, LOGIN_BYTES_MAX)
        except TooLarge as error:
            return problem(413, str(error), "send the token only")
        form = parse_qs(body.decode("utf-8", "replace"))
        target = safe_target(form.get("next", ["/"])[0])
        if not same(form.get("token", [""])[0].strip(), self._token):
            return _login_page(target, wrong=True)
        answer = RedirectResponse(target, status_code=303)
        answer.set_cookie(
            COOKIE,
            session_of(self._token),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=http.url.scheme == "https",
        )
        return answer


def _request(http: HttpRequest, name: str) -> Request:
    base = str(http.base_url).rstrip("/")
    query = http.query_params
    watched = pairs_of(query.multi_items())
    found = request_of(query, name, tuple(query.getlist("attribute")), watched)
    values = {f: getattr(found, f) for f in Request.__slots__}
    return Request(**{**values, "address": base})


def _ranges(http: HttpRequest) -> list[dict[str, object]]:
    chosen = http.query_params.get("range") or next(iter(RANGES))
    kept = [(k, v) for k, v in http.query_params.multi_items() if k not in ("range", "offset")]
    path = quote(http.url.path)
    return [
        {
            "name": name,
            "words": words,
            "href": f"{path}?{urlencode([('range', name), *kept])}",
            "current": name == chosen,
        }
        for name, words in RANGES.items()
    ]


def _live_url(name: str, request: Request, http: HttpRequest) -> str:
    kept = [(k, v) for k, v in http.query_params.multi_items() if k not in ("view", "name")]
    pairs = [("view", name), *([("name", request.name)] if request.name else []), *kept]
    return f"/api/live?{urlencode(pairs)}"


def _simple_page(title: str, content: str, status: int, pages: bool = True) -> Response:
    page = render(
        "base.html",
        title=title,
        section="",
        pages=PAGES if pages else (),
        ranges=(),
        range_query="",
        live_url="",
        plots=False,
        mode="",
        refused="",
        back="",
        content=Markup(content),  # noqa: S704 - rendered by a template that escapes
        version=version("homeostat"),
    )
    return HTMLResponse(page, status)


def error_page(status: int, error: str, remedy: str) -> Response:
    """Return an error as a page."""
    return _simple_page(
        "Not found" if status == 404 else "Error", render("error.html", error=error, remedy=remedy), status
    )


def _login_page(target: str, wrong: bool) -> Response:
    return _simple_page(
        "Log in", render("login.html", next=target, wrong=wrong), 401 if wrong else 200, pages=False
    )
