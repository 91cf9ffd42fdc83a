"""The outbox: notices on their way, kept in the store until they are delivered or given up.

A notice and its deliveries are written in the transaction that changes the alert, and a delivery is marked
only after it was sent. So a crash at any moment loses none; one that was sent but not yet marked is sent
again under the same id.
"""

from collections.abc import Iterable, Sequence

import msgspec

from homeostat.app.alerts.channels.channel import Channel
from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.notice import Notice
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record

NOTICE = "alert.notice"
WAITING = "alert.delivery.waiting"
SENT = "alert.delivery.sent"
DEAD = "alert.delivery.dead"
AGAIN = "alert.delivery.again"
"""Keys of deliveries that were given up and wait once more: the desk hands them to their couriers."""

KEPT_NS = 30 * DAY_NS
RETRY_S = (2, 5, 15, 60, 120, 300, 600, 600, 600)
"""How long to wait after each failed attempt; the attempt after the last of these is the last one."""

ATTEMPTS_MAX = len(RETRY_S) + 1
WAITING_MAX = 10_000


class Delivery(msgspec.Struct, frozen=True):
    """One notice on its way through one channel. `error` says why the last attempt failed."""

    notice: Notice
    channel: str
    attempts: int = 0
    next_ns: int = 0
    error: str = ""

    @property
    def key(self) -> str:
        """What identifies it."""
        return f"{self.notice.id}/{self.channel}"


def record_of(kind: str, delivery: Delivery) -> Record:
    """Return a delivery as it is kept; one that waits is kept until it does no more."""
    time_ns = delivery.notice.time_ns
    expires_ns = 0 if kind == WAITING else time_ns + KEPT_NS
    return Record(kind, delivery.key, time_ns, msgspec.json.encode(delivery), expires_ns)


def deliveries_of(notice: Notice, channels: Iterable[Channel], names: frozenset[str]) -> list[Delivery]:
    """Return a delivery for each channel that is named (none named: all) and takes this severity."""
    return [
        Delivery(notice, c.name, next_ns=notice.time_ns)
        for c in channels
        if (not names or c.name in names) and notice.severity.rank >= c.least.rank
    ]


def records_of(notice: Notice, deliveries: Sequence[Delivery]) -> list[Record]:
    """Return all that is kept of a new notice."""
    kept = Record(NOTICE, notice.id, notice.time_ns, msgspec.json.encode(notice), notice.time_ns + KEPT_NS)
    return [kept, *(record_of(WAITING, d) for d in deliveries)]


def read_deliveries(store: Store, kind: str, limit: int = WAITING_MAX) -> list[Delivery]:
    """Return the deliveries of one kind, newest first."""
    return [msgspec.json.decode(r.body, type=Delivery) for r in store.read(RecordsQuery(kind, limit=limit))]


def read_notices(store: Store, limit: int) -> list[Notice]:
    """Return the newest notices, newest first."""
    return [msgspec.json.decode(r.body, type=Notice) for r in store.read(RecordsQuery(NOTICE, limit=limit))]


def failed(delivery: Delivery, error: str, now_ns: int) -> Delivery:
    """Return a delivery after an attempt that failed."""
    attempts = delivery.attempts + 1
    wait_s = RETRY_S[min(attempts, len(RETRY_S)) - 1]
    return msgspec.structs.replace(
        delivery, attempts=attempts, next_ns=now_ns + wait_s * SECOND_NS, error=error
    )


def moved(delivery: Delivery, kind: str) -> Batch:
    """Return the batch that moves a delivery from those that wait to another kind."""
    return Batch(records=(Record(WAITING, delivery.key, 0, b""), record_of(kind, delivery)))


def again(delivery: Delivery, now_ns: int) -> list[Record]:
    """Return the records that let a delivery that was given up be tried from the beginning, at once."""
    fresh = Delivery(delivery.notice, delivery.channel, next_ns=now_ns)
    return [
        Record(DEAD, delivery.key, 0, b""),
        record_of(WAITING, fresh),
        Record(AGAIN, delivery.key, now_ns, b"{}", now_ns + KEPT_NS),
    ]


def due(waiting: Iterable[Delivery]) -> list[Delivery]:
    """Return the deliveries that may be tried, each incident's in the order in which they were told."""
    first: dict[str, Delivery] = {}
    for delivery in sorted(waiting, key=lambda d: (d.notice.time_ns, d.notice.occasion == "recovered")):
        first.setdefault(delivery.notice.incident, delivery)
    return sorted(first.values(), key=lambda d: (d.next_ns, d.notice.time_ns))
