"""The comparison: two recordings held against each other, metric by metric, with a verdict on each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from homeostat.core.metric import Better
from homeostat.judge.comparisons.arm import ENOUGH, Arm
from homeostat.judge.comparisons.score import Part, Score, score_of
from homeostat.judge.targets.direction import Direction
from homeostat.judge.words.quantity import count, quantity
from homeostat.stats.effect import Effect, effect
from homeostat.stats.multiplicity import adjusted

THRESHOLD = 0.05
"""The smallest relative change that matters, unless a person says otherwise."""

ALPHA = 0.05
"""The share of the changes told that may be false."""

FURTHER_MAX = 10.0
"""Beyond so many times narrower intervals no number of values is told that would decide."""


class Outcome(StrEnum):
    """What became of a metric; what needs attention first."""

    WORSE = "worse"
    DIFFERENT = "different"
    BETTER = "better"
    UNKNOWN = "not known yet"
    SAME = "no difference that matters"


_ORDER = {outcome: rank for rank, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric in both recordings, and the statistics of it to compare; a low `rank` is told first."""

    name: str
    title: str
    unit: str
    direction: Direction
    baseline: Arm
    candidate: Arm
    statistics: tuple[str, ...]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One statistic of a metric in both recordings.

    `change` is relative to the baseline (0.1 is 10% more), with its 95% interval; None where it is not
    known, and infinite from a baseline of zero. `p_adjusted` is after Benjamini and Hochberg over all that
    was compared. `needs` is about how many more values each recording would need.
    """

    name: str
    title: str
    statistic: str
    unit: str
    better: Better
    guessed: bool
    n_baseline: int
    n_candidate: int
    baseline: float | None
    candidate: float | None
    baseline_words: str
    candidate_words: str
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    change_words: str
    p_value: float | None
    p_adjusted: float | None
    outcome: Outcome
    needs: int | None
    words: str
    rank: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics that both recordings have, those that need attention first."""

    baseline: str
    candidate: str
    threshold: float
    alpha: float
    rows: tuple[Compared, ...]
    score: Score
    words: str
    notes: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Whether something is proven to be worse."""
        return any(row.outcome is Outcome.WORSE for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change relative to the baseline."""

    value: float
    low: float
    high: float


def compare(
    baseline: str,
    candidate: str,
    pairs: Sequence[Pair],
    threshold: float = THRESHOLD,
    notes: Sequence[str] = (),
    alpha: float = ALPHA,
) -> Comparison:
    """Compare the pairs; `baseline` and `candidate` name the two recordings in words.

    *Worse* or *better*: a difference is proven (of all that is called so over all metrics, a share of at
    most `alpha` is false on average) and is estimated to be at least `threshold`, relative to the baseline.
    *No difference that matters*: the whole 95% interval lies within the threshold. *Not known yet*: neither.

    Guarantee: two recordings of the same thing are called different with a probability of at most about
    `alpha` in all, also where neighbouring values depend on each other (`homeostat.stats.effect`).
    Does not hold where one looks again and again until something is proven, nor for recordings that differ
    in more than what is to be compared, such as the time of day.
    """
    asked = [(pair, statistic) for pair in pairs for statistic in pair.statistics]
    effects = [_effect(pair, statistic) for pair, statistic in asked]
    known = [i for i, e in enumerate(effects) if e is not None]
    told = adjusted([e.p_value for e in effects if e is not None])
    p_adjusted = dict(zip(known, told, strict=True))
    rows = [
        _compared(pair, statistic, found, p_adjusted.get(i), threshold, alpha)
        for i, ((pair, statistic), found) in enumerate(zip(asked, effects, strict=True))
    ]
    rows.sort(key=lambda r: (_ORDER[r.outcome], r.rank, -_size(r.change), r.title, r.statistic))
    score = score_of([_part(r) for r in rows])
    words = summary(rows, threshold)
    return Comparison(baseline, candidate, threshold, alpha, tuple(rows), score, words, tuple(notes))


def _size(change: float | None) -> float:
    return abs(change) if change is not None else 0.0


def _effect(pair: Pair, statistic: str) -> Effect | None:
    first, second = pair.baseline.estimate(statistic), pair.candidate.estimate(statistic)
    return effect(first, second) if first is not None and second is not None else None


def _change(found: Effect, spread: float) -> _Change:
    """The change relative to the baseline; values on both sides of zero are held against their spread."""
    if found.ratio is not None and found.ratio_interval is not None and not spread:
        return _Change(found.ratio - 1, found.ratio_interval.low - 1, found.ratio_interval.high - 1)
    scale = spread or abs(found.baseline.value)
    between = found.difference_interval
    return _Change(*(_over(v, scale) for v in (found.difference, between.low, between.high)))


def _over(value: float, scale: float) -> float:
    if scale > 0:
        return value / scale
    return math.copysign(math.inf, value) if value else 0.0


def _compared(
    pair: Pair, statistic: str, found: Effect | None, p: float | None, threshold: float, alpha: float
) -> Compared:
    n = (pair.baseline.n, pair.candidate.n)
    unit = f"{pair.unit}/s" if statistic == "rate" else pair.unit
    better = pair.direction.better
    if found is None or p is None:
        change, outcome = None, Outcome.UNKNOWN
        needs = ENOUGH - min(n) if min(n) < ENOUGH else None
        words = "not known yet: " + (
            f"needs {count(needs)} more values"
            if needs is not None
            else "too few independent values: its level wanders, or the recording is too short"
        )
    else:
        change = _change(found, pair.baseline.spread)
        outcome = _outcome(change, p, better, threshold, alpha)
        needs = (
            _needs(change, min(n), threshold, found.p_value, p, alpha) if outcome is Outcome.UNKNOWN else None
        )
        words = _words(outcome, change, needs, threshold, relative=not pair.baseline.spread)
    return Compared(
        name=pair.name,
        title=pair.title,
        statistic=statistic,
        unit=unit,
        better=better,
        guessed=pair.direction.guessed,
        n_baseline=n[0],
        n_candidate=n[1],
        baseline=found.baseline.value if found else None,
        candidate=found.candidate.value if found else None,
        baseline_words=quantity(found.baseline.value if found else None, unit),
        candidate_words=quantity(found.candidate.value if found else None, unit),
        difference=found.difference if found else None,
        difference_low=found.difference_interval.low if found else None,
        difference_high=found.difference_interval.high if found else None,
        change=change.value if change else None,
        change_low=change.low if change else None,
        change_high=change.high if change else None,
        change_words=change_words(change.value, change.low, change.high) if change else "not known",
        p_value=found.p_value if found else None,
        p_adjusted=p,
        outcome=outcome,
        needs=needs,
        words=words,
        rank=pair.rank,
    )


def _outcome(change: _Change, p: float, better: Better, threshold: float, alpha: float) -> Outcome:
    if p <= alpha and abs(change.value) >= threshold and change.value != 0:
        if better is Better.NEITHER:
            return Outcome.DIFFERENT
        return Outcome.WORSE if (change.value > 0) == (better is Better.LOWER) else Outcome.BETTER
    if -threshold <= change.low and change.high <= threshold:
        return Outcome.SAME
    return Outcome.UNKNOWN


def _needs(
    change: _Change, n: int, threshold: float, p: float, p_adjusted: float, alpha: float
) -> int | None:
    """About how many more values decide, were the estimate right: intervals narrow with the root of n."""
    if abs(change.value) >= threshold:
        if p >= 1.0 or p <= 0.0:
            return None
        normal = NormalDist()
        factor = normal.inv_cdf(1 - alpha * p / p_adjusted / 2) / normal.inv_cdf(1 - p / 2)
    else:
        factor = (change.high - change.low) / 2 / (threshold - abs(change.value))
    if not factor < FURTHER_MAX:
        return None
    more = max(1, math.ceil(n * (factor * factor - 1.0)))
    return more if more < 10 else int(float(f"{more:.1e}"))


def percent(change: float) -> str:
    """Return a change in words.

    >>> percent(0.123), percent(-0.0512), percent(1.5), percent(math.inf), percent(0.0)
    ('+12.3%', '-5.12%', '+150%', 'from 0', '0%')
    """
    if not math.isfinite(change):
        return "from 0"
    if change == 0:
        return "0%"
    return ("+" if change > 0 else "") + quantity(change, "ratio")


def change_words(value: float, low: float, high: float) -> str:
    """Return a change with its interval in words.

    >>> change_words(0.1, 0.05, 0.15)
    '+10% [+5%, +15%]'
    """
    if not math.isfinite(value):
        return "from 0"
    return f"{percent(value)} [{percent(low)}, {percent(high)}]"


def _words(outcome: Outcome, change: _Change, needs: int | None, threshold: float, relative: bool) -> str:
    of = "" if relative else " of its standard deviation"
    if outcome is Outcome.SAME:
        return f"no difference that matters: within {quantity(threshold, 'ratio')}{of}"
    if outcome is Outcome.UNKNOWN:
        more = f"needs about {count(needs)} more values each" if needs else "too close to tell"
        return f"not known yet: {more}"
    if not math.isfinite(change.value):
        return f"{outcome.value}: it was 0 before"
    surely = min(abs(change.low), abs(change.high)) if change.low * change.high > 0 else 0.0
    if surely > threshold > 0:
        return f"{outcome.value}, surely by more than {quantity(threshold, 'ratio')}{of}"
    return f"{outcome.value}, by {quantity(abs(change.value), 'ratio')}{of}" if of else outcome.value


def _part(row: Compared) -> Part:
    """What a row adds to the score: its ratio if that is proven, else nothing."""
    ratio = None
    if row.outcome in (Outcome.WORSE, Outcome.BETTER) and row.baseline and row.candidate:
        ratio = row.candidate / row.baseline if row.candidate / row.baseline > 0 else None
    if ratio is not None and row.better is Better.LOWER:
        ratio = 1 / ratio
    return Part(
        row.name, f"{row.title} {row.statistic}", row.better is not Better.NEITHER, ratio, row.outcome.value
    )


def summary(rows: Sequence[Compared], threshold: float) -> str:
    """Return the comparison in one sentence."""
    if not rows:
        return "The two have no metric in common, so there is nothing to compare."
    said = []
    for outcome in Outcome:
        group = [r for r in rows if r.outcome is outcome]
        if not group:
            continue
        shown = ""
        if outcome in (Outcome.WORSE, Outcome.DIFFERENT, Outcome.BETTER):
            shown = f" ({group[0].title} {group[0].statistic} {group[0].change_words}"
            shown += f", and {len(group) - 1} more)" if len(group) > 1 else ")"
        said.append(f"{count(len(group))} {outcome.value}{shown}")
    least = f"; a change below {quantity(threshold, 'ratio')} does not matter" if threshold else ""
    return f"Of {count(len(rows))} statistics compared: {_and(said)}{least}."


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
