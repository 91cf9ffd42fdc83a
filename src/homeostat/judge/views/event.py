"""The event: something that happened at one moment, drawn on the axis of time above the plots."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from homeostat.core.finding import Finding, FindingKind
from homeostat.core.notice import Notice, Occasion
from homeostat.judge.views.window import Window
from homeostat.judge.words.quantity import count

EVENTS_MAX = 100
"""Events of one window, the newest ones."""


class EventKind(StrEnum):
    """What kind of thing happened."""

    RELEASE = "release"
    ANOMALY = "anomaly"
    CHANGE = "change point"
    KEPT = "trial kept"
    UNDONE = "rolled back"
    ALERT = "alert"


SIGNS: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.RELEASE: "▲",
        EventKind.ANOMALY: "●",
        EventKind.CHANGE: "◆",
        EventKind.KEPT: "■",
        EventKind.UNDONE: "□",
        EventKind.ALERT: "!",
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, when, told in words. `link` is the path of the page that says more, empty for none."""

    kind: EventKind
    sign: str
    at_ns: int
    words: str
    link: str = ""


def event(kind: EventKind, at_ns: int, words: str, link: str = "") -> Event:
    """Return an event with the sign of its kind."""
    return Event(kind, SIGNS[kind], at_ns, words, link)


_OF_FINDINGS = {FindingKind.CHANGE: EventKind.CHANGE, FindingKind.ANOMALY: EventKind.ANOMALY}


def events_of_findings(found: Iterable[Finding]) -> list[Event]:
    """Return the findings that have a moment."""
    return [
        event(_OF_FINDINGS[f.kind], f.at_ns, f.words, "/findings")
        for f in found
        if f.at_ns is not None and f.kind in _OF_FINDINGS
    ]


def events_of_notices(notices: Iterable[Notice]) -> list[Event]:
    """Return the alerts that were told: where an incident began, and where it grew."""
    told = [n for n in notices if n.occasion is not Occasion.RECOVERED]
    return [event(EventKind.ALERT, n.time_ns, n.title, "/alerts") for n in told]


def events_in(window: Window, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events of a window in order of time, the newest ones where there are too many."""
    inside = [e for e in events if window.start_ns <= e.at_ns < window.end_ns]
    return tuple(sorted(inside, key=lambda e: (e.at_ns, e.kind, e.words))[-EVENTS_MAX:])


def events_words(events: Iterable[Event]) -> str:
    """Return how many events there are of each kind.

    >>> events_words([event(EventKind.ALERT, 1, "slow"), event(EventKind.RELEASE, 2, "1.1")])
    '1 release, 1 alert'
    """
    found = Counter(e.kind for e in events)
    plural = {kind: f"{kind}s" for kind in (EventKind.RELEASE, EventKind.CHANGE, EventKind.ALERT)}
    plural[EventKind.ANOMALY], plural[EventKind.KEPT] = "anomalies", "trials kept"
    return ", ".join(
        f"{count(found[kind])} {plural.get(kind, kind) if found[kind] > 1 else kind}"
        for kind in EventKind
        if found[kind]
    )
