"""The watch: what the rules say of the series, at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import DAY_NS
from homeostat.core.point import Moments
from homeostat.core.query import Frame, Total
from homeostat.core.series import Attributes, SeriesKey
from homeostat.core.target import Severity, Side
from homeostat.core.verdict import State, Verdict
from homeostat.judge.targets.statistic import EXACT
from homeostat.judge.targets.target import COUNT_RATE, EVERY_SERIES, Condition, Rule
from homeostat.judge.targets.verdict import Estimate, bad_of, estimate, share_estimate, verdict
from homeostat.judge.words.quantity import quantity
from homeostat.stats.batch_inflation import mean_inflation, total_inflation
from homeostat.stats.sketch import merge
from homeostat.stats.sliding_confidence import sliding_confidence

Floats = NDArray[np.float64]

LOOKED_AT_NS = DAY_NS
"""Over this much looking the verdicts on one subject err with a chance of at most 5%."""

SUBJECTS_MAX = 200
"""Subjects of one rule that are watched at most; the busiest ones."""

Totals = Callable[[str, int], Mapping[SeriesKey, Total]]
"""Gives the series of a metric over the window of a length in ns that ends now."""

Frames = Callable[[str, int], Mapping[SeriesKey, Frame]]
"""Gives the same series over the same window in some tens of buckets of time."""

Seconds = Callable[[str, int], float]
"""Gives how many seconds of a window a service was observed for."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one rule says of one subject: a set of series that share the attributes of its `by`.

    `level` is the severity of the violation, None where there is none or it is not known. `clear` says that
    every condition is within its bound, far enough for an alert to end.
    """

    rule: Rule
    subject: str
    attributes: Attributes
    level: Severity | None
    clear: bool
    condition: Condition
    verdict: Verdict

    @property
    def key(self) -> str:
        """What identifies the alert that this is about."""
        return f"{self.rule.name}|{self.subject}"

    @property
    def words(self) -> str:
        """The verdict as one says it."""
        return words_of(self)


def confidence_for(window_ns: int) -> float:
    """Return the confidence of one look at a window that is looked at all the time."""
    return sliding_confidence(max(1.0, LOOKED_AT_NS / window_ns))


def subject_of(attributes: Attributes) -> str:
    """Return attributes in words; empty for all series together.

    >>> subject_of((("model", "m"), ("service", "web")))
    'model=m, service=web'
    """
    return ", ".join(f"{k}={v}" for k, v in attributes if v)


Grouped = dict[Attributes, list[tuple[str, Total]]]


def _attributes(rule: Rule, key: SeriesKey, names: frozenset[str] | None) -> Attributes:
    if rule.by == EVERY_SERIES:
        return tuple((k, v) for k, v in key.attributes if names is None or k in names)
    return tuple((name, key.get(name)) for name in rule.by)


def _grouped(rule: Rule, totals: Mapping[SeriesKey, Total], names: frozenset[str] | None = None) -> Grouped:
    """Return the series by subject; only attributes with these names tell subjects apart."""
    wanted = dict(rule.where)
    found: Grouped = {}
    for key, total in totals.items():
        if total.moments.count and key.matches(wanted):
            found.setdefault(_attributes(rule, key, names), []).append((key.get("service"), total))
    return found


def together(parts: list[tuple[str, Total]], side: Side) -> Total:
    """Return series merged into one; of levels, `last` is the worst of them."""
    totals = [total for _, total in parts]
    if len(totals) == 1:
        return totals[0]
    moments = reduce(Moments.merge, (t.moments for t in totals))
    worst = (max if side.below else min)(t.moments.last for t in totals)
    histograms = [t.histogram for t in totals if t.histogram is not None]
    return Total(
        Moments(moments.count, moments.mean, moments.m2, moments.minimum, moments.maximum, worst),
        merge(histograms) if len(histograms) == len(totals) else None,
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Where the watch reads: the totals and (only for what seems violated) the frames of windows."""

    totals: Totals
    frames: Frames
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Batches:
    """The values of several series in equal stretches of time, those without any included."""

    count: Floats
    mean: Floats


def batches_of(frames: list[Frame]) -> Batches:
    """Return the buckets of frames of one width together, from the first that has values to the last."""
    starts = np.unique(np.concatenate([f.start_ns for f in frames]))
    width = int(np.diff(starts).min()) if starts.size > 1 else 1
    slots = int((starts[-1] - starts[0]) // width) + 1
    count, total = np.zeros(slots), np.zeros(slots)
    for frame in frames:
        at = (frame.start_ns - starts[0]) // width
        np.add.at(count, at, frame.count)
        np.add.at(total, at, frame.mean * frame.count)
    return Batches(count, np.divide(total, count, out=np.zeros(slots), where=count > 0))


class _Read:
    """Reads one rule's subjects in each of its windows."""

    def __init__(self, rule: Rule, source: Source) -> None:
        self._rule = rule
        self._source = source
        totals = source.totals
        self._of: dict[int, Grouped] = {}
        self._among: dict[int, Grouped] = {}
        for w in rule.windows_ns:
            names = None
            if rule.among:
                whole = totals(rule.among, w)
                names = frozenset(name for key in whole for name, _ in key.attributes)
                self._among[w] = _grouped(rule, whole)
            self._names = names
            self._of[w] = _grouped(rule, totals(rule.metric, w), names)

    def subjects(self) -> list[Attributes]:
        """Return the subjects, the busiest first. Of a part of others, all of those others are."""
        longest = self._rule.windows_ns[-1]
        seen = (self._among or self._of)[longest]
        busiest = sorted(seen, key=lambda a: (-sum(t.moments.count for _, t in seen[a]), a))
        return busiest[:SUBJECTS_MAX]

    def inflation(self, subject: Attributes, window_ns: int) -> float:
        """Return how many of a subject's values are worth one, since values that come together are alike."""
        rule = self._rule
        wanted = dict(rule.where)
        frames = [
            frame
            for key, frame in self._source.frames(rule.metric, window_ns).items()
            if key.matches(wanted) and _attributes(rule, key, self._names) == subject
        ]
        if not frames or rule.statistic in EXACT:
            return 1.0
        batches = batches_of(frames)
        merged = together(self._of[window_ns].get(subject, []), Side.BELOW).moments
        if rule.statistic == COUNT_RATE:
            return total_inflation(batches.count, float(merged.count))
        if rule.statistic == "rate" or rule.among:
            squares = merged.m2 + merged.mean * merged.mean * merged.count
            return total_inflation(batches.count * batches.mean, squares)
        return mean_inflation(batches.count, batches.mean, merged.variance)

    def estimate(
        self, subject: Attributes, window_ns: int, side: Side, confidence: float, inflation: float
    ) -> Estimate:
        rule = self._rule
        parts = self._of[window_ns].get(subject, [])
        if rule.among:
            bad = sum(t.moments.total for _, t in parts)
            n = sum(t.moments.count for _, t in self._among[window_ns].get(subject, []))
            return share_estimate(bad, n, confidence, inflation)
        if rule.beyond is not None:
            counts = [bad_of(t, *rule.beyond) for _, t in parts]
            return share_estimate(sum(b for b, _ in counts), sum(n for _, n in counts), confidence, inflation)
        seconds = max(
            (self._source.seconds(service, window_ns) for service, _ in parts), default=window_ns / 1e9
        )
        merged = together(parts, side) if parts else None
        return estimate(merged, rule.statistic, seconds, confidence, inflation)


def observe(rule: Rule, source: Source) -> tuple[Observation, ...]:
    """Return what a rule says of each of its subjects now.

    Each verdict rests on an interval wide enough that looking all the time does not make it err: see
    `homeostat.stats.sliding_confidence` and `LOOKED_AT_NS`. What seems violated is looked at again with the
    interval widened for values that come together and are alike (`homeostat.stats.batch_inflation`).
    """
    read = _Read(rule, source)
    found = []
    for subject in read.subjects():
        observation = _observation(rule, read, subject, independent=True)
        if observation.verdict.state is State.VIOLATED:
            observation = _observation(rule, read, subject, independent=False)
        found.append(observation)
    return tuple(found)


def _observation(rule: Rule, read: _Read, subject: Attributes, independent: bool) -> Observation:
    worst: tuple[Condition, Verdict] | None = None
    shown: tuple[Condition, Verdict] | None = None
    clear = True
    for condition in rule.conditions:
        verdicts, cleared = [], False
        for window_ns in condition.windows_ns:
            confidence = confidence_for(window_ns)
            inflation = 1.0 if independent else read.inflation(subject, window_ns)
            found = read.estimate(subject, window_ns, condition.side, confidence, inflation)
            verdicts.append(verdict(found, condition.side, condition.bound, rule.unit, confidence))
            back = verdict(found, condition.side, condition.clear_bound, rule.unit, confidence)
            cleared |= back.state is State.WITHIN
        clear &= cleared
        if shown is None or (shown[1].state is not State.VIOLATED and verdicts[0].state is State.VIOLATED):
            shown = (condition, verdicts[0])
        violated = all(v.state is State.VIOLATED for v in verdicts)
        if violated and (worst is None or condition.severity.rank > worst[0].severity.rank):
            worst = (condition, verdicts[0])
    assert shown is not None
    condition, told = worst or shown
    level = condition.severity if worst is not None else None
    return Observation(rule, subject_of(subject), subject, level, clear and worst is None, condition, told)


def words_of(seen: Observation) -> str:
    """Return an observation as one says it, such as 'p95 is 412 ms (limit < 200 ms), violated'."""
    unit = seen.rule.unit
    found = seen.verdict
    name = "share" if seen.rule.statistic == "share" else seen.rule.statistic
    name = "rate" if name == COUNT_RATE else name
    value = quantity(found.value, unit)
    return f"{name} is {value} (limit {seen.condition.side} {quantity(seen.condition.bound, unit)})"
