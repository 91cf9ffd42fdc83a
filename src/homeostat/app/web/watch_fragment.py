"""The fragment of a watch: series against thresholds of their own, what was crossed, a form to change it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from homeostat.app.web.html import render
from homeostat.app.web.page_request import Request
from homeostat.app.web.ranges import DEFAULT
from homeostat.app.web.views import Views
from homeostat.app.web.watch_query import ASKED_MAX, series_text, threshold_text, watch_of
from homeostat.judge.views.overview import OverviewRow
from homeostat.judge.views.watch import Asked
from homeostat.judge.words.amount import write_length

SUGGESTED = 40
"""Series that the form offers."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the form."""

    series: str
    warn: str = ""
    critical: str = ""


def watch(views: Views, request: Request) -> str:
    """A watch."""
    asked_for = watch_of(request.watched)
    lines = [
        Line(series_text(a), threshold_text(a.warn), threshold_text(a.critical)) for a in asked_for.asked
    ]
    return render(
        "watch.html",
        s=views.watch.sight(asked_for),
        every=write_length(asked_for.every_ns),
        over=write_length(asked_for.over_ns),
        only=[f"{name}={value}" for name, value in asked_for.only],
        lines=[*lines, Line("")][:ASKED_MAX],
        suggested=_suggested(views),
    )


def _suggested(views: Views) -> list[tuple[str, str]]:
    """Return series that there are, each with the address of its watch, what a person waits for first."""
    rows = views.overview(views.window(DEFAULT), 0, SUGGESTED).rows
    return [(series_text(_asked(row)), watch_path(row)) for row in rows]


def watch_path(row: OverviewRow) -> str:
    """Return the address of a watch of one series."""
    return f"/watch?{urlencode({'series': series_text(_asked(row))})}"


def _asked(row: OverviewRow) -> Asked:
    return Asked(row.metric, row.attributes)
