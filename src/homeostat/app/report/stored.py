"""Recordings from a store: a period as subjects, and two periods as pairs to compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from homeostat.app.findings.notebook import read_noticed
from homeostat.app.report.loads import stage_queueing, stored_loads
from homeostat.app.report.period import RELEASE_ATTRIBUTES, Period
from homeostat.app.web.ranges import level_of
from homeostat.core.clock import MINUTE_NS, SECOND_NS
from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.point import Moments
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
from homeostat.judge.comparisons.arm import PROBABILITIES, StretchArm
from homeostat.judge.comparisons.comparison import THRESHOLD, Comparison, Pair, compare
from homeostat.judge.findings.subject import rank_of, subject_of_candidate
from homeostat.judge.reports.bottleneck import Bottleneck, bottlenecks
from homeostat.judge.reports.queueing import Queueing
from homeostat.judge.reports.report import Recording
from homeostat.judge.targets.direction import Direction, direction_of
from homeostat.judge.views.candidate import (
    OWN_METRICS,
    OWN_SERVICE,
    RESOURCE_GROUPS,
    SUPPORTING,
    candidates,
    is_essential,
    shown_among,
)
from homeostat.judge.views.categories import standings
from homeostat.judge.views.error_types import frames_of_all_types, totals_of_all_types
from homeostat.judge.views.operations import DURATION, ERRORS, operations
from homeostat.judge.views.sentence import in_words
from homeostat.judge.views.spend import DURATION as LLM_DURATION
from homeostat.judge.views.time_use import time_use
from homeostat.judge.views.window import Window
from homeostat.observe.catalogue import EVERY_SOURCE
from homeostat.stats.sketch import merge

Metrics = Mapping[str, Metric]
Step = Callable[[str, int, int], None]

STRETCHES = 32
"""A period is cut into so many stretches, whose differences tell how sure its figures are."""

SHORT_NS = 15 * MINUTE_NS
"""Data of no more than this is read by the second, while that is kept."""

TRACES = 200
_PER_CALL = ("llm.cost", "llm.tokens")
_ERRORS = {ERRORS: DURATION, "llm.errors": LLM_DURATION}


def stored_recording(
    store: Store, period: Period, metrics: Metrics, step: Step, comparison: Comparison | None = None
) -> Recording:
    """Return what a report of one period is made of."""
    step("reading the store", 0, 4)
    level_ns = level_of(period.end_ns - period.start_ns)
    frames = _frames(store, period, period.start_ns, level_ns)
    first_ns = min((int(f.start_ns[0]) for f in frames.values() if f.start_ns.size), default=period.start_ns)
    if level_ns > SECOND_NS and period.end_ns - first_ns <= SHORT_NS:  # most of the period is before the data
        fine = _frames(store, period, first_ns, SECOND_NS)
        earliest_ns = min(
            (int(f.start_ns[0]) for f in fine.values() if f.start_ns.size), default=period.end_ns
        )
        if fine.keys() == frames.keys() and earliest_ns < first_ns + level_ns:
            level_ns, frames = SECOND_NS, fine
    start_ns = max(period.start_ns, first_ns) // level_ns * level_ns
    since: dict[str, int] = {}
    for key, frame in frames.items():
        service = key.get("service")
        since[service] = min(since.get(service, period.end_ns), int(frame.start_ns[0]))
    end_ns = -(-period.end_ns // level_ns) * level_ns
    window = Window("report", start_ns, end_ns, level_ns, period.end_ns, tuple(since.items()))
    step("reading totals", 1, 4)
    read = store.read(TotalQuery(start_ns, end_ns))
    totals = totals_of_all_types({k: t for k, t in read.items() if _wanted(k, period)})
    found = candidates(totals, metrics, window, RESOURCE_GROUPS)
    shown = shown_among(found)
    ranks = _ranks({c.key: c.total.moments.total for c in shown})
    step("reading traces", 2, 4)
    newest = store.read(TracesQuery(period.start_ns, period.end_ns, order="newest", limit=TRACES))
    queues = stage_queueing(frames, window)
    stages = _bottlenecks(store, period, newest, totals, window, queues)
    step("reading done", 4, 4)
    return Recording(
        title="Homeostat report",
        source=_services(totals),
        subjects=tuple(subject_of_candidate(c, frames.get(c.key), window, ranks[c.key]) for c in shown),
        standings=standings(metrics.values(), found, {}, EVERY_SOURCE),
        comparison=comparison,
        bottlenecks=stages,
        queues=tuple(queues.values()),
        noticed=tuple(
            n for n in read_noticed(store, period.start_ns, period.end_ns) if _wanted(n.key, period)
        ),
        loads=stored_loads(frames, window, {(t.operation, t.service) for t in newest}),
        notes=(
            f"bottlenecks are those of the {TRACES} newest traces at most, of which slow and failed ones"
            " are kept more often",
        )
        if stages
        else (),
    )


def _frames(store: Store, period: Period, first_ns: int, level_ns: int) -> dict[SeriesKey, Frame]:
    """The series of a period from a moment on, at one width of buckets; old ones have no fine buckets."""
    start_ns = first_ns // level_ns * level_ns
    read = store.read(FrameQuery(start_ns, period.end_ns, level_ns))
    return frames_of_all_types({k: f for k, f in read.items() if _wanted(k, period)})


def _ranks(totals: Mapping[SeriesKey, float]) -> dict[SeriesKey, int]:
    """The order in which series are told: what a person waits for first, of that what takes most time."""

    def order(key: SeriesKey) -> tuple[int, str, float, SeriesKey]:
        return rank_of(key), key.metric, -totals[key], key

    return {key: i for i, key in enumerate(sorted(totals, key=order))}


def _services(totals: Mapping[SeriesKey, Total]) -> str:
    names = sorted({s for k in totals if (s := k.get("service")) and s != OWN_SERVICE})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "no service"


def _wanted(key: SeriesKey, period: Period) -> bool:
    return not period.release or any(key.get(a) == period.release for a in RELEASE_ATTRIBUTES)


def _bottlenecks(
    store: Store,
    period: Period,
    newest: Sequence[TraceSummary],
    totals: Mapping[SeriesKey, Total],
    window: Window,
    queues: Mapping[str, Queueing],
) -> tuple[Bottleneck, ...]:
    read = (store.read(TraceQuery(t.trace_id)) for t in newest)
    traces = [t for t in read if not period.release or any(s.release == period.release for s in t)]
    durations = {k: t for k, t in totals.items() if k.metric in (DURATION, LLM_DURATION)}
    errors = {k: t for k, t in totals.items() if k.metric in _ERRORS}
    shares = {s.operation: s.share for s in time_use(traces).shares}
    rows = {r.operation: r for r in operations(durations, errors, {}, shares, window)}
    return bottlenecks(traces, rows, queues)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """A period in equal stretches: what each series held in each of them."""

    parts: tuple[Mapping[SeriesKey, Total], ...]
    stretch_s: float
    keys: frozenset[SeriesKey]

    def total(self, key: SeriesKey) -> float:
        return sum(t.moments.total for part in self.parts if (t := part.get(key)) is not None)

    def arm(self, key: SeriesKey, among: SeriesKey | None = None) -> StretchArm:
        totals = tuple(part.get(key) for part in self.parts)
        counts: tuple[float, ...] = ()
        if among is not None:
            counts = tuple(float(t.moments.count) if (t := p.get(among)) else 0.0 for p in self.parts)
        return StretchArm(totals, self.stretch_s, counts)


def compare_periods(
    store: Store,
    baseline: Period,
    candidate: Period,
    metrics: Metrics,
    said: Mapping[str, Better],
    step: Step,
    threshold: float = THRESHOLD,
) -> Comparison:
    """Compare two periods of a store, or two releases, metric by metric."""
    first, second = _read(store, baseline, step), _read(store, candidate, step)
    mine, yours = first.keys, second.keys
    ranks = _ranks({k: second.total(k) for k in mine | yours})
    made = (_pair(k, first, second, metrics, said, rank) for k, rank in ranks.items())
    pairs = [p for p in made if p is not None]
    notes = []
    for name, only in ((baseline.words, mine - yours), (candidate.words, yours - mine)):
        told = [k for k in sorted(only) if k.metric not in _ERRORS and _told(k, metrics)]
        if told:
            more = f" and {len(told) - 10} more" if len(told) > 10 else ""
            notes.append(f"only in {name}: {', '.join(in_words(k, frozenset()) for k in told[:10])}{more}")
    return compare(baseline.words, candidate.words, pairs, threshold, notes)


def _read(store: Store, period: Period, step: Step) -> _Stretches:
    """Read a period in stretches, from the first to the last data in it."""
    period = _filled(store, period)
    edges = [
        period.start_ns + (period.end_ns - period.start_ns) * i // STRETCHES for i in range(STRETCHES + 1)
    ]
    edges = sorted({e // SECOND_NS * SECOND_NS for e in edges})
    parts = []
    for i in range(len(edges) - 1):
        step(f"reading {period.words}", i, STRETCHES)
        parts.append(_merged(store.read(TotalQuery(edges[i], edges[i + 1])), period))
    keys = frozenset(k for part in parts for k in part)
    return _Stretches(tuple(parts), (edges[-1] - edges[0]) / 1e9 / max(len(parts), 1), keys)


def _filled(store: Store, period: Period) -> Period:
    """The part of a period that has data, to the second; a young store is no slow one."""

    def has_data(start_ns: int, end_ns: int) -> bool:
        keys = store.read(SeriesQuery(start_ns, end_ns))
        return any(k.get("service") != OWN_SERVICE and _wanted(k, period) for k in keys)

    if not has_data(period.start_ns, period.end_ns):
        return period
    low, high = period.start_ns, period.end_ns
    while high - low > SECOND_NS:
        middle = (low + high) // 2
        low, high = (low, middle) if has_data(period.start_ns, middle) else (middle, high)
    first = low
    low, high = first, period.end_ns
    while high - low > SECOND_NS:
        middle = (low + high) // 2
        low, high = (middle, high) if has_data(middle, period.end_ns) else (low, middle)
    return Period(first, high, period.release)


def _merged(totals: Mapping[SeriesKey, Total], period: Period) -> dict[SeriesKey, Total]:
    """The series by what two periods have in common: over releases, errors of all types together."""
    found: dict[SeriesKey, Total] = {}
    for key, total in totals.items():
        if not _wanted(key, period) or key.get("service") == OWN_SERVICE:
            continue
        hidden = {
            *(RELEASE_ATTRIBUTES if period.release else ("release",)),
            *(("error",) if key.metric in _ERRORS else ()),
        }
        kept = tuple((k, v) for k, v in key.attributes if k not in hidden)
        place = SeriesKey(key.metric, key.kind, key.unit, kept)
        known = found.get(place)
        found[place] = total if known is None else _together(known, total)
    return found


def _together(first: Total, second: Total) -> Total:
    both = [t.histogram for t in (first, second) if t.histogram is not None]
    return Total(Moments.merge(first.moments, second.moments), merge(both) if both else None)


def _told(key: SeriesKey, metrics: Metrics) -> bool:
    return is_essential(key, metrics.get(key.metric), RESOURCE_GROUPS)


def _pair(
    key: SeriesKey,
    first: _Stretches,
    second: _Stretches,
    metrics: Metrics,
    said: Mapping[str, Better],
    rank: int,
) -> Pair | None:
    """The pair of one series; None where it cannot be compared.

    Errors are compared as a share of what they are among, cost and tokens per call: load is not to blame.
    """
    mine, yours = first.keys, second.keys
    both = key in mine and key in yours
    metric = metrics.get(key.metric)
    among = _among(key)
    counted = among is not None and among in mine and among in yours
    own = key.metric.startswith(OWN_METRICS) or key.metric in SUPPORTING
    if own or not (both or (counted and key.metric in _ERRORS)):
        return None
    unit, statistics = key.unit, _statistics(key, metric)
    direction = direction_of(key.metric, key.unit, metrics, said)
    if counted and among is not None:
        statistics = ("per call",)
        unit = "ratio" if key.metric in _ERRORS else unit
        if key.metric == "llm.tokens" and direction.better is Better.NEITHER:
            direction = Direction(Better.LOWER, True)
    elif key.kind is Kind.COUNTER and direction.better is not Better.HIGHER:
        direction = Direction(Better.NEITHER, direction.guessed)  # more load is not worse
    return Pair(
        name=key.metric,
        title=in_words(key, frozenset()),
        unit=unit,
        direction=direction,
        baseline=first.arm(key, among if counted else None),
        candidate=second.arm(key, among if counted else None),
        statistics=statistics,
        rank=rank,
    )


def _among(key: SeriesKey) -> SeriesKey | None:
    """The series whose values a counter's increments belong to."""
    name = _ERRORS.get(key.metric) or (LLM_DURATION if key.metric in _PER_CALL else None)
    if name is None:
        return None
    kept = tuple((k, v) for k, v in key.attributes if k not in ("type", "error"))
    return SeriesKey(name, Kind.HISTOGRAM, "ms", kept)


def _statistics(key: SeriesKey, metric: Metric | None) -> tuple[str, ...]:
    if key.kind is Kind.COUNTER:
        return ("rate",)
    if key.kind is Kind.GAUGE:
        return ("mean",)
    judged = metric.judged_by if metric is not None and metric.judged_by in PROBABILITIES else "p95"
    return ("mean", judged)
