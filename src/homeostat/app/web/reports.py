"""The reports' part of the API: the report of a period, as `homeostat report` writes it."""

from collections.abc import Mapping

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.report.period_report import period_report
from homeostat.app.web.errors import json_answer, problem
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError
from homeostat.core.metric import Metric
from homeostat.core.query import Store
from homeostat.judge.comparisons.comparison import THRESHOLD
from homeostat.judge.reports.report import Report

THRESHOLD_MAX = 100.0
REMEDY = "ask for a period such as since=24h or since=2d..1d, and baseline=before or another period"


class ReportApi:
    """Answers GET /api/report, one report at a time: it is more work than all other answers."""

    def __init__(self, store: Store, clock: Clock, metrics: Mapping[str, Metric]) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._limiter = CapacityLimiter(1)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/api/report", self.report)]

    async def report(self, http: HttpRequest) -> Response:
        """Answer GET /api/report."""
        asked = http.query_params
        try:
            threshold = _threshold(asked.get("threshold", ""))
            made = await to_thread.run_sync(
                self._report,
                asked.get("since", "24h"),
                asked.get("baseline", ""),
                threshold,
                limiter=self._limiter,
            )
        except InputError as error:
            return problem(400, str(error), REMEDY)
        return json_answer(made)

    def _report(self, since: str, baseline: str, threshold: float) -> Report:
        return period_report(self._store, self._clock.now_ns(), self._metrics, since, baseline, threshold)


def _threshold(text: str) -> float:
    try:
        found = float(text or THRESHOLD)
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= THRESHOLD_MAX:
        raise InputError(f"threshold must be a number such as 0.05, at least 0, not {text[:30]!r}")
    return found
