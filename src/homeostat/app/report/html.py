"""The report as one HTML file: nothing to load, no script, made to be printed as well as read."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from homeostat.app.report.plot import Mark, plot
from homeostat.app.templates import templates
from homeostat.core.finding import Finding
from homeostat.judge.reports.report import Report, ReportMetric
from homeostat.judge.targets.limit import State
from homeostat.judge.words.moment_words import moment_words
from homeostat.judge.words.quantity import count, quantity

PLOTS_MAX = 60
SIGNS = {State.VIOLATED: "▲", State.WITHIN: "●", State.UNKNOWN: "◌", State.NO_LIMIT: "–"}
COURSE_WORDS = {"worse": "▲ for the worse", "better": "▽ for the better", "neither": ""}
OUTCOME_SIGNS = {"worse": "▲", "better": "▽", "different": "◆", "not known yet": "◌"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric with its plot and what happened to it, numbered as in the plot."""

    metric: ReportMetric
    svg: Markup
    events: tuple[tuple[str, Finding], ...]


@cache
def _environment() -> Environment:
    made = templates(Path(__file__).with_name("templates"))
    made.filters.update(count=count, quantity=quantity, moment=moment_words)
    return made


def html(report: Report) -> str:
    """Return a report as one HTML document."""
    style = Path(__file__).with_name("templates").joinpath("report.css").read_text(encoding="utf-8")
    figures = [f for m in report.metrics[:PLOTS_MAX] if (f := _figure(report, m)) is not None]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            figures=figures,
            style=Markup(style),  # noqa: S704 - our own file
            signs=SIGNS,
            outcome_signs=OUTCOME_SIGNS,
            course_words=COURSE_WORDS,
            without_plot=max(len(report.metrics) - PLOTS_MAX, 0),
        )
    )


def _figure(report: Report, metric: ReportMetric) -> Figure | None:
    events = [f for f in report.findings if f.title == metric.title and f.at_ns is not None]
    events.sort(key=lambda f: f.at_ns or 0)
    marks = [Mark(f.at_ns or 0, str(i)) for i, f in enumerate(events, 1)]
    outlook = next((o for o in report.outlooks if o.title == metric.title), None)
    svg = plot(metric, outlook, marks)
    if not svg:
        return None
    return Figure(metric, svg, tuple((m.label, f) for m, f in zip(marks, events, strict=True)))
