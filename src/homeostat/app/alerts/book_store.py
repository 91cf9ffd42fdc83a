"""The book in the store: what alerting remembers, a record for each alert, incident and silence."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from homeostat.core.clock import SECOND_NS
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.judge.alerts.alert import Alert
from homeostat.judge.alerts.incident import ALERTS_MAX, Book, Incident, Silence

ALERT = "alert.state"
INCIDENT = "alert.incident"
SILENCE = "alert.silence"
SILENCES_MAX = 1_000
REFRESH_NS = 15 * SECOND_NS

Kept = TypeVar("Kept", Alert, Incident)


def changes(kind: str, before: Mapping[str, Kept], after: Mapping[str, Kept], now_ns: int) -> list[Record]:
    """Return what must be written for the store to hold `after` where it held `before`."""
    found = [
        Record(kind, key, now_ns, msgspec.json.encode(value))
        for key, value in after.items()
        if before.get(key) != value
    ]
    return found + [Record(kind, key, now_ns, b"") for key in before if key not in after]


def remembered(alert: Alert) -> Alert:
    """Return an alert without what is measured anew at every look: that alone is kept four times a minute."""
    return msgspec.structs.replace(
        alert,
        words="",
        state_words="",
        value=None,
        low=None,
        high=None,
        n=0,
        seen_ns=alert.seen_ns // REFRESH_NS,
    )


def book_changes(before: Book, after: Book, now_ns: int) -> list[Record]:
    """Return the records that turn one book into another."""
    steady = {
        key: old
        for key, old in before.alerts.items()
        if key in after.alerts and remembered(old) == remembered(after.alerts[key])
    }
    alerts = {key: steady.get(key, alert) for key, alert in after.alerts.items()}
    return [
        *changes(ALERT, before.alerts, alerts, now_ns),
        *changes(INCIDENT, before.incidents, after.incidents, now_ns),
    ]


def read_book(store: Store) -> Book:
    """Return the book as it was written last."""
    alerts = [
        msgspec.json.decode(r.body, type=Alert) for r in store.read(RecordsQuery(ALERT, limit=2 * ALERTS_MAX))
    ]
    incidents = [
        msgspec.json.decode(r.body, type=Incident)
        for r in store.read(RecordsQuery(INCIDENT, limit=2 * ALERTS_MAX))
    ]
    return Book({a.key: a for a in alerts}, {i.group: i for i in incidents})


def silence_record(silence: Silence, now_ns: int) -> Record:
    """Return a silence as it is kept: until it is over."""
    return Record(SILENCE, silence.id, now_ns, msgspec.json.encode(silence), silence.until_ns)


def read_silences(store: Store, now_ns: int) -> tuple[Silence, ...]:
    """Return the silences that are not over."""
    found = store.read(RecordsQuery(SILENCE, limit=SILENCES_MAX))
    silences = [msgspec.json.decode(r.body, type=Silence) for r in found]
    return tuple(s for s in silences if s.until_ns > now_ns)
