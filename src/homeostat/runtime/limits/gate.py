"""The gate: lets as many calls through as a limit says; others wait or are told when to come back."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import check, remaining_s
from homeostat.runtime.limits.fair_queue import FairQueue, Place, Priority
from homeostat.runtime.limits.limit import Ended, Limit
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded, Refused

MS_NS = 1_000_000

HOLD_WEIGHT = 0.05
"""How much the last call counts in the mean of how long calls take."""

STANDING_SHARE = 0.1
"""The share of `wait_max_s` that calls of a key may wait once some have waited for that long without a break:
a queue that stands evens nothing out, it only makes all answers late (Nichols and Jacobson, 2012)."""

ADMITTED, FULL, TOO_LONG, EXPIRED, DISPLACED = "admitted", "full", "too_long", "expired", "displaced"

WHY = {
    FULL: "its queue is full",
    TOO_LONG: "the queue is too long to be served in time",
    EXPIRED: "the wait was too long",
    DISPLACED: "something more urgent took its place",
}


@dataclass(slots=True, eq=False)
class Waiter(Place):
    """A call that waits. `verdict` is empty until it is admitted or refused; `wake` then tells it so.

    `wake` returns False where nobody is there to be told.
    """

    since_ns: int
    wake: Callable[[], bool]
    verdict: str = ""


class Gate:
    """A limit on calls in progress, with a bounded and fair queue by priority, for threads, tasks and loops.

    A call waits at most `wait_max_s` and never past its deadline; one that would have to wait longer, by how
    long calls take at present, is refused at once (`Overloaded.retry_after_s`). Where `queue_max` wait
    already, one that is more urgent, or of a key with fewer in the queue, takes another's place.

    Guarantee: at most `limit` calls are in progress, unless the limit has just been lowered; no permit is
    lost, whatever is cancelled and when (`tests/runtime/limits/test_gate.py`). Less urgent calls may wait
    until they are refused. Its knobs are `<name>_queue_max` and `<name>_wait_max_s`.
    """

    def __init__(
        self, host: Host, name: str, limit: Limit, *, queue_max: int = 100, wait_max_s: float = 1.0
    ) -> None:
        self.name = name
        self.limit = limit
        self._now_ns = host.clock.monotonic_ns
        self._lock = threading.Lock()
        self._queue = FairQueue[Waiter]()
        self._in_flight = 0
        self._turned_away = False
        self._hold_ns = 0.0
        declare = host.knob_set.declare
        self._queue_max = declare(declared(f"{name}_queue_max", queue_max, low=0, high=100_000))
        self._wait_max_s = declare(
            declared(f"{name}_wait_max_s", wait_max_s, low=0.001, high=600.0, log=True)
        )
        self._count = {
            (outcome, priority): host.counter(
                "limit.calls", "1", limit=name, outcome=outcome, priority=priority.name.lower()
            ).add
            for outcome in (ADMITTED, *WHY)
            for priority in Priority
        }
        self._waited = host.histogram("limit.wait", "ms", limit=name).record
        self._in_force = host.gauge("limit.concurrency", "1", limit=name).set
        self._told = 0

    @property
    def in_flight(self) -> int:
        """Calls that are in progress."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Calls that wait."""
        return len(self._queue)

    def permit(self, priority: Priority = Priority.NORMAL, key: str = "") -> "Permit":
        """Return a context for one call: `async with` waits in a task, `with` blocks the thread.

        `key` is whose call it is, such as a tenant: keys take turns. Entering may raise `Overloaded` or
        `DeadlinePassed`.
        """
        return Permit(self, priority, key)

    def _begins(self, priority: Priority) -> bool:
        """Begin a call, False where others wait or the limit is reached."""
        with self._lock:
            if self._queue or self._in_flight >= self.limit.now():
                return False
            self._in_flight += 1
        self._waited(0.0)
        self._count[ADMITTED, priority](1)
        return True

    def _begin(self, priority: Priority, key: str, wake: Callable[[], bool]) -> Waiter | None:
        """Begin a call, or return the place in which it waits; raise Overloaded where it must not."""
        with self._lock:
            self._admit()
            limit = self.limit.now()
            if self._in_flight < limit:
                self._in_flight += 1
                self._waited(0.0)
                self._count[ADMITTED, priority](1)
                return None
            per_call_s = self._hold_ns / SECOND_NS / limit
            if (self._queue.ahead_of(priority, key) + 1) * per_call_s > self._wait_s(priority, key):
                raise self._refusal(TOO_LONG, priority)
            if len(self._queue) >= self._queue_max.get():
                displaced = self._queue.displaced_by(priority, key)
                if displaced is None:
                    raise self._refusal(FULL, priority)
                self._drop(displaced, DISPLACED)
            now_ns = self._now_ns()
            waiter = Waiter(priority, key, now_ns, wake)
            self._queue.push(waiter, now_ns)
            return waiter

    def _wait_s(self, priority: Priority, key: str) -> float:
        """Return how long a call may wait."""
        wait_max_s: float = self._wait_max_s.get()
        since_ns = self._queue.since_ns(priority, key)
        if since_ns is not None and self._now_ns() - since_ns > wait_max_s * SECOND_NS:
            wait_max_s *= STANDING_SHARE
        return min(wait_max_s, remaining_s())

    def _refusal(self, why: str, priority: Priority) -> Overloaded:
        self._count[why, priority](1)
        self._turned_away = True
        retry_after_s = (len(self._queue) + 1) * self._hold_ns / SECOND_NS / self.limit.now()
        return Overloaded(
            f"{self.name!r} lets no call through now: {WHY[why]}; try again in {retry_after_s:.3g} s",
            retry_after_s,
        )

    def _drop(self, waiter: Waiter, why: str) -> None:
        self._queue.remove(waiter)
        waiter.verdict = why
        waiter.wake()

    def _expire(self, waiter: Waiter) -> None:
        """Refuse a call that has waited long enough, unless it was admitted or refused meanwhile."""
        with self._lock:
            if not waiter.verdict:
                self._drop(waiter, EXPIRED)

    def _settle(self, waiter: Waiter) -> None:
        """Return where the call was admitted in time, raise Overloaded or DeadlinePassed where it was not."""
        if waiter.verdict != ADMITTED:
            with self._lock:
                raise self._refusal(waiter.verdict, waiter.priority)
        try:
            check(self.name)
        except DeadlinePassed:
            self._abandon(waiter)
            raise

    def _abandon(self, waiter: Waiter) -> None:
        """Take back a call whose caller went away while it waited."""
        with self._lock:
            if waiter.verdict == ADMITTED:
                self._in_flight -= 1
                self._admit()
            elif not waiter.verdict:
                self._queue.remove(waiter)

    def _end(self, began_ns: int, error: BaseException | None) -> None:
        now_ns = self._now_ns()
        took_ns = now_ns - began_ns
        with self._lock:
            self._hold_ns += (took_ns - self._hold_ns) * (HOLD_WEIGHT if self._hold_ns else 1.0)
            binding = self._turned_away or len(self._queue) > 0
            self._turned_away = False
            self.limit.ended(Ended(now_ns, took_ns, error is None, _gave_up(error), self._in_flight, binding))
            self._in_flight -= 1
            self._admit()

    def _admit(self) -> None:
        """Admit as many of those who wait as the limit allows."""
        limit = self.limit.now()
        if limit != self._told:
            self._told = limit
            self._in_force(limit)
        while self._in_flight < limit and (waiter := self._queue.pop()) is not None:
            waiter.verdict = ADMITTED
            if waiter.wake():
                self._in_flight += 1
                self._waited((self._now_ns() - waiter.since_ns) / MS_NS)
                self._count[ADMITTED, waiter.priority](1)


class Permit:
    """One call through a gate."""

    __slots__ = ("_began_ns", "_gate", "_key", "_priority")

    def __init__(self, gate: Gate, priority: Priority, key: str) -> None:
        self._gate = gate
        self._priority = priority
        self._key = key

    def __enter__(self) -> None:
        gate = self._gate
        check(gate.name)
        if not gate._begins(self._priority):
            self._wait()
        self._began_ns = gate._now_ns()

    async def __aenter__(self) -> None:
        gate = self._gate
        check(gate.name)
        if not gate._begins(self._priority):
            await self._wait_async()
        self._began_ns = gate._now_ns()

    def _wait(self) -> None:
        gate, woken = self._gate, threading.Event()
        waiter = gate._begin(self._priority, self._key, partial(_wake_thread, woken))
        if waiter is None:
            return
        try:
            if not woken.wait(gate._wait_s(self._priority, self._key)):
                gate._expire(waiter)
        except BaseException:
            gate._abandon(waiter)
            raise
        gate._settle(waiter)

    async def _wait_async(self) -> None:
        gate, loop = self._gate, asyncio.get_running_loop()
        woken = loop.create_future()
        waiter = gate._begin(self._priority, self._key, partial(_wake_task, loop, woken))
        if waiter is None:
            return
        timer = loop.call_later(gate._wait_s(self._priority, self._key), gate._expire, waiter)
        try:
            await woken
        except BaseException:
            gate._abandon(waiter)
            raise
        finally:
            timer.cancel()
        gate._settle(waiter)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate._end(self._began_ns, error)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate._end(self._began_ns, error)


def _gave_up(error: BaseException | None) -> bool:
    """Whether a caller no longer waited for a call that had been begun: it timed out or was cancelled."""
    if isinstance(error, Exception):
        return isinstance(error, TimeoutError) and not isinstance(error, Refused)
    return error is not None


def _wake_thread(woken: threading.Event) -> bool:
    woken.set()
    return True


def _wake_task(loop: asyncio.AbstractEventLoop, woken: asyncio.Future[None]) -> bool:
    """Wake a task from whichever thread; False where its loop was closed without it having been cancelled."""
    try:
        if asyncio.get_running_loop() is loop:
            _resolve(woken)
            return True
    except RuntimeError:
        pass  # called from a thread without a loop
    try:
        loop.call_soon_threadsafe(_resolve, woken)
    except RuntimeError:
        return False
    return True


def _resolve(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
