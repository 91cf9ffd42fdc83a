"""The bus in Redis as a back-end: a stream, a consumer group for each subscriber, scripts as transactions.

An event's id in the stream is its position. Of the processes that serve a subscriber one has its seat, a key
that expires; so events of one key keep their order although any number stands by. Who takes a seat claims
what the one before left open (XAUTOCLAIM).

How durable events are is the server's setting. With `appendonly yes` what was published outlives a kill of
the server; with `appendfsync always` a loss of power too, with `everysec` but for its last second. Without a
file, a restart forgets all since the last snapshot.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import NotAvailable
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.in_file.log import full
from homeostat.runtime.bus.record import (
    KEEP_DEAD_NS,
    LETTERS_MAX,
    Kept,
    Lag,
    Letter,
    Record,
    Seat,
    Settled,
    Superseded,
)
from homeostat.runtime.bus.settings import Settings
from homeostat.runtime.redis_scripts import scripts_of

SCRIPTS = ("append", "read", "join", "take", "leave", "seek", "settle", "order", "tidy")
_letter = msgspec.json.Decoder(Letter)


async def redis_backend(settings: Settings, clock: Clock) -> Backend:
    """Open the bus in a Redis. Raises NotAvailable."""
    bus = RedisBus(settings, clock)
    await bus.check()
    return Backend("redis", bus, bus, bus, bus.join, bus.last, bus.lags, bus.tidy, bus.close)


class RedisBus:
    """A `Log`, `Seats` and `Desk` in one Redis."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._redis: Any = redis.asyncio.Redis.from_url(
            settings.address, decode_responses=True, socket_connect_timeout=5.0, socket_timeout=10.0
        )
        self._settings = settings
        self._clock = clock
        self._prefix = f"{{homeostat.{settings.name}}}"
        self._events = f"{self._prefix}:events"
        self._claiming: dict[str, str] = {}
        self._scripts = scripts_of(self._redis, "homeostat.runtime.bus.on_redis", SCRIPTS)

    async def check(self) -> None:
        """Raise NotAvailable where the server does not answer."""
        with _translated():
            await self._redis.ping()

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Keep events. Raises BusFull."""
        rows = [(r.name, str(r.version), r.key, str(r.at_ns // 1_000), r.body) for r in records]
        answer, *rest = await self._run("append", self._settings.lag_max, _text(rows))
        if answer == "full":
            raise full(rest[0], int(rest[1]), len(records), self._settings)
        first = int(rest[0])
        return range(first, first + len(records))

    async def read(
        self, subscriber: str, token: int, after: int, count: int, wait_s: float
    ) -> Sequence[Kept]:
        """Return what follows a position, or wait for it. Raises Superseded."""
        found = await self._handed(subscriber, token, after, count)
        if found or wait_s <= 0:
            return found
        with _translated():  # a wait that hands nothing out: nobody has what it sees until the script says so
            await self._redis.xread({self._events: _id(after)}, count=1, block=max(1, round(wait_s * 1e3)))
        return await self._handed(subscriber, token, after, count)

    async def _handed(self, subscriber: str, token: int, after: int, count: int) -> list[Kept]:
        """Return what there is: first what the seat's last owner left open, a page at a time."""
        if not subscriber:
            with _translated():
                entries = await self._redis.xrange(self._events, min=_id(after + 1), count=count)
            return [_kept(id, fields) for id, fields in entries]
        claiming = self._claiming.get(subscriber, "")
        while True:
            claiming, letters, found = await self._run("read", subscriber, token, count, claiming)
            if claiming:
                self._claiming[subscriber] = claiming
            else:
                self._claiming.pop(subscriber, None)
            if letters or found or not claiming:
                break
        again = [_letter.decode(text) for text in letters]
        return [_again(one) for one in again] + [_kept(id, _fields(flat)) for id, flat in found]

    async def settle(self, subscriber: str, token: int, settled: Settled) -> None:
        """Note what became of events."""
        dead = [(one.id, str(one.dead_ns // 1_000), _text(one)) for one in settled.dead]
        noted = await self._run(
            "settle", subscriber, token, _text(settled.taken), _text(dead), _text(settled.cleared)
        )
        if not noted:
            raise Superseded(f"subscriber {subscriber!r} is served elsewhere, or from another position")

    async def join(self, subscribers: Sequence[str]) -> None:
        """Make subscribers known."""
        await self._run("join", *subscribers)

    async def take(self, subscriber: str, owner: str, token: int = 0) -> Seat | None:
        """Take a seat, or keep it."""
        found = await self._run("take", subscriber, owner, round(self._settings.lease_s * 1e3), token)
        if not found:
            return None
        if not token:
            self._claiming[subscriber] = "0-0"
        return Seat(int(found[0]), int(found[1]))

    async def leave(self, subscriber: str, owner: str) -> None:
        """Give a seat up, or forget the subscriber."""
        await self._run("leave", subscriber, owner)

    async def seek(self, subscriber: str, after: int = 0, *, at_ns: int = 0) -> int | None:
        """Set a position."""
        last = await self.last()
        with _translated():
            first = await self._redis.xrange(self._events, count=1)
        low = _position(first[0][0]) if first else last + 1
        if at_ns:
            after = await self._first_at(low, last, at_ns // 1_000) - 1
        position = min(max(after, low - 1), last)
        return position if await self._run("seek", subscriber, position) else None

    async def _first_at(self, low: int, last: int, at_us: int) -> int:
        """Return the first position at or after a time, by halving."""
        high = last + 1
        while low < high:
            middle = (low + high) // 2
            with _translated():
                found = await self._redis.xrange(self._events, min=_id(middle), count=1)
            if found and int(found[0][1]["t"]) < at_us:
                low = _position(found[0][0]) + 1
            else:
                high = middle
        return low

    async def letters(self, subscriber: str, limit: int) -> Sequence[Letter]:
        """Return the newest dead letters."""
        key = f"{self._prefix}:dead:{subscriber}" if subscriber else f"{self._prefix}:dead"
        with _translated():
            return await self._letters(await self._redis.zrange(key, 0, limit - 1, desc=True))

    async def requeue(self, ids: Sequence[str]) -> Sequence[str]:
        """Have letters tried again."""
        return await self._order("requeue", ids)

    async def forget(self, ids: Sequence[str]) -> Sequence[str]:
        """Throw letters away."""
        return await self._order("forget", ids)

    async def last(self) -> int:
        """Return the newest position."""
        with _translated():
            return int(await self._redis.get(f"{self._prefix}:last") or 0)

    async def lags(self) -> Sequence[Lag]:
        """Return how far each subscriber is."""
        last = await self.last()
        with _translated():
            try:
                groups = await self._redis.xinfo_groups(self._events)
            except ResponseError:  # nothing was published or subscribed yet
                return []
            return [await self._lag(group, last) for group in sorted(groups, key=lambda one: one["name"])]

    async def _lag(self, group: Mapping[str, Any], last: int) -> Lag:
        name, open_count = group["name"], group["pending"]
        position = delivered = _position(group["last-delivered-id"])
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zcard(f"{self._prefix}:dead:{name}")
            pipe.exists(f"{self._prefix}:seat:{name}")
            pipe.xpending(self._events, name)
            dead, served, pending = await pipe.execute()
        if pending["pending"]:
            position = _position(pending["min"]) - 1
        oldest = await self._redis.xrange(self._events, min=_id(position + 1), count=1)
        age_ms = (self._clock.now_ns() / 1e6 - int(oldest[0][1]["t"]) / 1e3) if oldest else 0.0
        return Lag(name, position, last - delivered + open_count, max(0.0, age_ms), dead, bool(served))

    async def tidy(self) -> int:
        """Drop what is over."""
        now_ns = self._clock.now_ns()
        before_us = (now_ns - round(self._settings.keep_s * SECOND_NS)) // 1_000
        letters_us = (now_ns - KEEP_DEAD_NS) // 1_000
        return int(await self._run("tidy", before_us, self._settings.kept_max, letters_us, LETTERS_MAX))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _letters(self, ids: Sequence[str]) -> list[Letter]:
        if not ids:
            return []
        texts = await self._redis.hmget(f"{self._prefix}:letters", list(ids))
        return [_letter.decode(text) for text in texts if text]

    async def _order(self, order: str, ids: Sequence[str]) -> Sequence[str]:
        pairs = [part for id in ids for part in (id, id.rpartition(".")[0])]
        held: Sequence[str] = await self._run("order", order, *pairs)
        return held

    async def _run(self, script: str, *arguments: str | int) -> Any:
        with _translated():
            return await self._scripts[script](keys=[self._prefix], args=arguments)


@contextmanager
def _translated() -> Iterator[None]:
    """Make errors of redis-py ours; and end a task that was cancelled meanwhile.

    redis-py 8.1 now and then loses a cancellation while a call goes on (seen with many calls in a row).
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    except (RedisError, OSError) as error:
        if "NOGROUP" in str(error):
            raise Superseded("the Redis of the bus knows the subscriber no more, or another one") from error
        raise NotAvailable(f"the Redis that keeps the bus does not answer as it should: {error}") from error
    finally:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError


def _id(position: int) -> str:
    return f"{position}-1"


def _position(id: str) -> int:
    return int(id.partition("-")[0])


def _kept(id: str, fields: Mapping[str, str]) -> Kept:
    at_ns = int(fields["t"]) * 1_000
    return Kept(_position(id), fields["n"], int(fields["v"]), fields["k"], at_ns, fields["b"])


def _again(one: Letter) -> Kept:
    return Kept(one.position, one.name, one.version, one.key, one.at_ns, one.body, one.id)


def _fields(flat: Sequence[str]) -> dict[str, str]:
    """Return the fields of an entry as a script answers them."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
