"""The subject: one metric over one recording, as a line evenly spaced in time, whatever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.metric import Better, Kind, Metric
from homeostat.core.query import Frame, Total
from homeostat.core.series import SeriesKey
from homeostat.judge.tabular.moment import Origin
from homeostat.judge.tabular.readings import Readings
from homeostat.judge.targets.direction import direction_of
from homeostat.judge.targets.limit import Judgement, judge, limit_words
from homeostat.judge.targets.statistic import Statistic, statistic
from homeostat.judge.views.candidate import Candidate, precedence
from homeostat.judge.views.sentence import in_words
from homeostat.judge.views.window import Window, held, line_of
from homeostat.stats.effect import ratio_of_sums
from homeostat.stats.sketch import quantiles

Floats = NDArray[np.float64]

LINE_MAX = 4_000
"""Points of a line at most: what follows reads them all."""

EVENT_POINTS = 500
"""Points of the line of what comes at uneven times, at most."""

EVENT_POINTS_MIN = 40
FILLED = 0.9

_EVEN = 0.12
"""Months are even: 28 to 31 days."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One metric over one recording.

    `line` holds its statistic over time (of a file: the mean), `step_ns` apart from `start_ns` on, NaN in
    gaps. `shown` is that statistic over the whole, `judgement` how it stands to its limit. A low `rank` is
    told first.
    """

    name: str
    title: str
    unit: str
    better: Better
    guessed: bool
    n: int
    shown: Statistic
    judgement: Judgement
    limit_words: str
    target: float | None
    origin: Origin
    start_ns: int
    step_ns: int
    line: Floats
    mean: float
    p50: float
    p95: float
    p99: float
    minimum: float
    maximum: float
    essential: bool = True
    rank: int = 0

    @property
    def step_s(self) -> float:
        """Seconds between two points."""
        return self.step_ns / 1e9


def subject_of_readings(
    readings: Readings,
    metrics: Mapping[str, Metric] | None = None,
    said: Mapping[str, Better] | None = None,
) -> Subject:
    """Return the subject of one series of a file. The catalogue's limits hold for metrics of its names."""
    direction = direction_of(readings.name, readings.unit, metrics, said)
    metric = metrics.get(readings.name) if metrics else None
    moments = readings.moments
    found = ratio_of_sums(readings.means, np.ones(readings.means.size))
    shown = Statistic(
        "mean",
        moments.mean,
        readings.unit,
        found.interval if found is not None else None,
        "t-interval, widened for autocorrelation",
        max(0, 30 - moments.count),
    )
    if metric is not None and metric.kind is Kind.HISTOGRAM:
        shown = statistic(Total(moments, readings.histogram), metric.judged_by, readings.unit, 0.0)
    start_ns, step_ns, line = evenly(readings)
    p50, p95, p99 = (
        float(v) for v in quantiles(readings.histogram, (0.5, 0.95, 0.99), moments.minimum, moments.maximum)
    )
    return Subject(
        name=readings.name,
        title=readings.title,
        unit=readings.unit,
        better=direction.better,
        guessed=direction.guessed,
        n=moments.count,
        shown=shown,
        judgement=judge(shown, moments.count, metric),
        limit_words=limit_words(metric, readings.unit) if metric is not None else "",
        target=metric.target if metric is not None else None,
        origin=readings.origin,
        start_ns=start_ns,
        step_ns=step_ns,
        line=line,
        mean=moments.mean,
        p50=p50,
        p95=p95,
        p99=p99,
        minimum=moments.minimum,
        maximum=moments.maximum,
    )


def evenly(readings: Readings) -> tuple[int, int, Floats]:
    """Return start, step and values of a line: samples that are evenly spaced, else means by time."""
    times, values = readings.times_ns, readings.means
    if times.size < 2 or times[-1] <= times[0]:
        return int(times[0]) if times.size else 0, 1_000_000_000, values[:LINE_MAX]
    steps = np.diff(times)
    usual = int(np.median(steps))
    span = int(times[-1] - times[0])
    even = usual > 0 and float(np.mean(np.abs(steps - usual) <= _EVEN * usual)) > 0.9
    if even and span // usual < 4 * times.size:
        whole = abs(span / usual - times.size + 1) <= 0.05 * times.size  # months differ, none is missing
        apart = span / (times.size - 1) if whole else float(usual)
        step_ns = round(apart) * -(-(round(span / apart) + 1) // LINE_MAX)
        slots = ((times - times[0] + round(apart) // 2) // step_ns).astype(np.int64)
    else:
        step_ns = _event_step_ns(times, span)
        slots = ((times - times[0]) // step_ns).astype(np.int64)
    counts = np.bincount(slots)
    sums = np.bincount(slots, weights=values)
    line = np.full(counts.size, np.nan)
    line[counts > 0] = sums[counts > 0] / counts[counts > 0]
    return int(times[0]), step_ns, line


def _event_step_ns(times: NDArray[np.int64], span: int) -> int:
    """The width of slots for events: as fine as leaves few of them empty, however the events crowd."""
    slots = min(EVENT_POINTS, max(times.size // 4, 8))
    while slots > EVENT_POINTS_MIN:
        step_ns = max(-(-span // slots), 1)
        if np.unique((times - times[0]) // step_ns).size >= FILLED * slots:
            break
        slots //= 2
    return max(-(-span // slots), 1)


def subject_of_candidate(
    candidate: Candidate, frame: Frame | None, window: Window, rank: int = 0, points_max: int = LINE_MAX
) -> Subject:
    """Return the subject of one series of a store, with a line of at most so many points."""
    key, shown, metric, moments = (
        candidate.key,
        candidate.statistic,
        candidate.metric,
        candidate.total.moments,
    )
    buckets = window.buckets
    points: tuple[float | None, ...] = ()
    if frame is not None and frame.start_ns.size:
        points = line_of(frame, shown.name, window, points_max)
        if key.kind is Kind.GAUGE:
            points = held(points)
    histogram = candidate.total.histogram
    levels = [np.nan] * 3
    if histogram is not None:
        levels = quantiles(histogram, (0.5, 0.95, 0.99), moments.minimum, moments.maximum).tolist()
    return Subject(
        name=key.metric,
        title=in_words(key, frozenset()),
        unit=shown.unit,
        better=metric.better if metric is not None else direction_of(key.metric, key.unit).better,
        guessed=metric is None,
        n=moments.count,
        shown=shown,
        judgement=candidate.judgement,
        limit_words=limit_words(metric, shown.unit) if metric is not None else "",
        target=metric.target if metric is not None else None,
        origin="epoch",
        start_ns=window.start_ns,
        step_ns=window.level_ns * -(-buckets // points_max),
        line=_trimmed(points),
        mean=moments.mean,
        p50=levels[0],
        p95=levels[1],
        p99=levels[2],
        minimum=moments.minimum,
        maximum=moments.maximum,
        essential=candidate.essential,
        rank=rank,
    )


def rank_of(key: SeriesKey) -> int:
    """Return how early a series is told, as one number."""
    stages, first = precedence(key)
    return 10 * stages + first


def _trimmed(points: tuple[float | None, ...]) -> Floats:
    """The points as an array; what has not arrived at the end is cut off."""
    line = np.array([np.nan if p is None else p for p in points], dtype=np.float64)
    known = np.flatnonzero(np.isfinite(line))
    return line[: known[-1] + 1] if known.size else line[:0]
