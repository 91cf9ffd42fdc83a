"""The meter: what requests came to lately under the configuration in force, held against targets."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.act.controller import Judged, Line, Reading
from homeostat.act.controllers.capacity import LOAD
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.objective import Measure, Summary
from homeostat.core.plant import TREATMENT, Outcomes
from homeostat.core.point import Moments
from homeostat.core.query import Total
from homeostat.core.target import Target
from homeostat.core.verdict import State
from homeostat.judge.targets.target_language import write
from homeostat.judge.targets.verdict import Estimate, estimate, verdict
from homeostat.judge.words.amount import convert
from homeostat.loop.sight.noticing import Noticing
from homeostat.stats.batch_inflation import mean_inflation
from homeostat.stats.rate_interval import rate_interval
from homeostat.stats.sketch import merge, sketch
from homeostat.stats.sliding_confidence import sliding_confidence

Floats = NDArray[np.float64]

UNITS = {"duration": "ms", "cost": "USD", "tokens": "tokens", "errors": "ratio", "throughput": "/s"}
"""Units of the measures that every request has; those of the application are plain numbers."""

DEFAULT_WINDOW_NS = 600 * SECOND_NS
SLICES = 60
CONFIDENCE = 0.95
REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class _Slice:
    """What one short stretch of time held."""

    start_ns: int
    totals: dict[str, Total]
    requests: int


class Meter:
    """Sums up outcomes by slices of time; forgets what is older than its longest window.

    Rows of treatments are left out of all but the load: a trial has its own books. Call `restart` when the
    configuration in force changes, since what was measured before tells nothing about it.
    """

    def __init__(self, targets: Iterable[Target], measures: Iterable[Measure]) -> None:
        self._targets = tuple(
            (write(t), t, _window_ns(t), sliding_confidence(DAY_NS / _window_ns(t))) for t in targets
        )
        self._measures = tuple(measures)
        longest_ns = max((window_ns for _, _, window_ns, _ in self._targets), default=DEFAULT_WINDOW_NS)
        self._window_ns = max(longest_ns, DEFAULT_WINDOW_NS)
        shortest_ns = min((window_ns for _, _, window_ns, _ in self._targets), default=DEFAULT_WINDOW_NS)
        self._slice_ns = max(shortest_ns // SLICES, SECOND_NS)
        self._slices: deque[_Slice] = deque()
        self._since: dict[str, tuple[State, int]] = {}
        self._began_ns = 0
        self._merged: dict[tuple[str, int], tuple[Total | None, float]] = {}
        self._looked_ns = -1
        self._judged: tuple[Judged, ...] = ()
        self.noticing = Noticing(self._measures)
        self._readings: dict[str, Reading] = {}

    def restart(self, now_ns: int) -> None:
        """Forget what was measured: from now on the application runs otherwise."""
        self._slices.clear()
        self._began_ns = now_ns
        self._looked_ns = -1
        self.noticing.restart()

    def observe(self, outcomes: Outcomes, now_ns: int) -> None:
        """Take in what ended since the last restart: all as load, else the rows that are no treatment."""
        ended = outcomes.ended_ns >= self._began_ns
        if not ended.any():
            return
        counted = ended.copy()
        for arm in outcomes.arms.values():
            counted &= arm != TREATMENT
        totals = {}
        requests = 0
        for name, column in outcomes.values.items():
            values = column[counted]
            values = values[np.isfinite(values)]
            if values.size:
                totals[name] = _total(values)
            if name == "duration":
                requests = int(np.count_nonzero(np.isfinite(column[ended])))
        start_ns = now_ns - now_ns % self._slice_ns
        if self._slices and self._slices[-1].start_ns == start_ns:
            last = self._slices.pop()
            totals, requests = _together(last.totals, totals), requests + last.requests
        elif self._slices:
            last = self._slices[-1]
            for name, total in last.totals.items():
                self.noticing.take(name, total.moments.mean, last.start_ns, now_ns)
        self._slices.append(_Slice(start_ns, totals, requests))
        while self._slices[0].start_ns < now_ns - self._window_ns:
            self._slices.popleft()

    def load_per_s(self, now_ns: int, window_ns: int = 60 * SECOND_NS) -> float:
        """Return requests a second lately."""
        seen = [s for s in self._slices if s.start_ns > now_ns - window_ns]
        return sum(s.requests for s in seen) / self._seconds(now_ns, window_ns) if seen else 0.0

    def lines(self) -> dict[str, Line]:
        """Return how load and the means of measures went, a value a slice of time; NaN where none ended."""
        if not self._slices:
            return {}
        first, last = self._slices[0].start_ns, self._slices[-1].start_ns
        size = (last - first) // self._slice_ns + 1
        at = [(part.start_ns - first) // self._slice_ns for part in self._slices]
        names = {name for part in self._slices for name in part.totals}
        found = {LOAD: np.zeros(size), **{name: np.full(size, np.nan) for name in names}}
        for index, part in zip(at, self._slices, strict=True):
            found[LOAD][index] = part.requests * SECOND_NS / self._slice_ns
            for name, total in part.totals.items():
                found[name][index] = total.moments.mean
        end_ns = last + self._slice_ns
        return {name: Line(values, self._slice_ns, end_ns) for name, values in found.items()}

    def readings(self, now_ns: int) -> dict[str, Reading]:
        """Return each measure over the last ten minutes with a 95% interval for one look."""
        self._look(now_ns)
        return self._readings

    def judged(self, now_ns: int) -> tuple[Judged, ...]:
        """Return the verdict on each target, at a confidence that holds while someone looks all day."""
        self._look(now_ns)
        return self._judged

    def _look(self, now_ns: int) -> None:
        """Work out verdicts and readings anew, once a slice of time."""
        if now_ns - now_ns % self._slice_ns == self._looked_ns:
            return
        self._looked_ns = now_ns - now_ns % self._slice_ns
        self._merged.clear()
        self._readings = self._read(now_ns)
        self._judged = self._judge(now_ns)

    def _read(self, now_ns: int) -> dict[str, Reading]:
        found = {}
        for measure in self._measures:
            got = self._estimate(measure.name, _statistic(measure), DEFAULT_WINDOW_NS, now_ns, CONFIDENCE)
            if got.n:
                found[measure.words] = Reading(got.value, got.interval, got.n)
        return found

    def _judge(self, now_ns: int) -> tuple[Judged, ...]:
        found = []
        for text, target, window_ns, confidence in self._targets:
            name = target.reading.metric or "duration"
            unit = UNITS.get(name, target.bound.unit)
            statistic = "rate" if name == REQUESTS else target.reading.statistic
            if statistic == "rate" and name == "errors":
                statistic = "mean"
            got = self._estimate(name, statistic, window_ns, now_ns, confidence)
            bound = convert(target.bound, "/s" if name == REQUESTS else unit)
            told = verdict(got, target.side, bound, unit, CONFIDENCE)
            state, since_ns = self._since.get(text, (told.state, now_ns))
            if state is not told.state:
                since_ns = now_ns
            self._since[text] = (told.state, since_ns)
            found.append(Judged(text, f"{statistic} of {name}", told, since_ns))
        return tuple(found)

    def _seconds(self, now_ns: int, window_ns: int) -> float:
        return max(min(window_ns, now_ns - self._began_ns), SECOND_NS) / 1e9

    def _window_total(self, name: str, window_ns: int, now_ns: int) -> tuple[Total | None, float]:
        """Return a measure over a window, and by how much its dependence in time widens what is known."""
        key = (name, window_ns)
        if key not in self._merged:
            parts = [
                s.totals[name] for s in self._slices if s.start_ns > now_ns - window_ns and name in s.totals
            ]
            self._merged[key] = _merged(parts) if parts else (None, 1.0)
        return self._merged[key]

    def _estimate(
        self, name: str, statistic: str, window_ns: int, now_ns: int, confidence: float
    ) -> Estimate:
        seconds = self._seconds(now_ns, window_ns)
        if name in (REQUESTS, "throughput"):
            n = sum(s.requests for s in self._slices if s.start_ns > now_ns - window_ns)
            return Estimate(n / seconds, rate_interval(n, seconds, confidence), n, "score interval")
        total, inflation = self._window_total(name, window_ns, now_ns)
        return estimate(total, statistic, seconds, confidence, inflation)


def slack_of(judged: Sequence[Judged]) -> float | None:
    """Return how far the nearest target is from its bound, relative to it; None unless all hold."""
    room = []
    for one in judged:
        verdict = one.verdict
        if verdict.state is not State.WITHIN or verdict.value is None or not verdict.bound:
            return None
        room.append(abs(verdict.bound - verdict.value) / abs(verdict.bound))
    return min(room, default=None)


def _window_ns(target: Target) -> int:
    return target.windows_ns[0] if target.windows_ns else DEFAULT_WINDOW_NS


def _statistic(measure: Measure) -> str:
    return "mean" if measure.summary is Summary.SHARE else measure.summary.value


def _total(values: Floats) -> Total:
    mean = float(values.mean())
    m2 = float(((values - mean) ** 2).sum())
    moments = Moments(int(values.size), mean, m2, float(values.min()), float(values.max()), float(values[-1]))
    return Total(moments, sketch(values))


def _merged(parts: list[Total]) -> tuple[Total, float]:
    """Return all parts as one, and the inflation of its mean."""
    count = np.array([p.moments.count for p in parts], dtype=np.float64)
    mean = np.array([p.moments.mean for p in parts])
    n = float(count.sum())
    centre = float((count * mean).sum()) / n
    m2 = sum(p.moments.m2 for p in parts) + float((count * (mean - centre) ** 2).sum())
    moments = Moments(
        int(n),
        centre,
        m2,
        min(p.moments.minimum for p in parts),
        max(p.moments.maximum for p in parts),
        parts[-1].moments.last,
    )
    histogram = merge([p.histogram for p in parts if p.histogram is not None])
    return Total(moments, histogram), mean_inflation(count, mean, moments.variance)


def _together(one: dict[str, Total], other: dict[str, Total]) -> dict[str, Total]:
    found = {**one, **other}
    for name in one.keys() & other.keys():
        a, b = one[name], other[name]
        histograms = [h for h in (a.histogram, b.histogram) if h is not None]
        found[name] = Total(a.moments.merge(b.moments), merge(histograms))
    return found
