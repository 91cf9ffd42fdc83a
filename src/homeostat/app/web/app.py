"""The web application of a node: one Starlette app from its parts."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.feedback.api import FeedbackApi
from homeostat.app.feedback.bearer import BearerEntrance
from homeostat.app.feedback.origins import Origins
from homeostat.app.web.alerts import AlertApi
from homeostat.app.web.api import Api
from homeostat.app.web.assets import dashboard_assets
from homeostat.app.web.engine import EngineApi
from homeostat.app.web.errors import problem
from homeostat.app.web.exposition import exposition
from homeostat.app.web.health import healthz, readyz
from homeostat.app.web.live import Live
from homeostat.app.web.loops import LoopApi
from homeostat.app.web.otlp import Bounds, OtlpReceiver
from homeostat.app.web.pages import PageServer, error_page
from homeostat.app.web.ports import Node
from homeostat.app.web.reports import ReportApi
from homeostat.app.web.security import Gate
from homeostat.app.web.views import Views
from homeostat.core.errors import StoreError


def create_app(node: Node, bounds: Bounds | None = None, feedback_origins: Iterable[str] = ()) -> Starlette:
    """Return the application: OTLP receiver, API, pages, live updates, Prometheus exposition, health.

    Pages of `feedback_origins` may send feedback; raises ConfigError where one of them is no origin.
    `app.state.live.close()` ends all live streams, so that a server need not wait for them to stop. The
    node stays the caller's to close.
    """
    views = Views(node.store, node.clock, node.catalogue, node.metric_states, node.losses, node.experiences)
    origins = Origins(feedback_origins)
    entrance = BearerEntrance(node.experiences, node.token, node.clock)
    live = Live(node.losses)
    routes = [
        *OtlpReceiver(node.receiver, node.writer, node.losses, node.intake, bounds).routes(),
        *Api(views).routes(),
        *AlertApi(views.alerts).routes(),
        *LoopApi(views.loops).routes(),
        *EngineApi(node, views).routes(),
        *FeedbackApi(entrance, origins, to_thread.run_sync).routes(),
        *entrance.routes(),
        *ReportApi(node.store, node.clock, node.catalogue).routes(),
        Route("/metrics", exposition(views)),
        Route("/healthz", healthz),
        Route("/readyz", readyz(node)),
        Route("/static/{digest}/{name}", dashboard_assets().answer),
        *PageServer(views, live, node.token).routes(),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await live.close()
        await to_thread.run_sync(views.close)

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Gate, token=node.token, origins=origins)],
        exception_handlers={HTTPException: _http_error, StoreError: _store_error},
    )
    app.state.live = live
    app.state.views = views
    return app


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    remedy = "see /api/openapi.json for what there is"
    if error.status_code == 404:
        if _wants_page(request):
            return error_page(
                404, f"There is no page {request.url.path!r}.", "Choose one of the pages above."
            )
        return problem(404, f"there is nothing at {request.url.path!r}", remedy)
    return problem(error.status_code, error.detail, remedy, error.headers)


async def _store_error(request: Request, error: Exception) -> Response:
    remedy = "try again; if it stays, see the log of the server"
    if _wants_page(request):
        return error_page(503, f"The store does not answer: {error}", remedy)
    return problem(503, f"the store does not answer: {error}", remedy, {"retry-after": "2"})
