"""The API: everything that the pages show, as JSON in the same words."""

from collections.abc import Callable
from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.openapi import description
from homeostat.app.web.page_request import Request, request_of
from homeostat.app.web.views import ROWS, TRACES, Views
from homeostat.app.web.watch_query import pairs_of, watch_of
from homeostat.app.web.whole import whole
from homeostat.core.errors import InputError
from homeostat.core.query import LEVELS_NS, Frame, FrameQuery, TraceSummary
from homeostat.core.series import SeriesKey
from homeostat.judge.views.window import POINTS_MAX

LIMIT_MAX = 1_000
POINTS_ASKED_MAX = 1_000_000

Numbers = tuple[str, ...]
COLUMNS: Numbers = ("start_ns", "count", "mean", "minimum", "maximum", "last", "p50", "p90", "p95", "p99")


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """A trace's outline with its id as text."""

    trace_id: str
    operation: str
    service: str
    start_ns: int
    duration_ns: int
    spans: int
    errors: int


Ask = Callable[[HttpRequest, Request], object]


class Api:
    """Answers GET /api/..."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def routes(self) -> list[Route]:
        """Return the routes of the API."""
        asks: dict[str, Ask] = {
            "/api/overview": self.overview,
            "/api/series": self.series,
            "/api/frames": self.frames,
            "/api/operations": self.operations,
            "/api/plots": self.plots,
            "/api/events": self.events,
            "/api/traces": self.traces,
            "/api/traces/{id}": self.trace,
            "/api/time-use": self.time_use,
            "/api/findings": self.findings,
            "/api/spend": self.spend,
            "/api/resources": self.resources,
            "/api/metrics": self.metrics,
            "/api/experience": self.experience,
            "/api/categories": self.categories,
            "/api/watch": self.watch,
            "/api/losses": self.losses,
            "/api/openapi.json": lambda _http, _request: description(),
        }
        return [Route(path, _route(ask)) for path, ask in asks.items()]

    def overview(self, http: HttpRequest, request: Request) -> object:
        """The essential variables and the sentence."""
        window = self._views.window(request.range)
        limit = whole(http.query_params, "limit", ROWS, LIMIT_MAX)
        return self._views.overview(window, request.offset, limit, request.find)

    def series(self, http: HttpRequest, request: Request) -> object:
        """The series that have points in the range."""
        found = self._views.series(self._views.window(request.range), http.query_params.get("metric"))
        limit = whole(http.query_params, "limit", LIMIT_MAX, 100_000)
        page = found[request.offset : request.offset + limit]
        return {"total": len(found), "offset": request.offset, "series": [_series(k) for k in page]}

    def frames(self, http: HttpRequest, request: Request) -> object:
        """The points of series over time."""
        window = self._views.window(request.range)
        start_ns = whole(http.query_params, "start", window.start_ns, 2**62)
        end_ns = whole(http.query_params, "end", window.end_ns, 2**62)
        if end_ns <= start_ns:
            raise InputError(
                f"end ({end_ns}) must come after start ({start_ns}); both are ns since the epoch"
            )
        level_ns = whole(http.query_params, "level", _level(end_ns - start_ns), LEVELS_NS[-1])
        if level_ns not in LEVELS_NS:
            raise InputError(f"level {level_ns} is not kept; use one of {', '.join(map(str, LEVELS_NS))}")
        if (end_ns - start_ns) // level_ns > POINTS_ASKED_MAX:
            raise InputError("that is too many points; ask for a shorter time or a larger level")
        wanted = dict(a.partition("=")[::2] for a in request.attributes)
        metric = http.query_params.get("metric")
        if not metric:
            raise InputError("metric is missing; GET /api/series lists what there is")
        found = self._views.frames(FrameQuery(start_ns, end_ns, level_ns, metric, wanted))
        frames = [{**_series(key), **_columns(frame)} for key, frame in found.items()]
        return {"start_ns": start_ns, "end_ns": end_ns, "level_ns": level_ns, "frames": frames}

    def operations(self, http: HttpRequest, request: Request) -> object:
        """The operations."""
        window = self._views.window(request.range)
        found = tuple(self._views.queueing(window).values())
        return {"operations": self._views.operations(window), "queueing": found}

    def plots(self, http: HttpRequest, request: Request) -> object:
        """What the page plots."""
        window = self._views.window(request.range)
        if request.operation:
            page = self._views.operation(window, request.operation)
            if page is None:
                raise NotThere(f"operation {request.operation!r} did not run in this range")
            return page.plots
        return self._views.plots(window)

    def events(self, http: HttpRequest, request: Request) -> object:
        """What happened, as it is marked on the plots."""
        return {"events": self._views.events(self._views.window(request.range))}

    def traces(self, http: HttpRequest, request: Request) -> object:
        """Traces, the slowest or the newest first."""
        window = self._views.window(request.range)
        limit = whole(http.query_params, "limit", TRACES, LIMIT_MAX)
        page = self._views.traces(
            window, request.operation or None, request.order, request.failed_only, limit
        )
        return {"order": page.order, "traces": [_trace(t) for t in page.traces]}

    def trace(self, http: HttpRequest, request: Request) -> object:
        """One trace as a waterfall."""
        given = http.path_params["id"]
        try:
            found = self._views.trace(bytes.fromhex(given))
        except ValueError:
            raise InputError(f"a trace's id is 32 hexadecimal digits, not {given[:64]!r}") from None
        if found is None:
            raise NotThere(f"trace {given!r} is not kept")
        return found

    def time_use(self, http: HttpRequest, request: Request) -> object:
        """Where the time goes."""
        return self._views.time_use(self._views.window(request.range))

    def findings(self, http: HttpRequest, request: Request) -> object:
        """What was found in the essential variables. The first answer waits for the first search."""
        return self._views.findings(self._views.window(request.range))

    def spend(self, http: HttpRequest, request: Request) -> object:
        """Tokens and money."""
        return self._views.spend(self._views.window(request.range))

    def resources(self, http: HttpRequest, request: Request) -> object:
        """The machine."""
        return {"groups": self._views.resources(self._views.window(request.range))}

    def metrics(self, http: HttpRequest, request: Request) -> object:
        """The catalogue with the state of each metric."""
        return {"metrics": self._views.metric_entries(self._views.window(request.range))}

    def experience(self, http: HttpRequest, request: Request) -> object:
        """The experience of an application's people."""
        return self._views.experience.shown(request.service)

    def categories(self, http: HttpRequest, request: Request) -> object:
        """How the limits of the catalogue stand, by category."""
        return self._views.standings(self._views.window(request.range))

    def watch(self, http: HttpRequest, request: Request) -> object:
        """Chosen series against thresholds of their own, and what was crossed since they are looked at."""
        return self._views.watch.sight(watch_of(request.watched))

    def losses(self, http: HttpRequest, request: Request) -> object:
        """What was dropped since the start, by reason."""
        return {"losses": self._views.losses()}


class NotThere(InputError):
    """What was asked for is not kept."""


def _route(ask: Ask) -> Callable[[HttpRequest], object]:
    async def answer(http: HttpRequest) -> Response:
        try:
            query = http.query_params
            attributes, watched = tuple(query.getlist("attribute")), pairs_of(query.multi_items())
            request = request_of(query, "", attributes, watched)
            return json_answer(await to_thread.run_sync(ask, http, request))
        except NotThere as error:
            return problem(404, str(error), "it may be older than what is kept; try a longer range")
        except InputError as error:
            return problem(400, str(error), "see /api/openapi.json for what is accepted")

    return answer


def _level(length_ns: int) -> int:
    return next((level for level in LEVELS_NS if length_ns // level <= POINTS_MAX), LEVELS_NS[-1])


def _series(key: SeriesKey) -> dict[str, object]:
    return {
        "metric": key.metric,
        "kind": key.kind.value,
        "unit": key.unit,
        "attributes": dict(key.attributes),
    }


def _columns(frame: Frame) -> dict[str, object]:
    return {name: getattr(frame, name).tolist() for name in COLUMNS}


def _trace(summary: TraceSummary) -> TraceEntry:
    return TraceEntry(
        trace_id=summary.trace_id.hex(),
        operation=summary.operation,
        service=summary.service,
        start_ns=summary.start_ns,
        duration_ns=summary.duration_ns,
        spans=summary.spans,
        errors=summary.errors,
    )
