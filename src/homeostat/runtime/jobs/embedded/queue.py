"""The embedded queue: the records and the leases in one file, each call one transaction.

Leases run on the monotonic clock, which all processes of one boot share and nobody sets: a jump of the wall
clock neither ends nor prolongs them. Jobs for a time and waits before a retry go by the wall clock.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import QueueFull
from homeostat.runtime.jobs.backend import Ask, Beat, ById, Exchanged, Listed, Order
from homeostat.runtime.jobs.embedded import statements as sql
from homeostat.runtime.jobs.embedded.file import QueueFile
from homeostat.runtime.jobs.record import KEEP_DEAD_NS, Claim, Depth, Job, NewJob, Outcome, Report, State

STATES = tuple(State)
NUMBERS = {state: number for number, state in enumerate(STATES)}

_ids = msgspec.json.Decoder(list[str])
_pairs = msgspec.json.Decoder(list[tuple[int, int]])
_claims = msgspec.json.Decoder(list[Claim])
_orders = {Order.CANCEL: sql.CANCEL, Order.SEND_AGAIN: sql.SEND_AGAIN, Order.FORGET: sql.FORGET}


class EmbeddedQueue:
    """The queue in a file, for one thread at a time; any number of processes may have it open.

    `waiting_max` bounds the jobs that wait, `kept_max` those that are over: the oldest of these are dropped.
    """

    def __init__(self, path: Path, clock: Clock, lease_s: float, waiting_max: int, kept_max: int) -> None:
        self._file = QueueFile(path)
        self._clock = clock
        self._lease_ns = round(lease_s * SECOND_NS)
        self._waiting_max = waiting_max
        self._kept_max = kept_max
        self._room = 0

    def submit(self, jobs: Sequence[NewJob]) -> list[str]:
        """Keep jobs. Raises QueueFull where too many wait already."""
        values = {"jobs": _text(jobs), "now_ns": self._clock.now_ns()}
        with self._file.write() as connection:
            if self._room < len(jobs):
                (waiting,) = connection.execute(sql.WAITING).fetchone()
                self._room = min(self._waiting_max - waiting, max(len(jobs), self._waiting_max // 20))
            if self._room < len(jobs):
                raise QueueFull(
                    f"{self._file.path} takes {self._waiting_max} waiting jobs, and has room for "
                    f"{max(0, self._room)}: start more workers, or enqueue less"
                )
            self._room -= len(jobs)
            if connection.execute(sql.INSERT, values).rowcount == len(jobs):
                return [job.id for job in jobs]
            (ids,) = connection.execute(sql.KNOWN_BY_KEY, values).fetchone()
            return _ids.decode(ids)

    def find(self, query: ById | Listed) -> list[Job]:
        """Return jobs."""
        with self._file.read() as connection:
            if isinstance(query, ById):
                rows = connection.execute(sql.BY_ID, {"ids": _text(query.ids)}).fetchall()
            else:
                state, name, limit = NUMBERS[query.state], query.name, query.limit
                values = {"state": state, "name": name, "limit": limit}
                rows = connection.execute(sql.LISTED, values).fetchall()
        return [Job(id, name, STATES[state], *rest) for id, name, state, *rest in rows]

    def order(self, order: Order, ids: Sequence[str]) -> list[str]:
        """Carry out an order, and return the jobs that it held for."""
        now_ns = self._clock.now_ns()
        with self._file.write() as connection:
            return [
                id for id in ids if connection.execute(_orders[order], {"id": id, "now_ns": now_ns}).rowcount
            ]

    def exchange(self, worker: str, outcomes: Sequence[Outcome], ask: Ask) -> Exchanged:
        """Settle runs and take new jobs. Nothing is written where there is nothing to do."""
        now_ns = self._clock.now_ns()
        if not outcomes:
            with self._file.read() as connection:
                if not connection.execute(sql.ANY_WORK, {"now_ns": now_ns}).fetchone()[0]:
                    return Exchanged()
        with self._file.write() as connection:
            refused: list[str] = []
            if outcomes:
                numbered = [
                    [o.id, o.token, NUMBERS[o.state], *msgspec.structs.astuple(o)[3:]] for o in outcomes
                ]
                values = {"outcomes": _text(numbered), "now_ns": now_ns}
                if connection.execute(sql.SETTLE, values).rowcount != len(outcomes):
                    refused = _ids.decode(connection.execute(sql.REFUSED, values).fetchone()[0])
            connection.execute(sql.PROMOTE, {"now_ns": now_ns})
            if ask.count <= 0 or not (picked := self._picked(connection, ask)):
                return Exchanged(refused)
            connection.execute(sql.HOLD, self._held(worker))
            values = {"seqs": _text(picked), "now_ns": now_ns, "worker": worker}
            (taken,) = connection.execute(sql.TAKEN, values).fetchone()
            connection.execute(sql.TAKE, values)
            return Exchanged(refused, _claims.decode(taken))

    def beat(self, worker: str, reports: Sequence[Report]) -> Beat:
        """Prolong a lease, take back what dead workers held, and drop what has expired."""
        with self._file.write() as connection:
            held = self._held(worker)
            connection.execute(sql.HOLD, held)
            if connection.execute(sql.FORGET_DEAD_WORKERS, held).rowcount:
                connection.execute(sql.TAKE_BACK, self._back(lost=1))
            self._expire(connection)
            if not reports:
                return Beat()
            values = {"reports": _text(reports)}
            connection.execute(sql.REPORT, values)
            found = connection.execute(sql.CANCELLED_OR_LOST, values).fetchall()
        lost = frozenset(id for id, gone in found if gone)
        return Beat(frozenset(id for id, _ in found) - lost, lost)

    def leave(self, worker: str) -> None:
        """Give up a lease, and with it what still ran: through no fault of its own."""
        with self._file.write() as connection:
            connection.execute(sql.FORGET_WORKER, {"worker": worker})
            connection.execute(sql.TAKE_BACK, self._back(lost=0))

    def depth(self) -> Depth:
        """Return how much waits."""
        with self._file.read() as connection:
            counts = connection.execute(sql.COUNTS).fetchone()
            names = [name for (name,) in connection.execute(sql.READY_NAMES)]
            (oldest_ns,) = connection.execute(sql.OLDEST, {"names": _text(names)}).fetchone()
        now_ns = self._clock.now_ns()
        ready, scheduled, running, dead = counts
        return Depth(ready, scheduled, running, dead, max(0.0, (now_ns - (oldest_ns or now_ns)) / 1e6))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _picked(self, connection: sqlite3.Connection, ask: Ask) -> list[int]:
        """Return the best ready jobs of the names that the worker knows and that have room."""
        found: list[tuple[int, int]] = []
        for (name,) in connection.execute(sql.READY_NAMES).fetchall():
            limit = ask.limits.get(name)
            if limit is None:
                continue
            count = ask.count
            if limit:
                count = min(count, limit - connection.execute(sql.RUNNING_OF, (name,)).fetchone()[0])
            if count > 0:
                picked = connection.execute(sql.PICK, {"name": name, "count": count}).fetchone()[0]
                found.extend(_pairs.decode(picked))
        found.sort()
        return [seq for _, seq in found[: ask.count]]

    def _held(self, worker: str) -> dict[str, object]:
        mono_ns = self._clock.monotonic_ns()
        return {"worker": worker, "mono_ns": mono_ns, "until_ns": mono_ns + self._lease_ns}

    def _back(self, lost: int) -> dict[str, object]:
        return {"lost": lost, "now_ns": self._clock.now_ns(), "keep_dead_ns": KEEP_DEAD_NS}

    def _expire(self, connection: sqlite3.Connection) -> None:
        connection.execute(sql.EXPIRE, {"now_ns": self._clock.now_ns()})
        (kept,) = connection.execute(sql.KEPT).fetchone()
        if kept > self._kept_max:
            connection.execute(sql.DROP_OLDEST, {"count": kept - self._kept_max})


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
