"""Events stand on the axis of time in order, with their signs, and are bounded."""

from homeostat.app.web.ranges import window_of
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.finding import Course, Finding, FindingKind
from homeostat.core.notice import Notice, Occasion
from homeostat.core.target import Severity
from homeostat.judge.views.event import (
    EVENTS_MAX,
    SIGNS,
    EventKind,
    event,
    events_in,
    events_of_findings,
    events_of_notices,
    events_words,
)

WINDOW = window_of("1h", HOUR_NS, 2 * HOUR_NS)


def finding(kind: FindingKind, at_ns: int | None) -> Finding:
    return Finding(kind, "latency", at_ns, "", Course.WORSE, None, "", f"{kind} of latency")


def test_every_kind_has_a_sign_of_its_own() -> None:
    assert set(SIGNS) == set(EventKind)
    assert len(set(SIGNS.values())) == len(EventKind)


def test_only_findings_with_a_moment_are_events() -> None:
    found = events_of_findings(
        [
            finding(FindingKind.CHANGE, HOUR_NS),
            finding(FindingKind.ANOMALY, 2 * HOUR_NS),
            finding(FindingKind.TREND, None),
        ]
    )
    assert [(e.sign, e.link) for e in found] == [("◆", "/findings"), ("●", "/findings")]


def test_a_recovery_is_no_alert() -> None:
    def notice(occasion: Occasion) -> Notice:
        return Notice(occasion.value, "i", occasion, Severity.WARNING, "g", HOUR_NS, occasion.value, ())

    found = events_of_notices([notice(o) for o in Occasion])
    assert [e.words for e in found] == ["began", "grew"]


def test_events_of_a_window_are_in_order_of_time_and_the_newest_of_too_many() -> None:
    many = [event(EventKind.ALERT, HOUR_NS + i * SECOND_NS, str(i)) for i in range(EVENTS_MAX + 10)]
    outside = [
        event(EventKind.RELEASE, HOUR_NS - 1, "before"),
        event(EventKind.RELEASE, 3 * HOUR_NS, "after"),
    ]
    found = events_in(WINDOW, [*outside, *reversed(many)])
    assert [e.words for e in found] == [str(i) for i in range(10, EVENTS_MAX + 10)]


def test_the_kinds_are_counted_in_words() -> None:
    found = [
        event(EventKind.ANOMALY, 1, "a"),
        event(EventKind.ANOMALY, 2, "b"),
        event(EventKind.KEPT, 3, "c"),
    ]
    assert events_words(found) == "2 anomalies, 1 trial kept"
    assert events_words([]) == ""
