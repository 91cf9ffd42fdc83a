"""The fragment of experience: figures with interval and response rate, tasks, learning, who came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from homeostat.app.web.charts import Chart, chart
from homeostat.app.web.experience_views import FigureRow, figure_row, reach, valued
from homeostat.app.web.html import moment, render
from homeostat.app.web.page_request import Request
from homeostat.app.web.views import Views
from homeostat.evaluate.experience.learning import LearningCurve
from homeostat.evaluate.experience.retention import Cohort
from homeostat.evaluate.experience.tasks import TaskFigures

WEEKS_SHOWN = 5
"""Weeks after the first that a page has room for; the API has all."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in words."""

    task: str
    figures: tuple[tuple[str, FigureRow], ...]


@dataclass(frozen=True, slots=True)
class CurveFigure:
    """A learning curve as it is drawn, with its sentence; `points` are what was measured."""

    task: str
    words: str
    chart: Chart
    points: tuple[tuple[int, str, int], ...]
    last: int


@dataclass(frozen=True, slots=True)
class CohortRow:
    """People who first came in one week; None is a week that has not passed."""

    week: str
    people: int
    weeks: tuple[FigureRow | None, ...]


def experience(views: Views, request: Request) -> str:
    """The experience of people."""
    shown = views.experience.shown(request.service)
    found = shown.figures
    cohorts = () if found is None else tuple(map(_cohort, found.retention.cohorts))
    return render(
        "experience.html",
        shown=shown,
        found=found,
        choices=[
            (name, f"/experience?{urlencode({'service': name})}", name == shown.service)
            for name in (shown.services if len(shown.services) > 1 else ())
        ],
        tasks=() if found is None else tuple(map(_task, found.tasks)),
        curves=() if found is None else tuple(map(_curve, found.curves)),
        features=() if found is None else [(f, figure_row(f.feature, f.share)) for f in found.features],
        cohorts=cohorts,
        weeks=min(max((len(c.weeks) for c in cohorts), default=0), WEEKS_SHOWN),
        address=request.address,
    )


def _task(found: TaskFigures) -> TaskRow:
    return TaskRow(
        found.task,
        (
            ("Done", figure_row("Done", found.done)),
            ("Without a hitch", figure_row("Without a hitch", found.clean)),
            ("Errors a try", figure_row("Errors a try", found.errors, "count")),
            ("Retries a try", figure_row("Retries a try", found.retries, "count")),
            ("Time", figure_row("Time", found.seconds, "s")),
        ),
    )


def _curve(found: LearningCurve) -> CurveFigure:
    saved = found.saved
    assert saved.value is not None
    assert saved.low is not None
    assert saved.high is not None
    verb = "saves" if saved.value >= 0 else "costs"
    ends = sorted((abs(saved.low), abs(saved.high))) if saved.low * saved.high > 0 else None
    sure = (
        reach(ends[0], ends[1], "share")
        if ends
        else f"{reach(saved.low, saved.high, 'share')}: perhaps nothing"
    )
    words = (
        f"Each doubling of practice {verb} {valued(abs(saved.value), 'share')} of the time {sure}, "
        f"from {saved.n:,} tries of {saved.people:,} people."
    )
    last = max((p.number for p in found.points), default=1)
    measured: list[float | None] = [None] * last
    for point in found.points:
        measured[point.number - 1] = point.seconds
    fitted: Sequence[float | None] = [found.seconds(n) for n in range(1, last + 1)]
    points = tuple((p.number, valued(p.seconds, "s"), p.people) for p in found.points)
    return CurveFigure(found.task, words, chart([measured, fitted]), points, last)


def _cohort(found: Cohort) -> CohortRow:
    weeks = tuple(None if week is None else figure_row("", week) for week in found.weeks)
    return CohortRow(moment(found.start_ns)[:10], found.people, weeks)
