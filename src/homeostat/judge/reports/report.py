"""The report: all that is known of one recording, as one value that all renderings show in the same words."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.comparisons.comparison import Comparison
from homeostat.judge.findings.noticed import Noticed, together
from homeostat.judge.findings.search import FALSE_ALARMS, findings_in, ranks_of
from homeostat.judge.findings.study import POINTS_MIN, Study, studied
from homeostat.judge.findings.subject import Subject
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.judge.reports.going import going
from homeostat.judge.reports.outlook import Outlook, outlook
from homeostat.judge.reports.queueing import Queueing
from homeostat.judge.reports.recommendation import Recommendation, recommendations
from homeostat.judge.reports.scalability import Scalability, scalability
from homeostat.judge.reports.workload import Load, Workload, workload
from homeostat.judge.targets.limit import ORDER, State
from homeostat.judge.views.categories import Standings
from homeostat.judge.words.moment_words import length_words, moment_words
from homeostat.judge.words.quantity import bounds, count, counted, quantity

PLOT_POINTS = 300
FORECASTS_MAX = 12
"""Metrics that are forecast at most: the first ones."""

SEARCHED_MAX = 200
"""Metrics in which findings are looked for at most: the first ones."""

Step = Callable[[str, int, int], None]
"""Is told what is being done, and which of how many."""


@dataclass(frozen=True, slots=True)
class ReportMetric:
    """One metric: its statistic with interval and target, its distribution, and its line.

    `points` are evenly spaced, `step_ns` apart from `start_ns` on, None in gaps; `lows` and `highs` are
    the range of what each point stands for.
    """

    name: str
    title: str
    unit: str
    better: str
    better_guessed: bool
    n: int
    statistic: str
    value: float | None
    value_words: str
    interval_low: float | None
    interval_high: float | None
    interval_words: str
    interval_method: str
    target_words: str
    target: float | None
    state: State
    state_words: str
    trend: str
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    minimum: float | None
    maximum: float | None
    distribution_words: str
    origin: str
    start_ns: int
    step_ns: int
    points: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `standings` say how the catalogue's limits stood in a store's period; files have none.

    `not_computed` says what is not in it, and why; `notes` what was assumed.
    """

    title: str
    source: str
    made_ns: int
    start_ns: int
    end_ns: int
    span_words: str
    version: str
    summary: tuple[str, ...]
    standings: Standings | None
    metrics: tuple[ReportMetric, ...]
    findings: tuple[Finding, ...]
    comparison: Comparison | None
    outlooks: tuple[Outlook, ...]
    bottlenecks: tuple[Bottleneck, ...]
    queueing: tuple[Queueing, ...]
    workloads: tuple[Workload, ...]
    scalability: tuple[Scalability, ...]
    recommendations: tuple[Recommendation, ...]
    notes: tuple[str, ...]
    not_computed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a report is made of: subjects, and what belongs to them where there is any of it."""

    title: str
    source: str
    subjects: tuple[Subject, ...]
    standings: Standings | None = None
    comparison: Comparison | None = None
    bottlenecks: tuple[Bottleneck, ...] | None = None
    queues: tuple[Queueing, ...] = ()
    loads: tuple[Load, ...] = ()
    notes: tuple[str, ...] = ()
    not_computed: tuple[str, ...] = ()
    noticed: tuple[Noticed, ...] = ()


def no_step(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def make_report(recording: Recording, made_ns: int, version: str, step: Step = no_step) -> Report:
    """Return the report of a recording."""
    subjects = sorted(recording.subjects, key=lambda s: (ORDER[s.judgement.state], not s.essential, s.rank))
    step("findings", 0, 2)
    studies = studied(subjects[:SEARCHED_MAX], FALSE_ALARMS)
    of = {study.subject.title: study for study in studies}
    found = findings_in(studies)
    if recording.noticed:
        step_ns = max((s.step_ns for s in subjects), default=0)
        found = together(recording.noticed, found, step_ns, ranks_of(subjects))
    forecast = [s for s in subjects if s.essential][:FORECASTS_MAX]
    outlooks = []
    for i, subject in enumerate(forecast):
        step(f"forecast of {subject.title}", i, len(forecast))
        outlooks.append(outlook(subject))
    metrics = tuple(_metric(s, of.get(s.title), found) for s in subjects)
    stages = recording.bottlenecks or ()
    advice = recommendations(subjects, found, stages, recording.comparison, outlooks)
    known = [s for s in subjects if s.line.size]
    start_ns = min((s.start_ns for s in known), default=0)
    end_ns = max((s.start_ns + s.line.size * s.step_ns for s in known), default=0)
    return Report(
        title=recording.title,
        source=recording.source,
        made_ns=made_ns,
        start_ns=start_ns,
        end_ns=end_ns,
        span_words=_span_words(known, start_ns, end_ns),
        version=version,
        summary=_summary(subjects, found, stages, recording.comparison, outlooks),
        standings=recording.standings,
        metrics=metrics,
        findings=found,
        comparison=recording.comparison,
        outlooks=tuple(outlooks),
        bottlenecks=stages,
        queueing=recording.queues,
        workloads=tuple(workload(load) for load in recording.loads),
        scalability=tuple(s for load in recording.loads if (s := scalability(load)) is not None),
        recommendations=advice,
        notes=recording.notes,
        not_computed=_not_computed(recording, outlooks, subjects),
    )


def _span_words(known: Sequence[Subject], start_ns: int, end_ns: int) -> str:
    if not known:
        return "nothing was measured"
    origin = known[0].origin
    length = length_words(end_ns - start_ns, origin)
    if origin != "epoch":
        return length
    step_ns = min(s.step_ns for s in known)
    first, last = (moment_words(ns, "epoch", step_ns) for ns in (start_ns, end_ns))
    return f"{first} to {last} UTC, {length}"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _metric(subject: Subject, study: Study | None, found: Sequence[Finding]) -> ReportMetric:
    shown = subject.shown
    interval = shown.interval
    points, lows, highs, step = _thinned(subject)
    levels = (("p50", subject.p50), ("p95", subject.p95), ("p99", subject.p99), ("max", subject.maximum))
    spread = ", ".join(f"{name} {quantity(v, subject.unit)}" for name, v in levels)
    spread = spread if math.isfinite(subject.p50) else ""
    return ReportMetric(
        name=subject.name,
        title=subject.title,
        unit=subject.unit,
        better=subject.better.value,
        better_guessed=subject.guessed,
        n=subject.n,
        statistic=shown.name,
        value=_finite(shown.value),
        value_words=quantity(shown.value, shown.unit),
        interval_low=interval.low if interval else None,
        interval_high=interval.high if interval else None,
        interval_words=bounds(interval.low, interval.high, shown.unit)
        if interval
        else _without(shown.needs, shown.method),
        interval_method=shown.method,
        target_words=subject.limit_words,
        target=subject.target,
        state=subject.judgement.state,
        state_words=subject.judgement.words,
        trend=going(subject.title, study, found),
        mean=_finite(subject.mean),
        p50=_finite(subject.p50),
        p95=_finite(subject.p95),
        p99=_finite(subject.p99),
        minimum=_finite(subject.minimum),
        maximum=_finite(subject.maximum),
        distribution_words=spread,
        origin=subject.origin,
        start_ns=subject.start_ns,
        step_ns=step,
        points=points,
        lows=lows,
        highs=highs,
    )


def _without(needs: int, method: str) -> str:
    if method == "exact":
        return "exact"
    return (
        f"no interval: needs {count(needs)} more values"
        if needs
        else "no interval: too few independent values"
    )


Points = tuple[float | None, ...]


def _thinned(subject: Subject) -> tuple[Points, Points, Points, int]:
    """The line in at most `PLOT_POINTS` points, each the mean of its block, with the block's range."""
    line = subject.line
    block = max(-(-line.size // PLOT_POINTS), 1)
    padded = np.concatenate((line, np.full(-line.size % block, np.nan))).reshape(-1, block)
    known = np.isfinite(padded)
    n = known.sum(axis=1)
    means = np.where(known, padded, 0.0).sum(axis=1) / np.maximum(n, 1)
    lows = np.where(known, padded, np.inf).min(axis=1, initial=np.inf)
    highs = np.where(known, padded, -np.inf).max(axis=1, initial=-np.inf)

    def points(values: np.ndarray) -> Points:
        return tuple(
            float(f"{v:.6g}") if k else None for v, k in zip(values.tolist(), n.tolist(), strict=True)
        )

    return points(means), points(lows), points(highs), subject.step_ns * block


def _summary(
    subjects: Sequence[Subject],
    found: Sequence[Finding],
    stages: Sequence[Bottleneck],
    comparison: Comparison | None,
    outlooks: Sequence[Outlook],
) -> tuple[str, ...]:
    if not subjects:
        return ("Nothing was measured, so there is nothing to report.",)
    values = sum(s.n for s in subjects)
    said = [f"{counted(len(subjects), 'metric')} with {counted(values, 'value')}."]
    limited = [s for s in subjects if s.judgement.state is not State.NO_LIMIT]
    broken = [s for s in limited if s.judgement.state is State.VIOLATED]
    if broken:
        first = broken[0]
        verb = "is" if len(broken) == 1 else "are"
        said.append(
            f"{count(len(broken))} of {count(len(limited))} limits {verb} broken, first {first.title}:"
            f" {first.shown.name} {quantity(first.shown.value, first.shown.unit)}, limit {first.limit_words}."
        )
    elif limited:
        unknown = sum(s.judgement.state is State.UNKNOWN for s in limited)
        waiting = f" ({count(unknown)} not known yet)" if unknown else ""
        said.append(f"None of {count(len(limited))} limits is broken{waiting}.")
    lasting = (FindingKind.SEASON, FindingKind.CORRELATION)
    happened = [f for f in found if f.kind not in lasting]
    if happened:
        worse = [f for f in happened if f.course is Course.WORSE]
        lead = worse[0] if worse else happened[0]
        many = counted(len(happened), "finding")
        many += f", {count(len(worse))} for the worse" if worse and len(happened) > 1 else ""
        said.append(f"{many}: {lead.words}")
    elif any(np.isfinite(s.line).sum() >= POINTS_MIN for s in subjects):
        said.append("No change point, no anomaly and no trend was found.")
    else:
        said.append("There are too few points over time to look for changes.")
    if comparison is not None:
        said.append(comparison.words)
    if stages:
        said.append(stages[0].words)
    said.extend(o.words for o in outlooks if o.reached)
    return tuple(said)


def _not_computed(
    recording: Recording, outlooks: Sequence[Outlook], subjects: Sequence[Subject]
) -> tuple[str, ...]:
    said = list(recording.not_computed)
    if recording.standings is not None and recording.standings.score is None:
        said.append("Limits by category: none was measured enough.")
    if recording.comparison is None:
        said.append("Comparison: no baseline was given.")
    if not recording.bottlenecks:
        said.append("Bottlenecks: there are no traces, so where the time goes is not known.")
    without = [o for o in outlooks if not o.point]
    said.extend(o.words for o in without[:3])
    left = sum(s.essential for s in subjects) - len(outlooks)
    if left > 0:
        said.append(f"Forecasts of {count(left)} more metrics.")
    if len(subjects) > SEARCHED_MAX:
        said.append(f"Findings in {count(len(subjects) - SEARCHED_MAX)} more metrics.")
    return tuple(said)
