"""Flights: one load of a key for all who ask for it at once, whoever of them is cancelled meanwhile.

A load runs in a task of its own, so that cancelling a caller, the first one included, takes nothing from the
others. It is cancelled when nobody waits for it any more. Plain functions load in the thread of the first
caller, which nothing cancels; tasks and threads may wait for each other's loads.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from homeostat.core.errors import HomeostatError
from homeostat.runtime.cache.key import MemoryKey

T = TypeVar("T")


class LoadsItself(HomeostatError):
    """A load asks for a key whose load waits for it, its own one included: both would wait for ever."""


class LoadCancelled(HomeostatError):
    """What a load waited for was cancelled, although nobody cancelled the load."""


class _Abandoned(Exception):
    """The load ended without a result, because its thread or its event loop did."""


@dataclass(eq=False, slots=True)
class Flight(Generic[T]):
    """One load on its way. `tags` are those of the value; it is not kept once the flight is `outdated`."""

    tags: tuple[str, ...]
    result: "Future[T]" = field(default_factory=Future)
    waiters: int = 0
    thread: int = 0
    loop: asyncio.AbstractEventLoop | None = None
    task: "asyncio.Task[None] | None" = None
    outdated: bool = False
    awaits: "set[Flight[T]]" = field(default_factory=set)
    """Loads that this one waits for."""


_inside: ContextVar[tuple[Flight[object], ...]] = ContextVar("homeostat_cache_flights", default=())


class Flights(Generic[T]):
    """The loads on their way, by key. At most one of a key is joined; any task and any thread may."""

    def __init__(self, waited: Callable[[float], None]) -> None:
        self._waited = waited
        self._lock = threading.Lock()
        self._flights: dict[MemoryKey, Flight[T]] = {}
        self.on_their_way = self._flights.__len__
        """Returns how many there are."""
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, key: MemoryKey) -> bool:
        return key in self._flights

    def outdate(self, keys: frozenset[MemoryKey], tags: frozenset[str] = frozenset()) -> None:
        """Have loads of some keys, or with some tags, not kept: what they read may be old.

        Who waits gets their results; who asks from now on gets a new load.
        """
        if not self._flights:
            return
        with self._lock:
            for key, flight in list(self._flights.items()):
                if key in keys or not tags.isdisjoint(flight.tags):
                    flight.outdated = True
                    del self._flights[key]

    async def run(
        self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[Flight[T]], Awaitable[T]]
    ) -> T:
        """Return what the load of a key that is on its way returns, or that of a new one."""
        while True:
            flight, leads = self._joined(key, tags)
            if leads:
                self._start(key, flight, load)
            try:
                return await _wait(flight)
            except _Abandoned:
                continue
            finally:
                self._left(key, flight)

    def start(
        self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[Flight[T]], Awaitable[T]]
    ) -> "Future[T] | None":
        """Begin a load that nobody's going ends, and return its result; None where one is on its way."""
        with self._lock:
            if key in self._flights:
                return None
            flight = self._flights[key] = Flight[T](tags, waiters=1)
        self._start(key, flight, load)
        return flight.result

    def run_here(self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[Flight[T]], T]) -> T:
        """Do the same in this thread: the first caller loads, the others wait."""
        while True:
            flight, leads = self._joined(key, tags)
            try:
                if leads:
                    return self._load_here(key, flight, load)
                if flight.thread == threading.get_ident() and not flight.result.done():
                    # A task of this thread's own event loop loads it, which cannot go on while this waits.
                    return load(Flight[T](tags, outdated=True))
                return flight.result.result()
            except _Abandoned:
                continue
            finally:
                self._left(key, flight)

    def _joined(self, key: MemoryKey, tags: tuple[str, ...]) -> tuple[Flight[T], bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                flight = self._flights[key] = Flight[T](tags)
                flight.waiters = 1
                return flight, True
            outer = _inside.get()
            if outer:
                if _waits_for(flight, outer):
                    raise LoadsItself(
                        "the load of a cached value asks for a value whose load waits for it: "
                        "call the function itself there, not its cached form"
                    )
                outer[-1].awaits.add(flight)  # type: ignore[arg-type]
            flight.waiters += 1
        self._waited(1)
        return flight, False

    def _start(self, key: MemoryKey, flight: Flight[T], load: Callable[[Flight[T]], Awaitable[T]]) -> None:
        flight.loop = asyncio.get_running_loop()
        flight.thread = threading.get_ident()
        flight.task = flight.loop.create_task(self._fly(key, flight, load))
        self._tasks.add(flight.task)

        def ended(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            if not flight.result.done():  # it was cancelled before it began
                self._land(key, flight, _Abandoned())

        flight.task.add_done_callback(ended)

    async def _fly(
        self, key: MemoryKey, flight: Flight[T], load: Callable[[Flight[T]], Awaitable[T]]
    ) -> None:
        _inside.set((*_inside.get(), flight))  # type: ignore[arg-type]
        try:
            result = await load(flight)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._land(key, flight, _Abandoned())
                raise
            told = LoadCancelled("what the load of a cached value waited for was cancelled; ask again")
            told.__cause__ = error
            self._land(key, flight, told)
        except Exception as error:  # noqa: BLE001 - it is raised again in all who wait
            self._land(key, flight, error)
        except BaseException:
            self._land(key, flight, _Abandoned())
            raise
        else:
            self._remove(key, flight)
            flight.result.set_result(result)

    def _load_here(self, key: MemoryKey, flight: Flight[T], load: Callable[[Flight[T]], T]) -> T:
        flight.thread = threading.get_ident()
        token = _inside.set((*_inside.get(), flight))  # type: ignore[arg-type]
        try:
            result = load(flight)
        except Exception as error:
            self._land(key, flight, error)
            raise
        except BaseException:
            self._land(key, flight, _Abandoned())
            raise
        finally:
            _inside.reset(token)
        self._remove(key, flight)
        flight.result.set_result(result)
        return result

    def _land(self, key: MemoryKey, flight: Flight[T], error: Exception) -> None:
        self._remove(key, flight)
        flight.result.set_exception(error)

    def _remove(self, key: MemoryKey, flight: Flight[T]) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def _left(self, key: MemoryKey, flight: Flight[T]) -> None:
        """Note that a caller goes; where it was the last one before the end, cancel the load."""
        with self._lock:
            for outer in _inside.get()[-1:]:
                outer.awaits.discard(flight)
            flight.waiters -= 1
            if flight.waiters or flight.result.done() or flight.task is None or flight.loop is None:
                return
            if self._flights.get(key) is flight:
                del self._flights[key]
        _soon(flight.loop, flight.task.cancel)


def _waits_for(flight: Flight[Any], others: Sequence[Flight[Any]]) -> bool:
    """Tell whether a load is one of others or waits for one, through however many."""
    seen, left = set[Flight[Any]](), [flight]
    while left:
        each = left.pop()
        if any(each is other for other in others):
            return True
        if each not in seen:
            seen.add(each)
            left.extend(each.awaits)
    return False


async def _wait(flight: Flight[T]) -> T:
    """Return the result of a flight; being cancelled does nothing to it."""
    if not flight.result.done():
        loop = asyncio.get_running_loop()
        landed = loop.create_future()

        def wake() -> None:
            if not landed.done():
                landed.set_result(None)

        def tell(_: "Future[T]") -> None:
            _soon(loop, wake)

        flight.result.add_done_callback(tell)
        await landed
    return flight.result.result()


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Have a loop call something; one that is closed has nothing left that waits for it."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(call)
