"""The engine: one object that answers what an operator asks for and does what they order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from homeostat.act.cap import Cap, fitted
from homeostat.act.controller import Line
from homeostat.act.need import Need, need
from homeostat.act.resources import Resource
from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.alerts.own_rules import OwnRule, keep_rule
from homeostat.app.engine.optimization import Optimization, optimize
from homeostat.app.loops.loop_actions import ORDERS
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.app.report.period import Period, period_of
from homeostat.app.report.stored import compare_periods, stored_recording
from homeostat.app.web.views import Views
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import InputError
from homeostat.core.finding import Finding, FindingKind
from homeostat.core.knob import Floats, Integers, Knob, Value
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.order import Order, Pin, Relieve, Try
from homeostat.core.query import LEVELS_NS, FrameQuery, Store
from homeostat.core.target import Severity
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.judge.reports.recommendation import Recommendation
from homeostat.judge.reports.report import Report, make_report, no_step
from homeostat.judge.reports.workload import Workload
from homeostat.judge.targets.limit import State
from homeostat.judge.views.overview import Overview
from homeostat.judge.views.resources import ResourceGroup
from homeostat.loop.published import Published, PublishedAdvice, PublishedKnob
from homeostat.prove.ledger_entry import LedgerEntry
from homeostat.stats.not_known import NotKnown

Ints = NDArray[np.int64]
Numbers = NDArray[np.float64]

RANGE, SINCE = "1h", "24h"
NEEDS = (
    "operation.duration",
    "system.cpu.utilization",
    "system.memory.utilization",
    "process.memory.usage",
    "llm.tokens",
    "llm.cost",
)
"""What needs are predicted of: load by its count, resources by their level, spend by its sum."""

NEED_POINTS = 240
OPTIMIZE_S = 120.0


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What to do: changes of knobs that a loop would try, and what the data says that no knob does."""

    changes: tuple[PublishedAdvice, ...]
    others: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """How resources stand, in a sentence; `broken` names those beyond their limit."""

    words: str
    broken: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourceNeed:
    """What a resource will be asked for. `words` says why where that is not known."""

    metric: str
    service: str
    unit: str
    expected: float | None
    peak: float | None
    words: str


class Engine:
    """Answers and orders over one store: what commands, API and page show is what these return.

    What reads returns values of `homeostat.judge`; what orders goes to the loop of an application (the only
    one, or that of `service`) and returns what the ledger then says. Raises InputError for what makes no
    sense, NotAvailable where no loop runs.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Mapping[str, Metric],
        losses: Losses,
        views: Views | None = None,
        by: str = "the engine",
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._own_views = views is None
        self._views = views or Views(store, clock, metrics, dict, losses)
        self._desk = LoopDesk(store, clock, losses)
        self._alerts = AlertViews(store, clock)
        self._by = by

    def close(self) -> None:
        """Let go of what works behind the views; the store stays open."""
        if self._own_views:
            self._views.close()

    def get_performance_report(self, since: str = SINCE, baseline: str = "") -> Report:
        """Return the report of a period (`24h`, `2d..1d`), compared with `before` or another period."""
        now_ns = self._clock.now_ns()
        period = period_of(since, now_ns)
        comparison = None
        if baseline:
            before = period.before() if baseline == "before" else period_of(baseline, now_ns)
            comparison = compare_periods(self._store, before, period, self._metrics, {}, no_step)
        recording = stored_recording(self._store, period, self._metrics, no_step, comparison)
        return make_report(recording, now_ns, version("homeostat"))

    def optimize_system(
        self,
        service: str | None = None,
        constraints: Mapping[str, tuple[float, float]] | None = None,
        values: Mapping[str, Value] | None = None,
        timeout_s: float = OPTIMIZE_S,
    ) -> Optimization:
        """Try what promises most within constraints (or `values`), and tell each step up to its proof."""
        loop = self._desk.loop(service)
        return optimize(
            self._desk,
            loop,
            self.identify_bottlenecks(),
            constraints or {},
            values,
            self._by,
            timeout_s,
        )

    def get_optimization_recommendations(self, service: str | None = None) -> Recommendations:
        """Return what to try and what else to do, the most promising first."""
        loops = self._desk.loops()
        wanted = [self._desk.loop(service)] if service else list(loops.values())
        changes = tuple(advice for loop in wanted for advice in loop.advice)
        return Recommendations(changes, self.get_performance_report().recommendations)

    def apply_recommendations(
        self, service: str | None = None, values: Mapping[str, Value] | None = None
    ) -> tuple[LedgerEntry, ...]:
        """Begin a trial of the first recommendation, or of `values`; return what the ledger says."""
        loop = self._desk.loop(service)
        if values is None:
            if not loop.advice:
                raise InputError(f"the loop of {loop.service} recommends nothing now; say what to try")
            values = loop.advice[0].values
        return self._ordered(loop, Try(by=self._by, values=dict(values)))

    def get_resource_status(self, range: str = RANGE) -> ResourceStatus:
        """Return how the resources stand, in a sentence."""
        rows = [row for group in self.get_resource_metrics(range) for row in group.rows]
        broken = tuple(r.metric for r in rows if r.state is State.VIOLATED)
        unknown = tuple(r.metric for r in rows if r.state is State.UNKNOWN)
        if broken:
            words = f"{len(broken)} of {len(rows)} resources are beyond their limit: {', '.join(broken)}"
        else:
            words = f"no resource of {len(rows)} is known to be beyond its limit"
        return ResourceStatus(words, broken, unknown)

    def get_resource_metrics(self, range: str = RANGE) -> tuple[ResourceGroup, ...]:
        """Return what the machine and the processes use, and what cannot be measured here."""
        return self._views.resources(self._views.window(range))

    def optimize_memory_usage(self, service: str | None = None) -> tuple[LedgerEntry, ...]:
        """Have an application free memory, by what it registered and the garbage collector."""
        return self._relieve(service, Resource.MEMORY)

    def balance_cpu_load(self, service: str | None = None) -> tuple[LedgerEntry, ...]:
        """Have an application relieve the processor, by what it registered."""
        return self._relieve(service, Resource.CPU)

    def optimize_io_operations(self, service: str | None = None) -> tuple[LedgerEntry, ...]:
        """Have an application relieve disks and network, by what it registered."""
        return self._relieve(service, Resource.IO)

    def predict_resource_needs(
        self, time_horizon: float = 3_600.0, confidence_level: float = 0.9
    ) -> tuple[ResourceNeed, ...]:
        """Return what will be needed within `time_horizon` seconds, with a chance of `confidence_level`."""
        now_ns = self._clock.now_ns()
        level_ns = max(w for w in LEVELS_NS if w <= max(time_horizon * SECOND_NS / 4, LEVELS_NS[0]))
        found = []
        for metric in NEEDS:
            query = FrameQuery(now_ns - NEED_POINTS * level_ns, now_ns, level_ns, metric)
            for key, frame in self._store.read(query).items():
                line = _line(metric, frame.start_ns, frame.count, frame.mean, level_ns)
                told = need(line, time_horizon, confidence_level)
                found.append(_told(metric, key.get("service"), key.unit, told))
        return tuple(found)

    def adapt_to_constraints(
        self, at_most: float, uses: Mapping[str, float], service: str | None = None, resource: str = "budget"
    ) -> tuple[LedgerEntry, ...]:
        """Lower knobs at once so that together they use at most so much, and hold them there.

        `uses` is what one unit of each knob takes. Unpin them to recover.
        """
        loop = self._desk.loop(service)
        knobs = {k.name: _knob(k) for k in loop.knobs if k.low is not None}
        for name in uses:
            if name not in knobs:
                raise InputError(f"{name!r} is no knob that is a number; there are {', '.join(knobs)}")
        now = {k.name: k.value for k in loop.knobs}
        wanted = fitted(now, (Cap(resource, at_most, uses),), knobs)
        entries: tuple[LedgerEntry, ...] = ()
        for name in uses:
            if wanted[name] != now[name]:
                entries += self._ordered(loop, Pin(by=self._by, knob=name, value=wanted[name]))
        return entries

    def get_workload_patterns(self, since: str = SINCE) -> tuple[Workload, ...]:
        """Return how load repeats, how evenly it comes, and its bursts."""
        return self.get_performance_report(since).workloads

    def get_real_time_metrics(self) -> Overview:
        """Return the essential variables of the last minutes."""
        return self._views.overview(self._views.window("15m"))

    def set_performance_alert(
        self,
        metric: str,
        threshold: str,
        action: str = "",
        severity: str = "warning",
        notify: Sequence[str] = (),
    ) -> OwnRule:
        """Watch a metric from now on: `threshold` in the target language, such as `p95 < 200 ms`.

        `action` is one of `restore`, `observe`, `relieve_memory`, `relieve_cpu`, `relieve_io`, or none.
        """
        reading, side, bound = _threshold(threshold)
        expect = f"{reading}({metric}) {side} {bound}"
        if severity not in tuple(Severity):
            raise InputError(f"severity must be {' or '.join(Severity)}, not {severity!r}")
        rule = OwnRule(f"{metric} {threshold}", expect, Severity(severity), tuple(notify), action)
        rule.rule(self._metrics, self._alerts.state().channels, ORDERS)
        keep_rule(self._store, rule, self._clock.now_ns())
        return rule

    def get_dashboard_data(self, range: str = RANGE) -> dict[str, object]:
        """Return what the first page shows: the overview, plots with events, alerts, loops."""
        window = self._views.window(range)
        return {
            "overview": self._views.overview(window),
            "plots": self._views.plots(window),
            "operations": self._views.operations(window),
            "alerts": self._alerts.state(),
            "loops": tuple(self._desk.loops().values()),
        }

    def analyze_performance_trends(self, range: str = RANGE) -> tuple[Finding, ...]:
        """Return what changed: trends and change points."""
        return self._findings(range, FindingKind.TREND, FindingKind.CHANGE)

    def find_metric_correlations(self, range: str = RANGE) -> tuple[Finding, ...]:
        """Return which metrics move together, and which of them first."""
        return self._findings(range, FindingKind.CORRELATION)

    def identify_bottlenecks(self, since: str = SINCE) -> tuple[Bottleneck, ...]:
        """Return the stages that requests wait for, what mending each would gain at most."""
        period: Period = period_of(since, self._clock.now_ns())
        return stored_recording(self._store, period, self._metrics, no_step).bottlenecks or ()

    def _findings(self, range: str, *kinds: FindingKind) -> tuple[Finding, ...]:
        found = self._views.findings(self._views.window(range)).findings
        return tuple(f for f in found if f.kind in kinds)

    def _relieve(self, service: str | None, resource: Resource) -> tuple[LedgerEntry, ...]:
        return self._ordered(self._desk.loop(service), Relieve(by=self._by, resource=resource.value))

    def _ordered(self, loop: Published, order: Order) -> tuple[LedgerEntry, ...]:
        last = self._desk.ledger(loop.service).last
        self._desk.order(loop.service, order)
        return self._desk.answer(loop.service, last.number if last else 0).entries


def _line(metric: str, start_ns: Ints, count: Ints, mean: Numbers, level_ns: int) -> Line:
    """Return an evenly spaced line: how many durations, the sum of a counter, the mean of a level."""
    first = int(start_ns[0])
    size = (int(start_ns[-1]) - first) // level_ns + 1
    summed = metric in ("operation.duration", "llm.tokens", "llm.cost")
    values = np.zeros(size) if summed else np.full(size, np.nan)
    at = (start_ns - first) // level_ns
    values[at] = count if metric == "operation.duration" else count * mean if summed else mean
    return Line(values, level_ns, first + size * level_ns)


def _told(metric: str, service: str, unit: str, found: Need | NotKnown) -> ResourceNeed:
    shown = "calls" if metric == "operation.duration" else unit
    if isinstance(found, NotKnown):
        return ResourceNeed(metric, service, shown, None, None, f"not known: {found.reason}")
    return ResourceNeed(metric, service, shown, found.expected, found.peak, found.words)


def _knob(told: PublishedKnob) -> Knob:
    assert told.low is not None
    assert told.high is not None
    if isinstance(told.default, int) and not isinstance(told.default, bool):
        return Knob(told.name, told.default, Integers(int(told.low), int(told.high)))
    return Knob(told.name, told.default, Floats(told.low, told.high))


def _threshold(text: str) -> tuple[str, str, str]:
    """Split `p95 < 200 ms` into statistic, side and amount with what follows."""
    found = re.fullmatch(r"\s*([\w.]+)\s*(<=|>=|<|>)\s*(.+)", text)
    if found is None:
        raise InputError(f"write a threshold like 'p95 < 200 ms' or 'mean >= 0.95 over 1 h', not {text!r}")
    return found[1], found[2], found[3]
