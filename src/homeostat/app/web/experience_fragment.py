"""The fragment of experience: what the views say of it, with the curves of learning drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from homeostat.app.web.charts import Chart, chart
from homeostat.app.web.experience_views import learning_words, valued
from homeostat.app.web.html import render
from homeostat.app.web.page_request import Request
from homeostat.app.web.views import Views
from homeostat.evaluate.experience.learning import LearningCurve


@dataclass(frozen=True, slots=True)
class CurveFigure:
    """A learning curve as it is drawn, with its sentence; `points` are what was measured."""

    task: str
    words: str
    chart: Chart
    points: tuple[tuple[int, str, int], ...]
    last: int


def experience(views: Views, request: Request) -> str:
    """The experience of people."""
    shown = views.experience.shown(request.service)
    found = shown.figures
    return render(
        "experience.html",
        shown=shown,
        found=found,
        choices=[
            (name, f"/experience?{urlencode({'service': name})}", name == shown.service)
            for name in (shown.services if len(shown.services) > 1 else ())
        ],
        curves=() if found is None else tuple(map(_curve, found.curves)),
        weeks=max((len(c.weeks) for c in shown.cohorts), default=0),
        address=request.address,
    )


def _curve(found: LearningCurve) -> CurveFigure:
    last = max((p.number for p in found.points), default=1)
    measured: list[float | None] = [None] * last
    for point in found.points:
        measured[point.number - 1] = point.seconds
    fitted: Sequence[float | None] = [found.seconds(n) for n in range(1, last + 1)]
    points = tuple((p.number, valued(p.seconds, "s"), p.people) for p in found.points)
    return CurveFigure(found.task, learning_words(found), chart([measured, fitted]), points, last)
