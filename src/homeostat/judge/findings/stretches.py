"""The stretches: whole days, or other seasons, on which a line was not as on the others."""

from collections.abc import Sequence

import numpy as np

from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.findings.study import Study
from homeostat.judge.findings.subject import Subject
from homeostat.judge.words.moment_words import length_words, moment_words
from homeostat.judge.words.quantity import quantity
from homeostat.stats.unusual_stretch import UnusualStretch, unusual_stretches

TOLD_MAX = 8
"""Stretches told of one metric at most, the surest ones."""


def stretches(studies: Sequence[Study], false_alarms: float) -> list[Finding]:
    """Find stretches of the shortest season of each line on which its level was another one than usual.

    What lasts for hours is too slow for the detector of anomalies, and too short to be a change. Guarantee:
    that of `homeostat.stats.unusual_stretch`, shared by all lines with a season. Lines that are not above 0
    throughout are not searched.
    """
    seasonal = [study for study in studies if study.seasons and np.nanmin(study.subject.line) > 0]
    found = []
    for study in seasonal:
        length = min(season.length for season in study.seasons)
        subject = study.subject
        offset = -round(subject.start_ns / subject.step_ns) % length if subject.origin == "epoch" else 0
        told = unusual_stretches(study.rest, study.rest_of_logs, length, offset, false_alarms / len(seasonal))
        surest = sorted(told, key=lambda stretch: stretch.p_value)[:TOLD_MAX]
        found += [_finding(subject, one) for one in sorted(surest, key=lambda one: one.first)]
    return found


def _finding(subject: Subject, found: UnusualStretch) -> Finding:
    at_ns = subject.start_ns + found.first * subject.step_ns
    when = moment_words(at_ns, subject.origin, subject.step_ns)
    lasted = length_words((found.end - found.first) * subject.step_ns, subject.origin)
    side = "lower" if found.level < found.usual else "higher"
    much = f"{quantity(found.level, subject.unit)}, usual {quantity(found.usual, subject.unit)}"
    return Finding(
        kind=FindingKind.ANOMALY,
        title=subject.title,
        at_ns=at_ns,
        at_words=when,
        course=Course.NEITHER,
        size=(found.level - found.usual) / abs(found.usual) if found.usual else None,
        size_words=f"{much}, for {lasted}",
        words=f"{subject.title} was {side} than usual at that time for {lasted}: {much}; {when}.",
    )
