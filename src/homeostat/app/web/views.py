"""The views: what the pages and the API show, read from the store and judged. No HTML here."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.findings.notebook import read_noticed
from homeostat.app.findings.process import SearchProcess
from homeostat.app.findings.searches import Searched, Searches
from homeostat.app.report.loads import stage_queueing
from homeostat.app.web.experience_views import ExperienceViews
from homeostat.app.web.loop_views import LoopViews
from homeostat.app.web.memo import Memo
from homeostat.app.web.ranges import DEFAULT
from homeostat.app.web.releases import Releases
from homeostat.app.web.watch_views import WatchViews
from homeostat.app.web.windows import Windows
from homeostat.core.clock import HOUR_NS, SECOND_NS, Clock
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.query import (
    Frame,
    FrameQuery,
    SeriesQuery,
    Store,
    Total,
    TotalQuery,
    TraceQuery,
    TracesQuery,
    TraceSummary,
)
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.noticed import together
from homeostat.judge.findings.subject import Subject, rank_of, subject_of_candidate
from homeostat.judge.reports.queueing import Queueing
from homeostat.judge.views.candidate import RESOURCE_GROUPS, SUPPORTING, Candidate, candidates, shown_among
from homeostat.judge.views.categories import Standings, standings
from homeostat.judge.views.error_types import frames_of_all_types, totals_of_all_types
from homeostat.judge.views.event import Event, events_in, events_of_findings, events_of_notices
from homeostat.judge.views.metric_entry import MetricEntry, metric_entry
from homeostat.judge.views.operations import DURATION, ERRORS, OperationRow, operations
from homeostat.judge.views.overview import Overview, OverviewRow, overview, rows_of
from homeostat.judge.views.plots import Plots, plots, series_plot
from homeostat.judge.views.resources import ResourceGroup, resources
from homeostat.judge.views.sentence import in_words
from homeostat.judge.views.spend import COST, TOKENS, UNPRICED, Spend, spend
from homeostat.judge.views.spend import DURATION as LLM_DURATION
from homeostat.judge.views.time_use import TimeUse, time_use
from homeostat.judge.views.waterfall import Waterfall, waterfall
from homeostat.judge.views.window import Window
from homeostat.observe.catalogue import EVERY_SOURCE
from homeostat.runtime.experience.experiences import Experiences

LLM_ERRORS = "llm.errors"

ROWS = 25
"""Rows of one page of the overview."""

TRACES = 50
"""Traces of one page."""

TRACES_LOOKED_AT = 30
SERIES_OF_A_METRIC = 10

SERIES_READ_WHOLE = 200
FINDINGS_SERIES = 100
FINDINGS_POINTS = 360
"""Points of a line in which the page looks for findings: an hour by ten seconds, a day by four minutes."""

FINDINGS_WAIT_S = 30.0
NOTICED_TOLD = 200

SHORT_NS = 900_000_000
EVENTS_NS = 2 * SECOND_NS
LONG_NS = 5 * SECOND_NS

Order = Literal["slowest", "newest"]
EventSource = Callable[[Window], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class TracePage:
    """Traces in the order asked for. `operations` are the names that can be asked for."""

    traces: tuple[TraceSummary, ...]
    operation: str | None
    order: Order
    failed_only: bool
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperationPage:
    """One operation, its plots, and its slowest and failed traces."""

    row: OperationRow
    plots: Plots
    slowest: tuple[TraceSummary, ...]
    failed: tuple[TraceSummary, ...]
    queueing: Queueing | None = None


class Views:
    """Answers what the surfaces ask, sharing each answer for a second among all who ask."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Mapping[str, Metric],
        unavailable: Callable[[], Mapping[str, str]],
        losses: Losses,
        experiences: Experiences | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._unavailable = unavailable
        self._losses = losses
        self._memo = Memo(clock)
        self._windows = Windows(store, clock, self._memo)
        self.alerts = AlertViews(store, clock)
        self.loops = LoopViews(store, clock, losses, self._memo)
        self.experience = ExperienceViews(experiences, self._memo, metrics)
        self.watch = WatchViews(store, clock, metrics, self._memo, self._since)
        self._releases = Releases(store)
        self._event_sources: tuple[EventSource, ...] = (
            lambda window: self._releases.events(window, self._all_totals(window)),
            lambda window: events_of_findings(self.findings_known(window).findings),
            lambda _: events_of_notices(self.alerts.notices()),
            self.loops.events,
        )
        self._search = SearchProcess()
        self._searches = Searches(self.subjects, self._search.search, clock, losses)
        self._since_ns = clock.now_ns() // HOUR_NS * HOUR_NS

    def close(self) -> None:
        """End what runs behind."""
        self._search.close()
        self._searches.close()

    def window(self, name: str) -> Window:
        """Return the window of a range; raises InputError for one that does not exist."""
        return self._windows.window(name)

    def _since(self) -> dict[str, int]:
        """Return since when each service was observed, of those that came in the last minutes."""
        return dict(self.window(DEFAULT).since_ns)

    def overview(self, window: Window, offset: int = 0, limit: int = ROWS, find: str = "") -> Overview:
        """Return one page of the essential variables; `find` narrows them by a part of their names."""
        key = ("overview", window.name, offset, limit, find)
        return self._memo.get(key, SHORT_NS, lambda: self._overview(window, offset, limit, find))

    def _overview(self, window: Window, offset: int, limit: int, find: str) -> Overview:
        found = self._candidates(window)
        words = self.time_use(window).words
        shown = [c for c in found if find.lower() in _searched(c)] if find else shown_among(found)
        frames = self._frames_of(shown[offset : offset + limit], len(found), window)
        made = overview(found, shown, frames, window, offset, limit, words)
        trying = self.loops.trying()
        return replace(made, sentence=f"{made.sentence} {trying}") if trying else made

    def standings(self, window: Window) -> Standings:
        """Return how the limits of the catalogue stand, by category."""

        def work() -> Standings:
            found, unavailable = self._candidates(window), self._unavailable()
            return standings(self._metrics.values(), found, unavailable, EVERY_SOURCE)

        return self._memo.get(("standings", window.name), SHORT_NS, work)

    def findings(self, window: Window) -> Searched:
        """Return what was found in the essential variables, what became worse first; waits for a search.

        It is looked for anew every half a minute, in the first `FINDINGS_SERIES` of them.
        """
        return self._with_noticed(window, self._searches.newest(window, FINDINGS_WAIT_S))

    def findings_known(self, window: Window) -> Searched:
        """Return what was found when it was last looked for; looking again goes on behind."""
        return self._with_noticed(window, self._searches.known(window))

    def _with_noticed(self, window: Window, searched: Searched) -> Searched:
        """Add the changes that were noticed as they came, each told once."""
        online = self._memo.get(
            ("noticed", window.name),
            SHORT_NS,
            lambda: read_noticed(self._store, window.start_ns, window.end_ns, NOTICED_TOLD),
        )
        if not online:
            return searched
        step_ns = window.level_ns * -(-window.buckets // FINDINGS_POINTS)
        ranks = {in_words(c.key, frozenset()): rank_of(c.key) for c in self._candidates(window)}
        return replace(searched, findings=together(online, searched.findings, step_ns, ranks))

    def subjects(self, window: Window, points_max: int = FINDINGS_POINTS) -> list[Subject]:
        """Read what findings are looked for in: lines of at most so many points."""
        found = self._candidates(window)
        shown = shown_among(found)[:FINDINGS_SERIES]
        frames = self._frames_of(shown, len(found), window)
        return [subject_of_candidate(c, frames.get(c.key), window, rank_of(c.key), points_max) for c in shown]

    def _candidates(self, window: Window) -> list[Candidate]:
        def work() -> list[Candidate]:
            totals = totals_of_all_types(self._all_totals(window))
            return candidates(totals, self._metrics, window, RESOURCE_GROUPS)

        return self._memo.get(("candidates", window.name), SHORT_NS, work)

    def _frames_of(self, shown: list[Candidate], all_series: int, window: Window) -> dict[SeriesKey, Frame]:
        if all_series <= SERIES_READ_WHOLE:
            return frames_of_all_types(self._frames(window))
        frames: dict[SeriesKey, Frame] = {}
        for metric in sorted({c.key.metric for c in shown}):
            frames.update(self._frames(window, metric))
        return frames_of_all_types(frames)

    def _frames(self, window: Window, metric: str | None = None) -> dict[SeriesKey, Frame]:
        query = FrameQuery(window.start_ns, window.end_ns, window.level_ns, metric)
        return self._memo.get(("frames", window.name, metric), SHORT_NS, lambda: self._store.read(query))

    def _all_totals(self, window: Window) -> dict[SeriesKey, Total]:
        query = TotalQuery(window.start_ns, window.end_ns)
        return self._memo.get(("totals", window.name), SHORT_NS, lambda: self._store.read(query))

    def _totals(self, window: Window, metric: str) -> dict[SeriesKey, Total]:
        return {k: t for k, t in self._all_totals(window).items() if k.metric == metric}

    def time_use(self, window: Window) -> TimeUse:
        """Return where the time of the newest kept traces went."""

        def work() -> TimeUse:
            newest = self._newest(window)
            return time_use([self._store.read(TraceQuery(t.trace_id)) for t in newest])

        return self._memo.get(("time_use", window.name), LONG_NS, work)

    def _newest(self, window: Window) -> tuple[TraceSummary, ...]:
        query = TracesQuery(window.start_ns, window.end_ns, order="newest", limit=TRACES_LOOKED_AT)
        return self._memo.get(("newest", window.name), LONG_NS, lambda: self._store.read(query))

    def operations(self, window: Window) -> tuple[OperationRow, ...]:
        """Return all operations of the window; calls to models are operations too."""

        def work() -> tuple[OperationRow, ...]:
            shares = {s.operation: s.share for s in self.time_use(window).shares}
            durations = {**self._totals(window, DURATION), **self._totals(window, LLM_DURATION)}
            errors = {**self._totals(window, ERRORS), **self._totals(window, LLM_ERRORS)}
            frames = {**self._frames(window, DURATION), **self._frames(window, LLM_DURATION)}
            return operations(durations, errors, frames, shares, window)

        return self._memo.get(("operations", window.name), SHORT_NS, work)

    def queueing(self, window: Window) -> dict[str, Queueing]:
        """Return how the busiest operations stand to their load, by name."""

        def work() -> dict[str, Queueing]:
            metrics = (DURATION, LLM_DURATION, *sorted(SUPPORTING))
            frames = {k: f for m in metrics for k, f in self._frames(window, m).items()}
            return stage_queueing(frames, window)

        return self._memo.get(("queueing", window.name), LONG_NS, work)

    def operation(self, window: Window, name: str) -> OperationPage | None:
        """Return one operation; None where it did not run in the window."""
        row = next((r for r in self.operations(window) if r.operation == name), None)
        if row is None:
            return None

        def traces(failed_only: bool) -> tuple[TraceSummary, ...]:
            return self._store.read(
                TracesQuery(window.start_ns, window.end_ns, name, "slowest", failed_only, 10)
            )

        frames = {**self._frames(window, DURATION), **self._frames(window, LLM_DURATION)}
        drawn = self._with_events(plots(frames, name, self._latency_limit(), window), window)
        return OperationPage(row, drawn, traces(False), traces(True), self.queueing(window).get(name))

    def events(self, window: Window) -> tuple[Event, ...]:
        """Return what happened: releases, change points, anomalies, alerts, trials; in order of time."""

        def work() -> tuple[Event, ...]:
            return events_in(window, (e for source in self._event_sources for e in source(window)))

        return self._memo.get(("events", window.name), EVENTS_NS, work)

    def _with_events(self, drawn: Plots, window: Window) -> Plots:
        return replace(drawn, events=self.events(window))

    def _latency_limit(self) -> float | None:
        metric = self._metrics.get(DURATION)
        return metric.target if metric is not None else None

    def primary(self, window: Window) -> str:
        """Return the operation under which most of the newest traces began; else the busiest one."""
        roots = Counter(t.operation for t in self._newest(window) if t.operation)
        if roots:
            return roots.most_common(1)[0][0]
        rows = self.operations(window)
        return rows[0].operation if rows else ""

    def plots(self, window: Window) -> Plots:
        """Return load, latency, cost and tokens over the window."""

        def work() -> Plots:
            frames = {
                key: frame
                for metric in (DURATION, COST, TOKENS)
                for key, frame in self._frames(window, metric).items()
            }
            drawn = plots(frames, self.primary(window), self._latency_limit(), window)
            return self._with_events(drawn, window)

        return self._memo.get(("plots", window.name), SHORT_NS, work)

    def traces(
        self, window: Window, operation: str | None, order: Order, failed_only: bool, limit: int = TRACES
    ) -> TracePage:
        """Return traces of the window."""
        query = TracesQuery(window.start_ns, window.end_ns, operation, order, failed_only, limit)
        names = tuple(sorted(r.operation for r in self.operations(window)))
        return TracePage(self._store.read(query), operation, order, failed_only, names)

    def trace(self, trace_id: bytes) -> Waterfall | None:
        """Return one trace laid out; None where it is not kept."""
        return waterfall(self._store.read(TraceQuery(trace_id)))

    def spend(self, window: Window) -> Spend:
        """Return tokens and money of the window."""

        def work() -> Spend:
            return spend(
                self._totals(window, TOKENS),
                self._totals(window, COST),
                self._totals(window, UNPRICED),
                self._totals(window, LLM_DURATION),
                window,
            )

        return self._memo.get(("spend", window.name), SHORT_NS, work)

    def resources(self, window: Window) -> tuple[ResourceGroup, ...]:
        """Return what the machine and the processes used, and what cannot be measured here."""

        def work() -> tuple[ResourceGroup, ...]:
            metrics = [m for m in self._metrics.values() if m.group in RESOURCE_GROUPS]
            names = frozenset(m.name for m in metrics)
            totals = self._all_totals(window)
            shown = {k: t for k, t in totals.items() if k.metric in names}
            return resources(metrics, self._unavailable(), shown, self._frames(window), window)

        return self._memo.get(("resources", window.name), SHORT_NS, work)

    def losses(self) -> dict[str, int]:
        """Return what was dropped since the start, by reason."""
        return dict(sorted(self._losses.totals().items()))

    def since_start(self) -> list[tuple[SeriesKey, Total]]:
        """Return every series since the beginning of the hour in which this began."""
        query = TotalQuery(self._since_ns, self._clock.now_ns() + SECOND_NS)
        return self._memo.get("since_start", SHORT_NS, lambda: list(self._store.read(query).items()))

    def helps(self) -> dict[str, str]:
        """Return what each metric of the catalogue is, in words."""
        return {m.name: m.help for m in self._metrics.values()}

    def metric(self, name: str) -> Metric | None:
        """Return a metric of the catalogue."""
        return self._metrics.get(name)

    def metric_entries(self, window: Window) -> tuple[MetricEntry, ...]:
        """Return the catalogue with the state of each metric."""

        def work() -> tuple[MetricEntry, ...]:
            measured = Counter(k.metric for k in self.series(window, None))
            unavailable = self._unavailable()
            return tuple(metric_entry(m, measured[m.name], unavailable) for m in self._metrics.values())

        return self._memo.get(("metrics", window.name), SHORT_NS, work)

    def metric_series(
        self, window: Window, name: str, attributes: Mapping[str, str]
    ) -> tuple[list[tuple[OverviewRow, Plots]], int]:
        """Return the first series of a metric with their plots, and how many more there are."""
        totals = self._store.read(TotalQuery(window.start_ns, window.end_ns, name, dict(attributes)))
        found = candidates(totals, self._metrics, window, frozenset())
        query = FrameQuery(window.start_ns, window.end_ns, window.level_ns, name, dict(attributes))
        frames = self._store.read(query)
        told = [c for c in found[:SERIES_OF_A_METRIC] if c.key in frames]
        rows = rows_of(told, frames, window, frozenset())
        drawn = [self._with_events(series_plot(c.key, frames[c.key], c.metric, window), window) for c in told]
        shown = list(zip(rows, drawn, strict=True))
        return shown, max(len(found) - SERIES_OF_A_METRIC, 0)

    def series(self, window: Window, metric: str | None) -> tuple[SeriesKey, ...]:
        """Return the series that have points in the window."""
        return self._store.read(SeriesQuery(window.start_ns, window.end_ns, metric))

    def frames(self, query: FrameQuery) -> dict[SeriesKey, Frame]:
        """Return the points of the series asked for."""
        return self._store.read(query)


def _searched(candidate: Candidate) -> str:
    key = candidate.key
    return " ".join((key.metric, *(f"{k}={v}" for k, v in key.attributes))).lower()
