"""The exposition: GET /metrics for Prometheus and whatever speaks its formats."""

from collections.abc import Awaitable, Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from homeostat.app.web.views import Views
from homeostat.observe.ingest.prometheus_out import media_type, render


def exposition(views: Views) -> Callable[[Request], Awaitable[Response]]:
    """Return the answer to GET /metrics: totals since the start of the hour in which the server started.

    The start stays the same while the server runs, so that counters only grow, until what is older than
    the retention is dropped.
    """

    async def answer(request: Request) -> Response:
        openmetrics = "application/openmetrics-text" in request.headers.get("accept", "")

        def work() -> str:
            return render(views.since_start(), openmetrics, views.helps())

        text = await to_thread.run_sync(work)
        return Response(text, headers={"content-type": media_type(openmetrics)})

    return answer
