"""The categories: the limits of the catalogue by what they are about, and a score that shows its make-up."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from homeostat.core.metric import Better, Metric
from homeostat.judge.targets.limit import State, limit_words
from homeostat.judge.targets.statistic import Statistic
from homeostat.judge.views.candidate import Candidate
from homeostat.judge.words.quantity import bounds, counted, quantity


@dataclass(frozen=True, slots=True)
class Category:
    """What some groups of the catalogue have in common, as a person asks for it."""

    name: str
    title: str
    asks: str
    groups: tuple[str, ...]


CATEGORIES = (
    Category(
        "computing",
        "Computing",
        "Is it fast enough, and does the machine cope?",
        (
            *("operations", "llm", "load", "cpu", "memory", "storage", "network", "gpu", "scheduling"),
            *("homeostat", "limits", "prompts", "batches", "cache", "tools", "pools", "jobs", "embedders"),
        ),
    ),
    Category("pipeline", "Pipeline", "Do dreams come in time, and enough of them?", ("dreams",)),
    Category("experience", "Experience", "Is what people are given good?", ("quality",)),
    Category(
        "personalisation",
        "Personalisation",
        "Does it fit the person, and is the person remembered?",
        ("personal", "companion"),
    ),
    Category("safety", "Safety", "Is nobody harmed by what is said?", ("safety",)),
    Category("security", "Security", "Is what people entrust kept safe?", ("security",)),
    Category("integration", "Integration", "Do the parts tell each other, and agree?", ("integration",)),
    Category(
        "user-experience", "User experience", "What do people say, and do they come back?", ("experience",)
    ),
)
"""All categories, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class CategoryLimit:
    """One limit of the catalogue over all series of its metric: broken if it is in one of them.

    `words` say how it stands, of what is not known why. `now_words` are the value and the 95% interval of the
    series that stands worst, `series` is how many were held against it.
    """

    metric: str
    help: str
    limit_words: str
    collector: str
    state: State
    words: str
    now_words: str
    series: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A category with its limits, the broken ones first.

    `score` is the share of the known limits that hold, None where none is known; `low` counts those not
    known as broken, `high` as held.
    """

    name: str
    title: str
    asks: str
    holds: int
    broken: int
    unknown: int
    score: float | None
    low: float
    high: float
    words: str
    limits: tuple[CategoryLimit, ...]

    @property
    def unknown_metrics(self) -> tuple[str, ...]:
        """The metrics of which it is not known whether they keep their limit."""
        return tuple(found.metric for found in self.limits if found.state is State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Standings:
    """All categories, and the score over those of which something is known: each weighs the same.

    `left_out` are the titles of the others. `low` and `high` are over the counted ones. `uncounted` are
    metrics with a limit whose group belongs to no category: metrics of one's own.
    """

    score: float | None
    low: float
    high: float
    words: str
    counted: tuple[str, ...]
    left_out: tuple[str, ...]
    uncounted: tuple[str, ...]
    categories: tuple[Standing, ...]


def category_of(group: str) -> Category | None:
    """Return the category that a group of the catalogue belongs to; None for a group of one's own.

    >>> category_of("gpu").name, category_of("shop")
    ('computing', None)
    """
    return next((c for c in CATEGORIES if group in c.groups), None)


def standings(
    metrics: Iterable[Metric],
    found: Sequence[Candidate],
    unavailable: Mapping[str, str],
    sources: Mapping[str, str],
) -> Standings:
    """Hold every limit of the catalogue against what was measured, `found` with the worst first.

    `unavailable` says by metric why one cannot be measured here, `sources` what each collector asks.
    """
    by_metric: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in found:
        by_metric[candidate.key.metric].append(candidate)
    limits: dict[str, list[CategoryLimit]] = defaultdict(list)
    uncounted = []
    for metric in metrics:
        if metric.target is None or metric.better is Better.NEITHER:
            continue
        category = category_of(metric.group)
        if category is None:
            uncounted.append(metric.name)
            continue
        why = _why(metric, unavailable, sources)
        limits[category.name].append(_limit(metric, by_metric[metric.name], why))
    return _together([_standing(c, limits[c.name]) for c in CATEGORIES], tuple(uncounted))


def _why(metric: Metric, unavailable: Mapping[str, str], sources: Mapping[str, str]) -> str:
    reason = unavailable.get(metric.name)
    if reason:
        return f"not available here: {reason}"
    asked = sources.get(metric.collector, "handles that the application holds")
    return f"not known yet: nothing measured so far ({metric.collector}: {asked})"


def _limit(metric: Metric, found: Sequence[Candidate], why: str) -> CategoryLimit:
    unit = f"{metric.unit}/s" if metric.judged_by == "rate" else metric.unit
    states = [c.judgement.state for c in found]
    state, words = State.UNKNOWN, why
    if State.VIOLATED in states:
        broken = states.count(State.VIOLATED)
        of = f" in {broken} of {len(states)} series" if len(states) > 1 else ""
        state, words = State.VIOLATED, f"{State.VIOLATED.value}{of}"
    elif State.UNKNOWN in states:
        words = next(c.judgement.words for c in found if c.judgement.state is State.UNKNOWN)
    elif states:
        state, words = State.WITHIN, State.WITHIN.value
    return CategoryLimit(
        metric=metric.name,
        help=metric.help,
        limit_words=f"{metric.judged_by} {limit_words(metric, unit)}",
        collector=metric.collector,
        state=state,
        words=words,
        now_words=_now_words(found[0].statistic) if found else "",
        series=len(found),
    )


def _now_words(worst: Statistic) -> str:
    if not math.isfinite(worst.value):
        return ""
    value, interval = quantity(worst.value, worst.unit), worst.interval
    return f"{value} {bounds(interval.low, interval.high, worst.unit)}" if interval else value


_ORDER = (State.VIOLATED, State.UNKNOWN, State.WITHIN)


def _standing(category: Category, limits: Sequence[CategoryLimit]) -> Standing:
    states = [found.state for found in limits]
    holds, broken = states.count(State.WITHIN), states.count(State.VIOLATED)
    known, every = holds + broken, len(states)
    return Standing(
        name=category.name,
        title=category.title,
        asks=category.asks,
        holds=holds,
        broken=broken,
        unknown=every - known,
        score=holds / known if known else None,
        low=holds / every if every else 0.0,
        high=(every - broken) / every if every else 1.0,
        words=_words(holds, known, every),
        limits=tuple(sorted(limits, key=lambda found: _ORDER.index(found.state))),
    )


def _words(holds: int, known: int, every: int) -> str:
    """Say how the limits of a category stand.

    >>> _words(8, 9, 12)
    '8 of 9 known limits hold (89%); with the 3 not known between 67% and 92%'
    """
    if not every:
        return "not known yet: the catalogue has no limit here"
    if not known:
        return f"not known yet: none of {counted(every, 'limit')} was measured enough"
    verb = "holds" if known == 1 else "hold"
    share = f"{holds} of {counted(known, 'known limit')} {verb} ({_percent(holds / known)})"
    if known == every:
        return share
    between = f"between {_percent(holds / every)} and {_percent((every - known + holds) / every)}"
    return f"{share}; with the {every - known} not known {between}"


def _percent(share: float) -> str:
    """Say a share in whole percent; only all is 100 and only nothing is 0.

    >>> _percent(0.998), _percent(1.0), _percent(0.001)
    ('99%', '100%', '1%')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    return f"{min(max(round(100 * share), 1), 99)}%"


def _together(categories: Sequence[Standing], uncounted: tuple[str, ...]) -> Standings:
    known = [c for c in categories if c.score is not None]
    left_out = tuple(c.title for c in categories if c.score is None)
    score = sum(c.score or 0.0 for c in known) / len(known) if known else None
    low = sum(c.low for c in known) / len(known) if known else 0.0
    high = sum(c.high for c in known) / len(known) if known else 1.0
    return Standings(
        score=score,
        low=low,
        high=high,
        words=_overall_words(score, low, high, known, left_out),
        counted=tuple(c.title for c in known),
        left_out=left_out,
        uncounted=uncounted,
        categories=tuple(categories),
    )


def _overall_words(
    score: float | None, low: float, high: float, known: Sequence[Standing], left_out: tuple[str, ...]
) -> str:
    if score is None:
        return "Not known yet: no limit of any category was measured enough."
    broken = sum(c.broken for c in known)
    said = [f"{counted(broken, 'limit')} {'is' if broken == 1 else 'are'} broken."] if broken else []
    mean = (
        "in one category" if len(known) == 1 else f"the mean of {len(known)} categories, which weigh the same"
    )
    said.append(f"{_percent(score)} of known limits hold, {mean}.")
    if low != high:
        said.append(f"With what is not known it is between {_percent(low)} and {_percent(high)}.")
    if left_out:
        said.append(f"Left out, since nothing is known: {', '.join(left_out)}.")
    return " ".join(said)
