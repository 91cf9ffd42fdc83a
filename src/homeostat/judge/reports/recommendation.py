"""The recommendation: what to do next, and what it is predicted to gain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.comparisons.comparison import Comparison, Outcome
from homeostat.judge.findings.subject import Subject
from homeostat.judge.reports.bottleneck import Bottleneck
from homeostat.judge.reports.outlook import Outlook
from homeostat.judge.words.quantity import quantity

LEAST_GAIN = 0.05
AT_MOST = 10
TOGETHER = 0.04
"""Changes within this share of the recording have one cause, as long as nothing says otherwise."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One thing to do. `gain` is relative (0.3 is 30% better), None where none can be predicted."""

    action: str
    gain: float | None
    gain_words: str
    reason: str


def recommendations(
    subjects: Sequence[Subject],
    found: Sequence[Finding],
    stages: Sequence[Bottleneck],
    comparison: Comparison | None,
    outlooks: Sequence[Outlook],
) -> tuple[Recommendation, ...]:
    """Return what to do, the largest predicted gain first; what has none that can be predicted comes last."""
    made = [*_stages(stages), *_undo(found, subjects), *_regressions(comparison), *_ahead(outlooks)]
    made.sort(key=lambda r: -(r.gain if r.gain is not None else -1.0))
    return tuple(made[:AT_MOST])


def _stages(stages: Sequence[Bottleneck]) -> list[Recommendation]:
    return [
        Recommendation(
            action=f"Make {s.operation} faster, or do less of it",
            gain=s.gain,
            gain_words=f"{s.gain_words} less time for the whole, if it takes half as long",
            reason=f"It is {s.share_words} of the critical path.",
        )
        for s in stages
        if s.gain >= LEAST_GAIN
    ]


def _undo(found: Sequence[Finding], subjects: Sequence[Subject]) -> list[Recommendation]:
    """One for all that became worse at about one time, told by what comes first of it."""
    span_ns = max((s.line.size * s.step_ns for s in subjects), default=0)
    worse = [
        f for f in found if f.kind is FindingKind.CHANGE and f.course is Course.WORSE and f.at_ns is not None
    ]
    groups: list[list[Finding]] = []
    for f in worse:
        near = (g for g in groups if abs((g[0].at_ns or 0) - (f.at_ns or 0)) <= TOGETHER * span_ns)
        group = next(near, None)
        if group is None:
            groups.append([f])
        else:
            group.append(f)
    return [made for group in groups if (made := _undo_one(group)) is not None]


def _undo_one(group: Sequence[Finding]) -> Recommendation | None:
    lead = next((f for f in group if f.size and f.size > -1), None)
    if lead is None or lead.size is None:
        return None
    gain = abs(1 - 1 / (1 + lead.size))
    if gain < LEAST_GAIN:
        return None
    more = f" {len(group) - 1} more metrics became worse at about this time." if len(group) > 1 else ""
    return Recommendation(
        action=f"Find what changed at {lead.at_words}, and undo it",
        gain=gain,
        gain_words=f"{lead.title} {_way(lead.size)} by {quantity(gain, 'ratio')}",
        reason=lead.words + more,
    )


def _way(change: float) -> str:
    """Where undoing a change leads."""
    return "down" if change > 0 else "up"


def _regressions(comparison: Comparison | None) -> list[Recommendation]:
    """One for all that became worse, told by what comes first of it."""
    if comparison is None:
        return []
    worse = [r for r in comparison.rows if r.outcome is Outcome.WORSE and r.change is not None]
    known = [r for r in worse if r.change is not None and -1 < r.change < math.inf]
    if not known:
        return []
    first = known[0]
    assert first.change is not None
    gain = abs(1 - 1 / (1 + first.change))
    more = f", {len(worse) - 1} more are worse too" if len(worse) > 1 else ""
    return [
        Recommendation(
            action="Go back to the baseline, or find what was changed since",
            gain=gain,
            gain_words=f"{first.title} {first.statistic} {_way(first.change)} by {quantity(gain, 'ratio')}",
            reason=f"It is {first.candidate_words} instead of {first.baseline_words}{more}.",
        )
    ]


def _ahead(outlooks: Sequence[Outlook]) -> list[Recommendation]:
    return [
        Recommendation(
            action=f"Make room for {o.title}, or slow its growth",
            gain=None,
            gain_words="keeps it within its limit",
            reason=o.words,
        )
        for o in outlooks
        if o.reached
    ]
