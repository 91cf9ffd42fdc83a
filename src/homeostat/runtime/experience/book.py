"""The book: events of one application in a store, bounded in number and in time."""

import secrets
from collections.abc import Callable, Sequence
from itertools import count
from typing import Protocol, TypeVar

import msgspec

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, Clock
from homeostat.core.losses import Losses
from homeostat.core.query import Answer_co, Query, RecordsQuery
from homeostat.core.record import Record
from homeostat.evaluate.experience.events import Answer, Asked, Choice, Comment, Offer, Visit
from homeostat.evaluate.experience.tasks import Attempt

Event = Answer | Asked | Visit | Attempt | Choice | Offer | Comment
E = TypeVar("E", Answer, Asked, Visit, Attempt, Choice, Offer, Comment)
Offered = Callable[[Batch], bool]
"""Queues a batch for the store; False where there is no room."""

KINDS: dict[type[Event], str] = {
    Answer: "answer",
    Asked: "asked",
    Visit: "visit",
    Attempt: "attempt",
    Choice: "choice",
    Offer: "offer",
    Comment: "comment",
}
OUT = "out"
"""Who opted out: kept without an end, or it would not hold."""

ENTRIES_A_DAY = 50_000
"""What one process writes in a day at most; further events are dropped and counted."""

TOLD_MAX = 1_000
"""Events of a kind that a person is shown."""

READ_MAX = 100_000
"""The newest events of a kind that are looked at, and forgotten of one person."""


def kind_of(event: type[Event], service: str) -> str:
    """Return the kind of the records in which events of an application are kept."""
    return _kind(KINDS[event], service)


def _kind(name: str, service: str) -> str:
    return f"experience.{name}/{service}"


class Reading(Protocol):
    """What answers queries: a store, of which nothing else is needed here."""

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query from what has been written."""
        ...


class Book:
    """Keeps events as records of a store: SQLite or PostgreSQL, whichever it is. Safe for threads."""

    def __init__(
        self, service: str, offer: Offered, store: Reading, clock: Clock, losses: Losses, keep_days: int
    ) -> None:
        self._service = service
        self._out = _kind(OUT, service)
        self._offer = offer
        self._read = store.read
        self._clock = clock
        self._losses = losses
        self._keep_ns = keep_days * DAY_NS
        self._numbers = count()
        self._process = ""
        self.renew()
        self._day = 0
        self._written = 0

    def renew(self) -> None:
        """Take keys that no other process takes."""
        self._process = secrets.token_hex(6)

    @property
    def kept_since_ns(self) -> int:
        """From when on events are kept."""
        return self._clock.now_ns() - self._keep_ns

    def unique(self) -> str:
        """Return a part of a key that no other event has."""
        return f"{self._process}{next(self._numbers):x}"

    def put(self, event: Event, key: str) -> bool:
        """Keep an event by a key of its person's, replacing the one there; False, counted, without room."""
        if not self._room():
            return False
        at_ns = event.at_ns
        record = Record(
            kind_of(type(event), self._service),
            f"{event.person}.{key}",
            at_ns,
            msgspec.msgpack.encode(event),
            at_ns + self._keep_ns,
        )
        return self._offered(record)

    def all(self, kind: type[E]) -> list[E]:
        """Return the newest events of a kind that are still to be kept, of all who did not opt out.

        What another process kept of them before it knew is forgotten here.
        """
        gone = self.out()
        query = RecordsQuery(kind_of(kind, self._service), max(self.kept_since_ns, 0), limit=READ_MAX)
        found = self._read(query)
        late = tuple(Record(r.kind, r.key, 0, b"") for r in found if r.key.partition(".")[0] in gone)
        if late:
            self._offer(Batch(records=late))
        events = (msgspec.msgpack.decode(r.body, type=kind) for r in found)
        return [event for event in events if event.person not in gone]

    def forget(self, person: str) -> int:
        """Have all events of a person forgotten; return how many there were."""
        found = self.of(person)
        if found:
            self._offer(Batch(records=tuple(Record(r.kind, r.key, 0, b"") for r in found)))
        return len(found)

    def of(self, person: str) -> Sequence[Record]:
        """Return what is kept of a person."""
        return [
            record
            for kind in KINDS
            for record in self._read(
                RecordsQuery(kind_of(kind, self._service), limit=READ_MAX, prefix=f"{person}.")
            )
        ]

    def told(self, person: str) -> list[tuple[str, Event]]:
        """Return the newest events of a person, each with what it is called."""
        found: list[tuple[str, Event]] = []
        for kind, name in KINDS.items():
            query = RecordsQuery(kind_of(kind, self._service), limit=TOLD_MAX, prefix=f"{person}.")
            found.extend((name, msgspec.msgpack.decode(r.body, type=kind)) for r in self._read(query))
        return found

    def out(self) -> frozenset[str]:
        """Return who opted out."""
        return frozenset(r.key for r in self._read(RecordsQuery(self._out, limit=READ_MAX)))

    def opt(self, person: str, out: bool) -> bool:
        """Note that somebody opts out, or in again; False where that could not be written."""
        body = b"1" if out else b""
        return self._offered(Record(self._out, person, self._clock.now_ns(), body))

    def publish(self, kind: str, body: bytes) -> bool:
        """Keep a document about the application."""
        return self._offered(Record(kind, self._service, self._clock.now_ns(), body))

    def _room(self) -> bool:
        day = self._clock.now_ns() // DAY_NS
        if day != self._day:
            self._day, self._written = day, 0
        self._written += 1
        if self._written > ENTRIES_A_DAY:
            self._losses.add("experience.over_limit")
            return False
        return True

    def _offered(self, record: Record) -> bool:
        if self._offer(Batch(records=(record,))):
            return True
        self._losses.add("experience.not_kept")
        return False
