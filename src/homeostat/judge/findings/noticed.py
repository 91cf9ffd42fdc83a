"""What was noticed: changes told as the values came in, as findings, beside those found looking back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from homeostat.core.finding import Finding, FindingKind
from homeostat.core.metric import Kind, Metric
from homeostat.core.series import SeriesKey
from homeostat.judge.comparisons.comparison import change_words
from homeostat.judge.findings.change_watch import COUNTER_STEP_NS, RUN_LENGTH_TOLD, STEP_NS, NoticedChange
from homeostat.judge.findings.search import course_of, difference_words, in_order
from homeostat.judge.targets.direction import direction_of
from homeostat.judge.views.sentence import in_words
from homeostat.judge.words.moment_words import length_words, moment_words
from homeostat.judge.words.quantity import count, quantity

STEPS_APART = 5
"""So many steps a change may be placed beside where it was noticed, and still be the same."""

_EDGE = 1e-9


class Noticed(msgspec.Struct, frozen=True):
    """A finding that was noticed as it came, as it is kept; its beginning lies in `[low_ns, high_ns]`."""

    key: SeriesKey
    finding: Finding
    low_ns: int
    high_ns: int
    rises: bool


def noticed(found: NoticedChange, metrics: Mapping[str, Metric]) -> Noticed | None:
    """Return a change as a finding; None where there are too few values to say how large it is."""
    size = found.change.shift
    if size is None:
        return None
    key = found.key
    counter = key.kind is Kind.COUNTER
    unit = _a_second(key.unit) if counter else key.unit
    step_ns = COUNTER_STEP_NS if counter else STEP_NS
    rises = size.difference > 0
    title = in_words(key, frozenset())
    if size.ratio is not None and size.ratio_interval is not None:
        relative: float | None = size.ratio - 1
        interval = size.ratio_interval
        much = change_words(size.ratio - 1, interval.low - 1, interval.high - 1)
    else:
        base = abs(size.before)
        relative = (size.after - size.before) / base if base > _EDGE else None
        much = difference_words(size.difference, unit)
    when = moment_words(found.at_ns, "epoch", step_ns)
    early, late = (moment_words(ns, "epoch", step_ns) for ns in (found.low_ns, found.high_ns))
    about = "" if early == late else f" (95%: {early} to {late})"
    what = "rate" if counter else "mean" if key.kind is Kind.HISTOGRAM else "level"
    before, after = quantity(size.before, unit), quantity(size.after, unit)
    verb = "rose" if rises else "fell"
    finding = Finding(
        kind=FindingKind.CHANGE,
        title=title,
        at_ns=found.at_ns,
        at_words=f"{when}{about}",
        course=course_of(rises, direction_of(key.metric, key.unit, metrics).better),
        size=relative if relative is None or math.isfinite(relative) else None,
        size_words=much,
        words=(
            f"{title}: the {what} {verb} from {before} to {after}, {much}; {when}{about}"
            f"{_live(found.noticed_ns - found.at_ns)}."
        ),
        noticed_ns=found.noticed_ns,
    )
    return Noticed(key, finding, found.low_ns, found.high_ns, rises)


def _a_second(unit: str) -> str:
    return "1/s" if unit in ("", "1") else f"{unit}/s"


def _live(delay_ns: int) -> str:
    return (
        f"; noticed {length_words(max(delay_ns, 0))} after it began"
        f" (average run length {count(RUN_LENGTH_TOLD)} values)"
    )


def together(
    online: Sequence[Noticed], offline: Sequence[Finding], step_ns: int, ranks: Mapping[str, int]
) -> tuple[Finding, ...]:
    """Return what was noticed and what was found by looking back, each change told once, in order.

    A change that looking back finds too, in the same direction and within `STEPS_APART` steps of where it
    was noticed, is told in the words of looking back, which place it better, with when it was noticed.
    """
    left = list(offline)
    told: list[Finding] = []
    for one in online:
        same = _same(one, left, max(step_ns, STEP_NS) * STEPS_APART)
        if same is None:
            told.append(one.finding)
            continue
        left.remove(same)
        noticed_ns = one.finding.noticed_ns
        delay_ns = (noticed_ns or 0) - (same.at_ns or 0)
        words = f"{same.words.removesuffix('.')}{_live(delay_ns)}."
        told.append(replace(same, words=words, noticed_ns=noticed_ns))
    return in_order([*told, *left], ranks)


def _same(one: Noticed, offline: Sequence[Finding], apart_ns: int) -> Finding | None:
    """The nearest change of the same series that looking back found and that can be the same."""
    at_ns = one.finding.at_ns or 0
    fitting = [
        f
        for f in offline
        if f.kind is FindingKind.CHANGE
        and f.noticed_ns is None
        and f.title == one.finding.title
        and f.at_ns is not None
        and one.low_ns - apart_ns <= f.at_ns <= one.high_ns + apart_ns
        and (f.size is None or (f.size > 0) == one.rises)
    ]
    return min(fitting, key=lambda f: abs((f.at_ns or 0) - at_ns), default=None)
