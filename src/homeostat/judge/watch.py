"""The watch: what the rules say of the series, at one moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

from homeostat.core.clock import DAY_NS
from homeostat.core.point import Moments
from homeostat.core.query import Total
from homeostat.core.series import Attributes, SeriesKey
from homeostat.core.target import Severity, Side
from homeostat.core.verdict import State, Verdict
from homeostat.judge.quantity import quantity
from homeostat.judge.target import COUNT_RATE, EVERY_SERIES, Condition, Rule
from homeostat.judge.verdict import Estimate, bad_of, estimate, share_estimate, verdict
from homeostat.stats.sketch import merge
from homeostat.stats.sliding_confidence import sliding_confidence

LOOKED_AT_NS = DAY_NS
"""Over this much looking the verdicts on one subject err with a chance of at most 5%."""

SUBJECTS_MAX = 200
"""Subjects of one rule that are watched at most; the busiest ones."""

Totals = Callable[[str, int], Mapping[SeriesKey, Total]]
"""Gives the series of a metric over the window of a length in ns that ends now."""

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


class _Read:
    """Reads one rule's subjects in each of its windows."""

    def __init__(self, rule: Rule, totals: Totals, seconds: Seconds) -> None:
        self._rule = rule
        self._seconds = seconds
        self._of: dict[int, Grouped] = {}
        self._among: dict[int, Grouped] = {}
        for w in rule.windows_ns:
            names = None
            if rule.among:
                whole = totals(rule.among, w)
                names = frozenset(name for key in whole for name, _ in key.attributes)
                self._among[w] = _grouped(rule, whole)
            self._of[w] = _grouped(rule, totals(rule.metric, w), names)

    def subjects(self) -> list[Attributes]:
        """Return the subjects, the busiest first. Of a part of others, all of those others are."""
        longest = self._rule.windows_ns[-1]
        seen = (self._among or self._of)[longest]
        busiest = sorted(seen, key=lambda a: (-sum(t.moments.count for _, t in seen[a]), a))
        return busiest[:SUBJECTS_MAX]

    def estimate(self, subject: Attributes, window_ns: int, side: Side, confidence: float) -> Estimate:
        rule = self._rule
        parts = self._of[window_ns].get(subject, [])
        if rule.among:
            bad = sum(t.moments.total for _, t in parts)
            n = sum(t.moments.count for _, t in self._among[window_ns].get(subject, []))
            return share_estimate(bad, n, confidence)
        if rule.beyond is not None:
            counts = [bad_of(t, *rule.beyond) for _, t in parts]
            return share_estimate(sum(b for b, _ in counts), sum(n for _, n in counts), confidence)
        seconds = max((self._seconds(service, window_ns) for service, _ in parts), default=window_ns / 1e9)
        merged = together(parts, side) if parts else None
        return estimate(merged, rule.statistic, seconds, confidence)


def observe(rule: Rule, totals: Totals, seconds: Seconds) -> tuple[Observation, ...]:
    """Return what a rule says of each of its subjects now.

    Each verdict rests on an interval wide enough that looking all the time does not make it err: see
    `homeostat.stats.sliding_confidence` and `LOOKED_AT_NS`.
    """
    read = _Read(rule, totals, seconds)
    return tuple(_observation(rule, read, subject) for subject in read.subjects())


def _observation(rule: Rule, read: _Read, subject: Attributes) -> Observation:
    worst: tuple[Condition, Verdict] | None = None
    shown: tuple[Condition, Verdict] | None = None
    clear = True
    for condition in rule.conditions:
        verdicts, cleared = [], False
        for window_ns in condition.windows_ns:
            confidence = confidence_for(window_ns)
            found = read.estimate(subject, window_ns, condition.side, confidence)
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
