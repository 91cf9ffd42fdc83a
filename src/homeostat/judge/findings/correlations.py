"""The correlations: which metrics move together, and which of them first."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.findings.study import Study
from homeostat.judge.findings.subject import Subject
from homeostat.judge.words.moment_words import length_words
from homeostat.stats.lag_correlation import SERIES_MAX, lag_correlations

LEAST = 0.3
"""Weaker correlations are not worth telling, however sure they are."""

TOLD_MAX = 8


def correlations(studies: Sequence[Study]) -> list[Finding]:
    """Return the strongest correlations of lines with common times, seasons and jumps taken off.

    Guarantee: that of `homeostat.stats.lag_correlation`, for each set of common times.
    """
    together: dict[tuple[int, int], list[Study]] = defaultdict(list)
    for study in studies:
        together[study.subject.start_ns, study.subject.step_ns].append(study)
    found = []
    for (_, step_ns), group in together.items():
        if len(group) < 2:
            continue
        group = group[:SERIES_MAX]
        longest = max(s.line.size for s in group)
        rows = np.array([np.pad(s.rest, (0, longest - s.line.size), constant_values=np.nan) for s in group])
        for pair in lag_correlations(rows):
            if abs(pair.correlation) >= LEAST:
                lag_ns = pair.lag * step_ns
                found.append(
                    _finding(
                        group[pair.leader].subject,
                        group[pair.follower].subject,
                        lag_ns,
                        pair.correlation,
                        pair.low,
                        pair.high,
                    )
                )
    return sorted(found, key=lambda f: -abs(f.size or 0.0))[:TOLD_MAX]


def _finding(leader: Subject, follower: Subject, lag_ns: int, r: float, low: float, high: float) -> Finding:
    way = "together" if r > 0 else "in opposite ways"
    much = f"correlation {r:.2f} [{low:.2f}, {high:.2f}]"
    when = f"{length_words(lag_ns, leader.origin)} later" if lag_ns else "at the same time"
    words = (
        f"{leader.title} moves first, and {follower.title} {when}, {way}: {much}."
        if lag_ns
        else f"{leader.title} and {follower.title} move {way}: {much}."
    )
    return Finding(
        kind=FindingKind.CORRELATION,
        title=f"{leader.title}, {follower.title}",
        at_ns=None,
        at_words=when,
        course=Course.NEITHER,
        size=r,
        size_words=much,
        words=words,
    )
