"""The bus in a file: events, subscribers and letters, each call one transaction."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.runtime.bus.in_file import statements as sql
from homeostat.runtime.bus.record import (
    KEEP_DEAD_NS,
    LETTERS_MAX,
    BusFull,
    Kept,
    Lag,
    Letter,
    Record,
    Seat,
    Settled,
    Superseded,
)
from homeostat.runtime.bus.settings import Settings
from homeostat.runtime.jobs.embedded.file import QueueFile

_kept = msgspec.json.Decoder(list[Kept])
_letters = msgspec.json.Decoder(list[Letter])


class FileLog:
    """A bus's file, for one thread at a time; any number of processes may have it open."""

    def __init__(self, path: Path, settings: Settings, clock: Clock) -> None:
        self.path = path
        self._file = QueueFile(path, layout=sql.LAYOUT)
        self._settings = settings
        self._clock = clock
        self._lease_ns = round(settings.lease_s * SECOND_NS)

    def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Keep events. Raises BusFull."""
        with self._file.write() as connection:
            (last,) = connection.execute(sql.LAST).fetchone()
            slowest = connection.execute(sql.SLOWEST).fetchone()
            if slowest is not None and last - slowest[1] + len(records) > self._settings.lag_max:
                raise full(slowest[0], last - slowest[1], len(records), self._settings)
            connection.execute(sql.APPEND, {"records": _text(records)})
        return range(last + 1, last + len(records) + 1)

    def read(self, subscriber: str, after: int, count: int) -> list[Kept]:
        """Return what follows a position, letters first."""
        with self._file.read() as connection:
            queued: list[Kept] = []
            if subscriber:
                values = {"subscriber": subscriber, "count": count}
                queued = _kept.decode(connection.execute(sql.QUEUED, values).fetchone()[0])
            (found,) = connection.execute(sql.READ, {"after": after, "count": count}).fetchone()
        return queued + _kept.decode(found) if queued else _kept.decode(found)

    def settle(self, subscriber: str, token: int, settled: Settled) -> None:
        """Note what became of events. Raises Superseded."""
        with self._file.write() as connection:
            values = {"name": subscriber, "token": token, "upto": settled.upto}
            if not connection.execute(sql.SETTLE, values).rowcount:
                raise Superseded(f"subscriber {subscriber!r} is served elsewhere, or from another position")
            if settled.cleared:
                connection.execute(sql.CLEAR, (_text(settled.cleared),))
            for letter in settled.dead:
                connection.execute(sql.BURY, msgspec.structs.astuple(letter))

    def join(self, subscribers: Sequence[str]) -> None:
        """Make subscribers known."""
        with self._file.write() as connection:
            for name in subscribers:
                connection.execute(sql.JOIN, (name,))

    def take(self, subscriber: str, owner: str, token: int) -> Seat | None:
        """Take a seat, or keep it."""
        mono_ns = self._clock.monotonic_ns()
        values = {
            "name": subscriber,
            "owner": owner,
            "kept": token != 0,
            "mono_ns": mono_ns,
            "until_ns": mono_ns + self._lease_ns,
        }
        with self._file.write() as connection:
            if not connection.execute(sql.TAKE, values).rowcount:
                return None
            token, position, _ = connection.execute(sql.SEAT, (subscriber,)).fetchone()
        return Seat(token, position)

    def leave(self, subscriber: str, owner: str) -> None:
        """Give a seat up, or forget the subscriber."""
        with self._file.write() as connection:
            if owner:
                connection.execute(sql.LEAVE, (subscriber, owner))
            else:
                connection.execute(sql.UNJOIN, (subscriber,))
                connection.execute(sql.UNJOIN_LETTERS, (subscriber,))

    def seek(self, subscriber: str, after: int, at_ns: int) -> int | None:
        """Set a position."""
        with self._file.write() as connection:
            (last,) = connection.execute(sql.LAST).fetchone()
            (first,) = connection.execute(sql.FIRST).fetchone()
            if at_ns:
                found = connection.execute(sql.FIRST_AT, (at_ns,)).fetchone()
                after = found[0] - 1 if found else last
            position = min(max(after, first - 1 if first else last), last)
            values = {"name": subscriber, "position": position}
            return position if connection.execute(sql.SEEK, values).rowcount else None

    def letters(self, subscriber: str, limit: int) -> list[Letter]:
        """Return the newest dead letters."""
        with self._file.read() as connection:
            values = {"subscriber": subscriber, "limit": limit}
            return _letters.decode(connection.execute(sql.LETTERS, values).fetchone()[0])

    def order(self, statement: str, ids: Sequence[str]) -> list[str]:
        """Carry out an order about letters; return those that it held for."""
        with self._file.write() as connection:
            return [id for id in ids if connection.execute(statement, (id,)).rowcount]

    def last(self) -> int:
        """Return the newest position."""
        with self._file.read() as connection:
            (last,) = connection.execute(sql.LAST).fetchone()
        return int(last)

    def lags(self) -> list[Lag]:
        """Return how far each subscriber is."""
        with self._file.read() as connection:
            rows = connection.execute(sql.LAGS, {"mono_ns": self._clock.monotonic_ns()}).fetchall()
        now_ns = self._clock.now_ns()
        return [
            Lag(
                name,
                position,
                waiting,
                max(0.0, (now_ns - at_ns) / 1e6) if at_ns else 0.0,
                dead,
                bool(served),
            )
            for name, position, waiting, at_ns, dead, served in rows
        ]

    def tidy(self) -> int:
        """Drop what is over."""
        now_ns = self._clock.now_ns()
        with self._file.write() as connection:
            connection.execute(sql.TRIM, {"before_ns": now_ns - round(self._settings.keep_s * SECOND_NS)})
            dropped = connection.execute(sql.TRIM_TO, {"kept_max": self._settings.kept_max}).rowcount
            connection.execute(sql.TRIM_LETTERS, {"before_ns": now_ns - KEEP_DEAD_NS})
            dropped += connection.execute(sql.TRIM_LETTERS_TO, {"most": LETTERS_MAX}).rowcount
        return dropped

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def full(subscriber: str, waiting: int, count: int, settings: Settings) -> BusFull:
    """Return the error of a publisher who would put a subscriber too far behind."""
    return BusFull(
        f"subscriber {subscriber!r} of bus {settings.name!r} has {waiting} events before it; with {count} "
        f"more they would exceed lag_max={settings.lag_max}: serve it faster, publish less at once, or "
        "forget it where nobody serves it any more (homeostat bus leave)"
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
