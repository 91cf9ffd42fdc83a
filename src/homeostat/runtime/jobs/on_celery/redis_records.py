"""The records of jobs in Redis: each call is one Lua script, and so one transaction.

`scripts/` has them. Times are those of the Redis server, whose clock alone counts; how durable the records
are is its setting (`appendfsync`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec
import redis.asyncio
from redis.exceptions import RedisError

from homeostat.core.errors import NotAvailable, QueueFull
from homeostat.runtime.jobs.backend import LOST_MAX, Ask, Beat, ById, Exchanged, Listed, Order
from homeostat.runtime.jobs.record import KEEP_DEAD_NS, Claim, Depth, Job, NewJob, Outcome, Report, State
from homeostat.runtime.jobs.settings import Settings
from homeostat.runtime.redis_scripts import scripts_of

SCAN_MAX = 10_000
"""Jobs that are looked through for those of one name."""

SCRIPTS = ("submit", "exchange", "beat", "leave", "order", "due", "sent", "later", "stranded")
KEEP_DEAD_US = KEEP_DEAD_NS // 1_000

Due: TypeAlias = Sequence[tuple[str, int]]
"""Jobs for which a message has to go out, with their priority."""

_ids = msgspec.json.Decoder(list[str])
_claims = msgspec.json.Decoder(list[tuple[str, str, str, int, int, float, str]])


class RedisRecords:
    """A `Register` and `Leases` in one Redis. What waits for a message to go out is in its outbox."""

    def __init__(self, address: str, settings: Settings) -> None:
        self._redis: Any = redis.asyncio.Redis.from_url(
            address, decode_responses=True, socket_connect_timeout=5.0, socket_timeout=10.0
        )
        self._prefix = f"{{homeostat.{settings.name}}}"
        self._settings = settings
        self._lease_us = round(settings.lease_s * 1e6)
        self._resend_us = 2 * self._lease_us
        self._scripts = scripts_of(self._redis, "homeostat.runtime.jobs.on_celery", SCRIPTS)

    async def check(self) -> None:
        """Raise NotAvailable where the server does not answer."""
        with _translated():
            await self._redis.ping()

    async def submit(self, jobs: Sequence[NewJob]) -> Sequence[str]:
        """Keep jobs, and return their ids. Raises QueueFull."""
        return (await self.submit_marked(jobs))[1]

    async def submit_marked(self, jobs: Sequence[NewJob]) -> tuple[str, Sequence[str]]:
        """Keep jobs, and return the mark under which they are in the outbox, and their ids."""
        rows = [
            (
                j.id,
                j.name,
                j.arguments,
                j.key,
                j.priority,
                j.due_ns // 1_000,
                j.made_ns // 1_000,
                j.keep_ns // 1_000,
            )
            for j in jobs
        ]
        mark, *ids = await self._run("submit", _text(rows), self._settings.waiting_max, self._resend_us)
        if mark == "full":
            raise QueueFull(
                f"the queue takes {self._settings.waiting_max} waiting jobs, and has room for {ids[0]}: "
                "start more workers, or enqueue less"
            )
        return mark, ids

    async def due(self, limit: int) -> tuple[str, Due]:
        """Return a mark, and the jobs for which a message has to go out now."""
        mark, *rest = await self._run("due", limit, self._resend_us)
        return mark, [(id, int(priority)) for id, priority in zip(rest[::2], rest[1::2], strict=True)]

    async def sent(self, mark: str, ids: Sequence[str]) -> None:
        """Take jobs out of the outbox: the broker has their messages."""
        await self._run("sent", mark, _text(ids))

    async def later(self, id: str, wait_s: float) -> None:
        """Have another message go out for a job that is ready."""
        await self._run("later", id, round(wait_s * 1e6))

    async def stranded(self, limit: int) -> None:
        """Have another message go out for jobs that are ready for longer than twice the lease."""
        await self._run("stranded", limit, self._resend_us)

    async def find(self, query: ById | Listed) -> Sequence[Job]:
        """Return jobs."""
        with _translated():
            if isinstance(query, ById):
                return await self._jobs(query.ids)
            last = (SCAN_MAX if query.name else query.limit) - 1
            ids = await self._redis.zrange(self._in_state(query.state), 0, last, desc=True)
            found = await self._jobs(ids)
        return [job for job in found if query.name in ("", job.name)][: query.limit]

    async def order(self, order: Order, ids: Sequence[str]) -> Sequence[str]:
        """Carry out an order, and return the jobs that it held for."""
        held: Sequence[str] = await self._run("order", order.value, _text(ids))
        return held

    async def exchange(self, worker: str, outcomes: Sequence[Outcome], ask: Ask) -> Exchanged:
        """Settle runs and take the jobs that were delivered."""
        rows = [
            (o.id, o.token, o.state, o.failed, o.delay_ns // 1_000, o.keep_ns // 1_000, o.result, o.error)
            for o in outcomes
        ]
        refused, claims = await self._run(
            "exchange",
            worker,
            self._lease_us,
            _text(rows),
            _text(ask.ids),
            _text(ask.limits),
            LOST_MAX,
            KEEP_DEAD_US,
        )
        return Exchanged(
            _ids.decode(refused),
            [
                Claim(id, name, arguments, token, failures, waited_ms, int(keep_us) * 1_000)
                for id, name, arguments, token, failures, waited_ms, keep_us in _claims.decode(claims)
            ],
        )

    async def beat(self, worker: str, reports: Sequence[Report]) -> Beat:
        """Prolong a lease, take back what dead workers held, and drop what has expired."""
        kept_max = self._settings.kept_max
        cancelled, lost = await self._run(
            "beat", worker, self._lease_us, _text(reports), LOST_MAX, KEEP_DEAD_US, kept_max
        )
        return Beat(frozenset(cancelled), frozenset(lost))

    async def leave(self, worker: str) -> None:
        """Give up a lease."""
        await self._run("leave", worker, LOST_MAX, KEEP_DEAD_US)

    async def depth(self) -> Depth:
        """Return how much waits."""
        states = (State.READY, State.SCHEDULED, State.RUNNING, State.DEAD)
        with _translated():
            async with self._redis.pipeline() as pipe:
                for state in states:
                    pipe.zcard(self._in_state(state))
                pipe.zrange(self._in_state(State.READY), 0, 0, withscores=True)
                pipe.time()
                ready, scheduled, running, dead, oldest, (seconds, micros) = await pipe.execute()
        age_ms = (seconds * 1e6 + micros - oldest[0][1]) / 1e3 if oldest else 0.0
        return Depth(ready, scheduled, running, dead, max(0.0, age_ms))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _in_state(self, state: State) -> str:
        return f"{self._prefix}:state:{state}"

    async def _jobs(self, ids: Sequence[str]) -> list[Job]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for id in ids:
                pipe.hgetall(f"{self._prefix}:job:{id}")
            return [_job(found) for found in await pipe.execute() if found]

    async def _run(self, script: str, *arguments: str | int) -> Any:
        with _translated():
            return await self._scripts[script](keys=[self._prefix], args=arguments)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise NotAvailable(f"the Redis that keeps the jobs does not answer as it should: {error}") from error


def _job(found: Mapping[str, str]) -> Job:
    return Job(
        id=found["id"],
        name=found["name"],
        state=State(found["state"]),
        key=found["key"],
        priority=int(found["priority"]),
        made_ns=int(found["made_us"]) * 1_000,
        due_ns=int(found["due_us"]) * 1_000,
        ended_ns=int(found["ended_us"]) * 1_000,
        token=int(found["token"]),
        failures=int(found["failures"]),
        lost=int(found["lost"]),
        progress=float(found["progress"]),
        note=found["note"],
        result=found["result"],
        error=found["error"],
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
