"""The findings: what is looked for in every line, one finder after the other."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.metric import Better
from homeostat.judge.comparisons.comparison import change_words
from homeostat.judge.findings.anomalies import anomalies
from homeostat.judge.findings.correlations import correlations
from homeostat.judge.findings.stretches import stretches
from homeostat.judge.findings.study import Study, studied
from homeostat.judge.findings.subject import Subject
from homeostat.judge.words.moment_words import length_words, moment_words
from homeostat.judge.words.quantity import bounds, quantity
from homeostat.stats.change_points import ChangePoint
from homeostat.stats.multiplicity import adjusted
from homeostat.stats.season_length import Season
from homeostat.stats.shift import shift
from homeostat.stats.trend import Trend, trend

Floats = NDArray[np.float64]
Finder = Callable[[Sequence[Study]], list[Finding]]

FALSE_ALARMS = 0.05
"""The probability of each finder to find anything at all in recordings where nothing happens."""

CHANGES_MAX = 8
"""Changes told of one metric at most, the largest ones."""


def findings(subjects: Sequence[Subject]) -> tuple[Finding, ...]:
    """Return everything found, what became worse first, in order of time within."""
    return findings_in(studied(subjects, FALSE_ALARMS))


def findings_in(studies: Sequence[Study]) -> tuple[Finding, ...]:
    """Return everything found in what was studied at `FALSE_ALARMS`, in the same order."""
    found = [f for finder in FINDERS for f in finder(studies)]
    return in_order(found, ranks_of([study.subject for study in studies]))


def ranks_of(subjects: Sequence[Subject]) -> dict[str, int]:
    """Return how early each subject is told, by its title."""
    return {s.title: s.rank for s in subjects}


def in_order(found: Sequence[Finding], ranks: Mapping[str, int]) -> tuple[Finding, ...]:
    """Return findings in the order in which they are told: what became worse first."""
    courses = {Course.WORSE: 0, Course.NEITHER: 1, Course.BETTER: 2}
    kinds = {kind: i for i, kind in enumerate(FindingKind)}

    def order(f: Finding) -> tuple[int, int, int, float, str, int]:
        told = ranks.get(f.title, len(ranks))
        return courses[f.course], kinds[f.kind], told, -abs(f.size or 0.0), f.title, f.at_ns or 0

    return tuple(sorted(found, key=order))


def course_of(rises: bool, better: Better) -> Course:
    """Return whether a rise (or a fall) is for the better."""
    if better is Better.NEITHER:
        return Course.NEITHER
    return Course.WORSE if rises == (better is Better.LOWER) else Course.BETTER


def trends(studies: Sequence[Study]) -> list[Finding]:
    """Find lasting trends, beside jumps; over all metrics a share of at most 5% of those told is false."""
    tested = [trend(study.rest) for study in studies]
    told = adjusted([t.p_value if math.isfinite(t.p_value) else 1.0 for t in tested])
    found = zip(studies, tested, told, strict=True)
    return [_trend(s.subject, t) for s, t, p in found if p <= FALSE_ALARMS and t.direction in ("up", "down")]


def _trend(subject: Subject, found: Trend) -> Finding:
    length = subject.line.size - 1
    rise, low, high = (slope * length for slope in (found.slope, found.low, found.high))
    base = abs(float(np.nanmedian(subject.line[: max(length // 4, 1)])))
    size = max(rise / base, -1.0) if base > 0 else None
    side = "rises" if rise > 0 else "falls"
    near, far = sorted((low, high), key=abs)
    if base > 0 and (rise > 0 or -far <= base):
        much = f"{_share(rise / base)} [{_share(near / base)}, {_share(far / base)}]"
    else:  # a fall by more than all there was, as the slope of the middle makes it, is no share
        between = bounds(min(abs(near), abs(far)), max(abs(near), abs(far)), subject.unit)
        much = f"{quantity(abs(rise), subject.unit)} {between}"
    span = length_words(length * subject.step_ns, subject.origin)
    return Finding(
        kind=FindingKind.TREND,
        title=subject.title,
        at_ns=None,
        at_words=f"over {span}",
        course=course_of(rise > 0, subject.better),
        size=size,
        size_words=much,
        words=f"{subject.title} {side} by {much} over {span}.",
    )


def _share(change: float) -> str:
    return quantity(abs(change), "ratio")


def changes(studies: Sequence[Study]) -> list[Finding]:
    """Find jumps of the level (and turns of the slope of what always moves), after seasons are taken off."""
    found = []
    for study in studies:
        made = [_change(study.subject, study.line, study.changes, i) for i in range(len(study.changes))]
        made.sort(key=lambda f: -abs(f.size or 0.0))
        found.extend(made[:CHANGES_MAX])
    return found


def _change(subject: Subject, line: Floats, points: Sequence[ChangePoint], i: int) -> Finding:
    point = points[i]
    edges = [0, *(p.index for p in points), line.size]
    (start, at), (_, end) = list(pairwise(edges))[i : i + 2]
    at_ns = subject.start_ns + point.index * subject.step_ns
    early, late = (
        moment_words(subject.start_ns + p * subject.step_ns, subject.origin, subject.step_ns)
        for p in (point.low, point.high)
    )
    when = moment_words(at_ns, subject.origin, subject.step_ns)
    about = "" if early == late else f" (95%: {early} to {late})"
    rises = point.after > point.before
    moved = shift(line[start:at], line[at:end]) if point.kind == "level" else None
    if moved is not None and moved.ratio is not None and moved.ratio_interval is not None:
        size: float | None = moved.ratio - 1
        much = change_words(moved.ratio - 1, moved.ratio_interval.low - 1, moved.ratio_interval.high - 1)
    else:
        size = (point.after - point.before) / abs(point.before) if point.before else None
        much = difference_words(point.after - point.before, subject.unit)
    what = "slope" if point.kind == "slope" else subject.shown.name
    unit = f"{subject.unit} a point".strip() if point.kind == "slope" else subject.unit
    before, after = quantity(point.before, unit), quantity(point.after, unit)
    verb = ("rose" if rises else "fell") if point.kind == "level" else "turned"
    return Finding(
        kind=FindingKind.CHANGE,
        title=subject.title,
        at_ns=at_ns,
        at_words=f"{when}{about}",
        course=course_of(rises, subject.better),
        size=size,
        size_words=much,
        words=f"{subject.title}: the {what} {verb} from {before} to {after}, {much}; {when}{about}.",
    )


def difference_words(difference: float, unit: str) -> str:
    """Return a difference with its sign, in words.

    >>> difference_words(17.8, "ms"), difference_words(-0.07, "")
    ('+17.8 ms', '-0.07')
    """
    return f"{'+' if difference > 0 else ''}{quantity(difference, unit)}"


def patterns(studies: Sequence[Study]) -> list[Finding]:
    """Find seasons: what comes again every day, week, or at another length."""
    return [_pattern(study.subject, s, i) for study in studies for i, s in enumerate(study.seasons)]


def _pattern(subject: Subject, season: Season, before: int) -> Finding:
    """A season in words; its strength is of the variation that those before it leave."""
    length = length_words(season.length * subject.step_ns, subject.origin)
    share = f"{season.strength:.0%} of {'the variation that is left' if before else 'its variation'}"
    return Finding(
        kind=FindingKind.SEASON,
        title=subject.title,
        at_ns=None,
        at_words=f"every {length}",
        course=Course.NEITHER,
        size=None,
        size_words=share,
        words=f"{subject.title} repeats every {length}: {share}.",
    )


def unusual(studies: Sequence[Study]) -> list[Finding]:
    """Find anomalies: what a detector notices at once, and what is unusual as a whole day or season."""
    return [*anomalies(studies), *stretches(studies, FALSE_ALARMS)]


FINDERS: tuple[Finder, ...] = (changes, unusual, trends, patterns, correlations)
