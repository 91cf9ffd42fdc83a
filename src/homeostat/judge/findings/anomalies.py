"""The anomalies: what a detector notices in each line, and what of it is one incident."""

from collections.abc import Sequence

import numpy as np

from homeostat.core.clock import SECOND_NS
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.judge.findings.study import Study
from homeostat.judge.findings.subject import Subject
from homeostat.judge.words.moment_words import moment_words
from homeostat.judge.words.quantity import count, quantity
from homeostat.stats.anomaly.detector import WARM_UP_RECORDS, Anomaly, AnomalyDetector
from homeostat.stats.anomaly.incident import SharedIncident, Sign, shared_incidents, sign_of

WATCHED_MAX = 60
"""Lines that are searched at most: the first ones."""

STEPS_APART = 5
"""Signs of different metrics within so many steps are one incident."""

TOLD_MAX = 12


def anomalies(studies: Sequence[Study]) -> list[Finding]:
    """Return the incidents in some lines, the surest of them, in order of time.

    Guarantee: that of `homeostat.stats.anomaly.incident`, for the signs of one incident. Lines shorter than
    the detector's warm-up are not searched.
    """
    subjects = [s.subject for s in studies]
    watched = [s for s in subjects if np.isfinite(s.line).sum() > 1.2 * WARM_UP_RECORDS][:WATCHED_MAX]
    if not watched:
        return []
    noticed = {s.title: _noticed(s) for s in watched}
    signs = [sign_of(s.title, a, s.line.size) for s in watched for a in noticed[s.title].values()]
    window_s = STEPS_APART * max(s.step_s for s in watched)
    found = shared_incidents(signs, len(watched), window_s)
    surest = sorted(found, key=lambda i: min(sign.p_value for sign in i.signs))[:TOLD_MAX]
    by_title = {s.title: s for s in watched}
    return [_finding(i, by_title, noticed) for i in sorted(surest, key=lambda i: i.began_s)]


def _noticed(subject: Subject) -> dict[float, Anomaly]:
    detector = AnomalyDetector()
    found = {}
    for i, value in enumerate(subject.line.tolist()):
        time_s = subject.start_ns / SECOND_NS + i * subject.step_s
        anomaly = detector.update(time_s, value)
        if anomaly is not None:
            found[time_s] = anomaly
    return found


def _finding(
    incident: SharedIncident, by_title: dict[str, Subject], noticed: dict[str, dict[float, Anomaly]]
) -> Finding:
    first = next((s for s in incident.signs if s.series in incident.first_movers), incident.signs[0])
    subject = by_title[first.series]
    at_ns = int(first.time_s * SECOND_NS)
    when = moment_words(at_ns, subject.origin, subject.step_ns)
    value, reason = _what(first, noticed)
    usual = quantity(float(np.nanmedian(subject.line)), subject.unit)
    much = f"{quantity(value, subject.unit)}, usual {usual}"
    others = len(incident.signs) - 1
    with_others = f", with {count(others)} more metric{'s' * (others != 1)}" if others else ""
    sure = "" if not others or len(incident.first_movers) == 1 else " (which moved first is not certain)"
    return Finding(
        kind=FindingKind.ANOMALY,
        title=subject.title,
        at_ns=at_ns,
        at_words=when,
        course=Course.NEITHER,
        size=None,
        size_words=f"{much}{with_others}",
        words=f"{subject.title} is unusual in its {reason}{with_others}{sure}: {much}; {when}.",
    )


def _what(sign: Sign, noticed: dict[str, dict[float, Anomaly]]) -> tuple[float, str]:
    found = noticed[sign.series][sign.time_s]
    words = {"envelope": "range", "distribution": "values", "rate": "rate of change"}
    return found.value, words.get(found.reason, found.reason)
