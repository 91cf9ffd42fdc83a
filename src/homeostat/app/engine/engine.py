"""The engine: one object that answers what an operator asks for and does what they order."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from homeostat.act.controllers.cap import Cap, fitted
from homeostat.act.controllers.gauge import Resource
from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.alerts.desk import ACTION
from homeostat.app.alerts.own_rules import OwnRule, keep_rule
from homeostat.app.engine.needs import ResourceNeed, resource_needs
from homeostat.app.engine.optimization import Optimization, optimize
from homeostat.app.loops.loop_actions import ORDERS
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.app.report.period import period_of
from homeostat.app.report.period_report import period_report
from homeostat.app.report.stored import stored_recording
from homeostat.app.web.views import Views
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError
from homeostat.core.finding import Finding, FindingKind
from homeostat.core.knob import Floats, Integers, Knob, Value
from homeostat.core.losses import Losses
from homeostat.core.metric import Metric
from homeostat.core.order import Order, Pin, Relieve, Try
from homeostat.core.query import Store
from homeostat.core.target import Severity
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.judge.reports.recommendation import Recommendation
from homeostat.judge.reports.report import Report, no_step
from homeostat.judge.reports.workload import Workload
from homeostat.judge.targets.limit import State
from homeostat.judge.views.overview import Overview
from homeostat.judge.views.resources import ResourceGroup, ResourceRow
from homeostat.judge.words.quantity import count, counted
from homeostat.loop.governing.published import Published, PublishedAdvice, PublishedKnob
from homeostat.prove.ledger.entry import LedgerEntry

RANGE, SINCE = "1h", "24h"
OPTIMIZE_S = 120.0


@dataclass(frozen=True, slots=True)
class Recommendations:
    """What to do: changes of knobs that a loop would try, and what the data says that no knob does."""

    changes: tuple[PublishedAdvice, ...]
    others: tuple[Recommendation, ...]


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """How resources stand, in a sentence: how many are measured, which are beyond their limit (`broken`), and
    of which that is not known yet."""

    words: str
    measured: int
    broken: tuple[str, ...]
    unknown: tuple[str, ...]


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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._own_views = views is None
        self._views = views or Views(store, clock, metrics, dict, losses)
        self._desk = LoopDesk(store, clock, losses, sleep)
        self._alerts = AlertViews(store, clock)
        self._by = by

    def close(self) -> None:
        """Let go of what works behind the views; the store stays open."""
        if self._own_views:
            self._views.close()

    def get_performance_report(self, since: str = SINCE, baseline: str = "") -> Report:
        """Return the report of a period (`24h`, `2d..1d`), compared with `before` or another period."""
        return period_report(self._store, self._clock.now_ns(), self._metrics, since, baseline)

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
        rows = [row for group in self.get_resource_metrics(range) for row in group.rows if row.available]
        limited = [row for row in rows if row.state is not State.NO_LIMIT]
        broken = tuple(_named(row) for row in limited if row.state is State.VIOLATED)
        unknown = tuple(_named(row) for row in limited if row.state is State.UNKNOWN)
        measured = f"{counted(len(rows), 'resource')} measured, {count(len(limited))} with a limit"
        if broken:
            words = f"{measured}; beyond it: {', '.join(broken)}"
        elif unknown:
            words = f"{measured}; none is known to be beyond it, {count(len(unknown))} not known yet"
        else:
            words = f"{measured}; none is beyond it" if limited else measured
        return ResourceStatus(words, len(rows), broken, unknown)

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
        return resource_needs(self._store, self._clock.now_ns(), time_horizon, confidence_level)

    def adapt_to_constraints(
        self, at_most: float, uses: Mapping[str, float], service: str | None = None, resource: str = "budget"
    ) -> tuple[LedgerEntry, ...]:
        """Lower knobs at once so that together they use at most so much, and hold them there.

        `uses` is what one unit of each knob takes. Unpin them to recover.
        """
        loop = self._desk.loop(service)
        cap = Cap(resource, at_most, uses)
        knobs = {k.name: _knob(k) for k in loop.knobs if k.low is not None}
        for name in uses:
            if name not in knobs:
                there = ", ".join(knobs) or "none"
                raise InputError(f"{name!r} is no knob that is a number; there are: {there}")
        now = {k.name: k.value for k in loop.knobs}
        wanted = fitted(now, (cap,), knobs)
        if cap.used(wanted) > at_most:
            raise InputError(
                f"even at their lowest values these knobs use {cap.used(wanted):g} of {resource}, "
                f"more than {at_most:g}"
            )
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
        if severity not in tuple(Severity):
            raise InputError(f"severity must be {' or '.join(Severity)}, not {severity!r}")
        expect = f"{reading}({metric}) {side} {bound}"
        rule = OwnRule(f"{metric} {threshold.strip()}", expect, Severity(severity), tuple(notify), action)
        channels = [c for c in self._alerts.setup().channels if not c.startswith(ACTION)]
        rule.rule(self._metrics, channels, ORDERS)
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
        period = period_of(since, self._clock.now_ns())
        return stored_recording(self._store, period, self._metrics, no_step).bottlenecks or ()

    def _findings(self, range: str, *kinds: FindingKind) -> tuple[Finding, ...]:
        found = self._views.findings(self._views.window(range)).findings
        return tuple(f for f in found if f.kind in kinds)

    def _relieve(self, service: str | None, resource: Resource) -> tuple[LedgerEntry, ...]:
        return self._ordered(self._desk.loop(service), Relieve(by=self._by, resource=resource.value))

    def _ordered(self, loop: Published, order: Order) -> tuple[LedgerEntry, ...]:
        last = self._desk.ledger(loop.service).last
        self._desk.order(loop.service, order)
        return self._desk.answer(loop.service, last.number if last else 0, by=self._by).entries


def _named(row: ResourceRow) -> str:
    values = ", ".join(value for _, value in row.attributes)
    return f"{row.metric} ({values})" if values else row.metric


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
