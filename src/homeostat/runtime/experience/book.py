"""The book: events of one application in a store, bounded in number and in time."""

import secrets
from collections.abc import Callable, Iterable
from itertools import count
from typing import Generic, Protocol, TypeVar

import msgspec

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, Clock
from homeostat.core.errors import StoreBusy
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

FORGOTTEN = "forgotten"
"""Whose events were forgotten, and when: what was under way then must not come in behind that."""

FORGOTTEN_FOR_NS = DAY_NS

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


class Kept(msgspec.Struct, Generic[E], frozen=True):
    """The newest events of a kind. All there were are among them from `since_ns` on, of all where it is 0.

    `cut` says that there are older ones which were not read.
    """

    events: list[E]
    since_ns: int
    cut: bool


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

    def all(self, kind: type[E]) -> Kept[E]:
        """Return the newest events of a kind that are still to be kept, of all who did not opt out.

        What another process kept of them before it knew is forgotten here.
        """
        since_ns = max(self._clock.now_ns() - self._keep_ns, 0)
        found = self._read(RecordsQuery(kind_of(kind, self._service), since_ns, limit=READ_MAX))
        cut = len(found) >= READ_MAX
        gone, forgotten = self.out(), self.forgotten()
        left: list[Record] = []
        late: list[Record] = []
        for record in found:
            person = record.key.partition(".")[0]
            where = late if person in gone or record.time_ns < forgotten.get(person, 0) else left
            where.append(record)
        if late:
            self._offer(_without(late))
        events = [msgspec.msgpack.decode(record.body, type=kind) for record in left]
        return Kept(events, found[-1].time_ns if cut else since_ns, cut)

    def forget(self, person: str) -> int:
        """Have all events of a person forgotten; return how many there were.

        Those that still wait to be written, here or in another process, are forgotten when they are. Raises
        StoreBusy where there is no room to note it.
        """
        found = [record for _, record in self._of(person, READ_MAX)]
        now_ns = self._clock.now_ns()
        note = Record(_kind(FORGOTTEN, self._service), person, now_ns, b"1", now_ns + FORGOTTEN_FOR_NS)
        self._settled(Batch(records=(*_without(found).records, note)))
        return len(found)

    def held(self, person: str) -> int:
        """Return how many events are kept of a person."""
        return len(self._of(person, READ_MAX))

    def told(self, person: str) -> list[tuple[str, Event]]:
        """Return the newest events of a person, each with what it is called."""
        return [
            (KINDS[kind], msgspec.msgpack.decode(record.body, type=kind))
            for kind, record in self._of(person, TOLD_MAX)
        ]

    def _of(self, person: str, limit: int) -> list[tuple[type[Event], Record]]:
        since_ns = self.forgotten().get(person, 0)
        return [
            (kind, record)
            for kind in KINDS
            for record in self._read(
                RecordsQuery(kind_of(kind, self._service), since_ns, limit=limit, prefix=f"{person}.")
            )
        ]

    def forgotten(self) -> dict[str, int]:
        """Return whose events were forgotten of late, and when."""
        since_ns = max(self._clock.now_ns() - FORGOTTEN_FOR_NS, 0)
        found = self._read(RecordsQuery(_kind(FORGOTTEN, self._service), since_ns, limit=READ_MAX))
        return {record.key: record.time_ns for record in found}

    def out(self) -> frozenset[str]:
        """Return who opted out."""
        return frozenset(r.key for r in self._read(RecordsQuery(self._out, limit=READ_MAX)))

    def opt(self, person: str, out: bool) -> None:
        """Note that somebody opts out, or in again. Raises StoreBusy where there is no room to note it."""
        body = b"1" if out else b""
        self._settled(Batch(records=(Record(self._out, person, self._clock.now_ns(), body),)))

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

    def _settled(self, batch: Batch) -> None:
        if not self._offer(batch):
            self._losses.add("experience.not_kept")
            raise StoreBusy(
                "it cannot be noted now, since the queue in front of the store is full: try again"
            )


def _without(records: Iterable[Record]) -> Batch:
    """Return what forgets records."""
    return Batch(records=tuple(Record(r.kind, r.key, 0, b"") for r in records))
