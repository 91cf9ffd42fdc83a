"""The fragments: the content of each page, the same for the first paint and for every live update."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from homeostat.app.web.charts import Chart, chart
from homeostat.app.web.experience_fragment import experience
from homeostat.app.web.html import clock, moment, render
from homeostat.app.web.loop_fragments import bars, experiments, hormones, knobs
from homeostat.app.web.page_request import Request, common
from homeostat.app.web.ranges import DEFAULT
from homeostat.app.web.views import ROWS, Views
from homeostat.app.web.watch_fragment import watch, watch_path
from homeostat.core.finding import FindingKind
from homeostat.judge.findings.change_watch import RUN_LENGTH_TOLD
from homeostat.judge.views.event import Event, events_words
from homeostat.judge.views.plots import Plot, Plots
from homeostat.judge.views.resources import ResourceGroup, ResourceRow
from homeostat.judge.views.window import Window
from homeostat.judge.words.quantity import quantity


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as it is drawn, with the newest value of each line in words."""

    plot: Plot
    chart: Chart
    newest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the axis of time where something happened: percent from its start, and the signs there."""

    at: float
    signs: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures over one axis of time, the labels of that axis, and the events on it."""

    figures: tuple[Figure, ...]
    ticks: tuple[str, ...]
    marks: tuple[Mark, ...] = ()
    events: tuple[Event, ...] = ()
    events_words: str = ""


MARKS = 50
"""Places for marks: what is nearer together shares one."""

SIGNS_SHOWN = 2


def marks_of(events: tuple[Event, ...], window: Window) -> tuple[Mark, ...]:
    """Return the marks of events, each at its first event; many signs in one place are cut short."""
    span = window.end_ns - window.start_ns
    places: dict[int, list[Event]] = {}
    for found in events:
        places.setdefault((found.at_ns - window.start_ns) * MARKS // span, []).append(found)
    made = []
    for together in places.values():
        signs = "".join(dict.fromkeys(e.sign for e in together))
        shown = signs[:SIGNS_SHOWN] + ("…" if len(signs) > SIGNS_SHOWN else "")
        made.append(Mark(round(100 * (together[0].at_ns - window.start_ns) / span, 2), shown))
    return tuple(made)


def figures(drawn: Plots, window: Window) -> Figures:
    """Draw plots."""
    made = []
    marks = marks_of(drawn.events, window)
    at = tuple(m.at / 100 for m in marks)
    for plot in drawn.plots:
        newest = tuple(
            quantity(next((v for v in reversed(line.points) if v is not None), None), plot.unit)
            for line in plot.lines
        )
        made.append(Figure(plot, chart([line.points for line in plot.lines], plot.limit, at), newest))
    span = window.end_ns - window.start_ns
    times = [window.start_ns + span * i // 4 for i in range(5)]
    ticks = tuple(clock(t) if span <= 86_400 * 10**9 else _day(t) for t in times)
    linked = tuple(_linked(e, window) for e in drawn.events)
    return Figures(tuple(made), ticks, marks, linked, events_words(drawn.events))


def _linked(found: Event, window: Window) -> Event:
    """Return an event whose link leads to the same range."""
    if not found.link or window.name == DEFAULT:
        return found
    joint = "&" if "?" in found.link else "?"
    return replace(found, link=f"{found.link}{joint}range={window.name}")


def _day(ns: int) -> str:
    return moment(ns)[5:16]


TOLD_ON_TOP = (FindingKind.CHANGE, FindingKind.ANOMALY, FindingKind.TREND)
FINDINGS_TOLD = 3
CHANGES_TOLD = 5


def overview(views: Views, request: Request) -> str:
    """The overview: sentence, essential variables, plots, where the time goes, spend, resources."""
    window = views.window(request.range)
    found = views.overview(window, request.offset, ROWS, request.find)
    money = views.spend(window)

    def href(offset: int) -> str:
        pairs = {"range": request.range, "find": request.find, "offset": max(offset, 0) or ""}
        return "/?" + urlencode({k: v for k, v in pairs.items() if v})

    return render(
        "overview.html",
        o=found,
        standings=None if found.empty else views.standings(window),
        alerts=views.alerts.active(),
        told=[n for n in views.alerts.notices(3) if n.time_ns >= window.start_ns],
        findings=[f for f in views.findings_known(window).findings if f.kind in TOLD_ON_TOP][:FINDINGS_TOLD],
        find=request.find,
        address=request.address,
        drawn=figures(views.plots(window), window),
        plots_url=f"/api/plots?range={request.range}",
        use=views.time_use(window),
        money=money,
        machine=_heads(views.resources(window)),
        trying=views.loops.trying(),
        changes=bars(views.loops.recent(CHANGES_TOLD)),
        losses=views.losses(),
        previous_href=href(request.offset - ROWS),
        next_href=href(request.offset + ROWS),
        **common(request, window),
    )


def _heads(groups: tuple[ResourceGroup, ...]) -> tuple[ResourceRow, ...]:
    """The first two measured resources of each kind."""
    return tuple(
        row for g in groups if g.name != "homeostat" for row in [r for r in g.rows if r.available][:2]
    )


def operations(views: Views, request: Request) -> str:
    """All operations."""
    window = views.window(request.range)
    return render(
        "operations.html",
        rows=views.operations(window),
        queueing=views.queueing(window),
        **common(request, window),
    )


def operation(views: Views, request: Request) -> str | None:
    """One operation; None where it did not run."""
    window = views.window(request.range)
    found = views.operation(window, request.name)
    if found is None:
        return None
    query = urlencode({"range": request.range, "operation": request.name})
    return render(
        "operation.html",
        row=found.row,
        drawn=figures(found.plots, window),
        plots_url=f"/api/plots?{query}",
        queueing=found.queueing,
        slowest=found.slowest,
        failed=found.failed,
        **common(request, window),
    )


def traces(views: Views, request: Request) -> str:
    """Traces in the order asked for."""
    window = views.window(request.range)
    page = views.traces(window, request.operation or None, request.order, request.failed_only)
    return render("traces.html", page=page, **common(request, window))


def trace(views: Views, request: Request) -> str | None:
    """One trace as a waterfall; None where it is not kept."""
    try:
        trace_id = bytes.fromhex(request.name)
    except ValueError:
        return None
    found = views.trace(trace_id)
    return None if found is None else render("trace.html", w=found, range_query=request.query)


def spend(views: Views, request: Request) -> str:
    """Tokens and money."""
    window = views.window(request.range)
    return render("spend.html", s=views.spend(window), **common(request, window))


def resources(views: Views, request: Request) -> str:
    """The machine."""
    window = views.window(request.range)
    return render(
        "resources.html", groups=views.resources(window), losses=views.losses(), **common(request, window)
    )


def findings(views: Views, request: Request) -> str:
    """What was found: jumps, incidents, trends, seasons, correlations."""
    window = views.window(request.range)
    return render(
        "findings.html",
        searched=views.findings_known(window),
        run_length=RUN_LENGTH_TOLD,
        **common(request, window),
    )


def categories(views: Views, request: Request) -> str:
    """How the limits of the catalogue stand, by category."""
    window = views.window(request.range)
    return render("categories.html", s=views.standings(window), **common(request, window))


def alerts(views: Views, request: Request) -> str:
    """What is violated, what was told, and what could not be."""
    return render("alerts.html", a=views.alerts.state())


def metrics(views: Views, request: Request) -> str:
    """The catalogue."""
    window = views.window(request.range)
    return render("metrics.html", metrics=views.metric_entries(window), **common(request, window))


@dataclass(frozen=True, slots=True)
class Block:
    """One series of a series' page."""

    row: object
    drawn: Figures
    watch_path: str


def series(views: Views, request: Request) -> str:
    """One metric, each of its series with its plot."""
    window = views.window(request.range)
    wanted = dict(a.partition("=")[::2] for a in request.attributes)
    found, more = views.metric_series(window, request.name, wanted)
    metric = views.metric(request.name)
    blocks = [Block(row, figures(drawn, window), watch_path(row)) for row, drawn in found]
    return render(
        "series.html",
        metric=request.name,
        help=metric.help if metric is not None else "",
        blocks=blocks,
        more=more,
        **common(request, window),
    )


Fragment = Callable[[Views, Request], str | None]

FRAGMENTS: dict[str, Fragment] = {
    "overview": overview,
    "operations": operations,
    "operation": operation,
    "traces": traces,
    "trace": trace,
    "spend": spend,
    "resources": resources,
    "findings": findings,
    "alerts": alerts,
    "categories": categories,
    "watch": watch,
    "metrics": metrics,
    "series": series,
    "experiments": experiments,
    "knobs": knobs,
    "hormones": hormones,
    "experience": experience,
}

LIVE = frozenset(FRAGMENTS) - {"trace"}
"""Fragments that change while one looks at them."""
