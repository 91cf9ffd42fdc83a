"""The bus: what one part of an application tells the others, whoever and wherever they are."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, HomeostatError, InputError
from homeostat.core.log import event as log_event
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.consumer import Consumer
from homeostat.runtime.bus.kind import Kind, Upgrade
from homeostat.runtime.bus.knobs import declare_knobs
from homeostat.runtime.bus.meter import Meter
from homeostat.runtime.bus.opening import open_backend
from homeostat.runtime.bus.record import BusFull, Lag, Letter, Record
from homeostat.runtime.bus.settings import Settings
from homeostat.runtime.bus.subscription import Patience, Subscription
from homeostat.runtime.bus.told import Told
from homeostat.runtime.ending import ended, raised
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.grouped import Grouped

E = TypeVar("E", bound=msgspec.Struct)
Handled = TypeVar("Handled", bound=Callable[[Any], Awaitable[None] | None])

TELL_MAX = 500
TIDY_S = 2.0
TIDY_EVENTS = 10_000
"""How often what is over is dropped while the bus is served, and after how many events where it is not."""

FULL_POLL_S = 0.01
"""How often a publisher who waits looks whether there is room."""

AGAIN_S = 0.5
"""How long what was told waits where it could not be published."""


class Bus:
    """Events by key, to any number of subscribers, each of which gets all in the order of its keys.

    Each event reaches each subscriber at least once: one that fails, or whose process dies, gets it again.
    Within a key an event comes only after the one before it is over. One process at a time serves a
    subscriber; its others stand by. `address` is a file (all processes of one machine) or a `redis://` URL.
    """

    def __init__(
        self,
        host: Host,
        address: str | Path,
        *,
        name: str = "bus",
        lag_max: int = 100_000,
        keep_s: float = 3_600.0,
        kept_max: int = 1_000_000,
        lease_s: float = 3.0,
    ) -> None:
        """Say where the events are; nothing is opened before the first use.

        A publisher waits while a subscriber is `lag_max` events behind. What all have taken is kept for
        `keep_s`, to be replayed, and of all events the newest `kept_max`. `lease_s` is how long after the
        end of a process that was killed another one takes its subscribers over.
        """
        self.host = host
        self.settings = Settings(name, str(address), lag_max, keep_s, kept_max, lease_s)
        self._process = 0
        self._owner = ""
        self._kinds: dict[type[msgspec.Struct], Kind[Any]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._knobs = declare_knobs(host, name)
        self._meter = Meter(host, name)
        self._told = Told(host.losses)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._backend: Backend | None = None
        self._opening = asyncio.Lock()
        self._passing_on = asyncio.Lock()
        self._consumers: list[Consumer] = []
        self._untidied = 0
        self._appends: Grouped[Sequence[Record], Sequence[int]] = Grouped(self._append)

    def kind(
        self,
        struct: type[E],
        name: str,
        *,
        key: Callable[[E], str],
        version: int = 1,
        upgrades: Mapping[int, Upgrade] | None = None,
    ) -> Kind[E]:
        """Declare the events of a struct. Raises ConfigError."""
        made = Kind(struct, name, version, key, upgrades)
        if struct in self._kinds or any(kind.name == name for kind in self._kinds.values()):
            raise ConfigError(f"event {name!r}, or its struct, was declared before: declare each once")
        self._kinds[struct] = made
        return made

    def on(
        self, kind: Kind[Any], subscriber: str, *, live: bool = False, patience: Patience | None = None
    ) -> Callable[[Handled], Handled]:
        """Have a function take the events of a kind, as part of a subscriber. Raises ConfigError.

        An `async def` may wait; any other function runs on the event loop, and must only compute. A `live`
        subscriber is each process by itself: it gets what is published while it serves, and leaves no trace.
        """
        if not subscriber.replace("-", "_").replace(".", "_").isidentifier() or len(subscriber) > 100:
            raise ConfigError(
                f"a subscriber's name has letters, digits, '_', '-' and '.', not {subscriber!r}"
            )
        if self._kinds.get(kind.struct) is not kind:
            raise ConfigError(f"event {kind.name!r} was not declared on this bus")
        if self._backend is not None:
            raise ConfigError(f"subscriber {subscriber!r} comes too late: declare it before the bus is used")

        def handles(function: Handled) -> Handled:
            found = self._subscriptions.get(subscriber)
            if found is None:
                found = Subscription(subscriber, live, patience or Patience())
                self._subscriptions[subscriber] = found
            elif found.live is not live or patience not in (None, found.patience):
                raise ConfigError(f"subscriber {subscriber!r} was declared before with other settings")
            found.add(kind, function)
            return function

        return handles

    async def publish(self, *events: msgspec.Struct, wait_s: float = 5.0) -> list[int]:
        """Keep events, all or none, and return their positions once they outlive this process.

        Where a subscriber is too far behind it waits for up to `wait_s`, then raises BusFull. Raises
        InputError where an event does not fit, StoreError or NotAvailable where it could not be kept.
        """
        clock = self.host.clock
        begin_ns = clock.monotonic_ns()
        records = [self._record(one) for one in events]
        if not records:
            return []
        await self.backend()
        until_ns = begin_ns + round(wait_s * SECOND_NS)
        while True:
            try:
                positions = await self._appends.put(records)
                break
            except BusFull as error:
                if clock.monotonic_ns() >= until_ns:
                    self._meter.refused(len(records))
                    raise BusFull(f"{error}; waited {wait_s:g} s") from None
                await asyncio.sleep(FULL_POLL_S)
        self._count(records)
        self._meter.publishing.record((clock.monotonic_ns() - begin_ns) / 1e6)
        return list(positions)

    def tell(self, event: msgspec.Struct) -> None:
        """Have an event published soon: any thread may call it, and it never waits.

        It outlives the process only once it is published, within milliseconds while the bus is served; what
        exceeds 10,000 that wait is counted as `bus.told_dropped`. Raises InputError.
        """
        self._told.put(self._record(event))

    @property
    def waiting(self) -> int:
        """Events that were told and are not published yet."""
        return len(self._told)

    async def serve(self) -> None:
        """Hand events to the subscribers of this process, and publish what is told, until cancelled.

        Where what keeps the events does not answer, it is tried again. Raises ConfigError.
        """
        await self._opened()
        tasks = [asyncio.create_task(part) for part in self._parts()]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(tasks)
            await self.flush()
        raised(tasks)

    async def flush(self) -> None:
        """Publish what was told so far, as far as that is possible now."""
        try:
            while self.waiting:
                await self._tell_some()
        except HomeostatError as error:
            self.host.losses.add("bus.told_put_off", len(self._told))
            log_event("bus.told_put_off", reason=type(error).__name__)

    async def seek(self, subscriber: str, *, after: int = 0, since: datetime | None = None) -> int:
        """Have a subscriber get all events again that follow a position or a time; return its position.

        What is not kept any more does not come again. Raises InputError where it is not known.
        """
        if since is not None and since.tzinfo is None:
            raise InputError(f"{since.isoformat()} has no time zone: give one, such as tzinfo=timezone.utc")
        at_ns = 0 if since is None else max(1, round(since.timestamp() * SECOND_NS))
        position = await (await self.backend()).seats.seek(subscriber, max(0, after), at_ns=at_ns)
        if position is None:
            raise InputError(f"bus {self.settings.name!r} has no subscriber {subscriber!r}")
        return position

    async def leave(self, subscriber: str) -> None:
        """Forget a subscriber that nobody serves any more, with its letters."""
        await (await self.backend()).seats.leave(subscriber, "")

    async def letters(self, subscriber: str = "", limit: int = 100) -> Sequence[Letter]:
        """Return the newest dead letters, of one subscriber if it is named."""
        return await (await self.backend()).desk.letters(subscriber, limit)

    async def requeue(self, *ids: str) -> Sequence[str]:
        """Have dead letters tried again, in their keys' turn; return those that were there."""
        return await (await self.backend()).desk.requeue(ids)

    async def forget(self, *ids: str) -> Sequence[str]:
        """Throw dead letters away; return those that were there."""
        return await (await self.backend()).desk.forget(ids)

    async def lags(self) -> Sequence[Lag]:
        """Return how far each subscriber is, except for live ones."""
        return await (await self.backend()).lags()

    async def backend(self) -> Backend:
        """Return what keeps the events, opened at the first call, and anew in a forked child.

        It belongs to one event loop. In another one it is opened anew once that one is closed. Raises
        ConfigError while both run.
        """
        loop = asyncio.get_running_loop()
        over = self._loop is not loop and (self._loop is None or self._loop.is_closed())
        if over or self._process != os.getpid():
            self._process = os.getpid()
            self._owner = f"{socket.gethostname()}-{self._process}-{os.urandom(4).hex()}"
            self._loop, self._backend = loop, None
            self._opening, self._passing_on = asyncio.Lock(), asyncio.Lock()
        if self._loop is not loop:
            raise ConfigError(
                f"bus {self.settings.name!r} is used in another event loop, which runs still: "
                "make a Bus object for each"
            )
        if self._backend is None:
            async with self._opening:
                if self._backend is None:
                    self._backend = await self._begun(await open_backend(self.settings, self.host.clock))
        return self._backend

    async def close(self) -> None:
        """Publish what was told, and let go of what keeps the events; a later call opens it again."""
        await self.flush()
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _opened(self) -> None:
        while True:
            try:
                await self.backend()
                return
            except ConfigError:
                raise
            except HomeostatError:
                self.host.losses.add("bus.engine_failed")
                await asyncio.sleep(AGAIN_S)

    def _record(self, event: msgspec.Struct) -> Record:
        kind = self._kinds.get(type(event))
        if kind is None:
            raise InputError(
                f"{type(event).__name__} was not declared as an event of bus {self.settings.name!r}"
            )
        try:
            return kind.encode(event, self.host.clock.now_ns())
        except InputError:
            self._meter.invalid()
            raise

    async def _begun(self, backend: Backend) -> Backend:
        """Have what is published from now on come to the subscribers of this process."""
        self._consumers = [self._consumer(backend, one) for one in self._subscriptions.values()]
        try:
            for consumer in self._consumers:
                await consumer.begin()
        except BaseException:
            await backend.close()
            raise
        return backend

    def _consumer(self, backend: Backend, subscription: Subscription) -> Consumer:
        return Consumer(
            self.host,
            backend,
            subscription,
            self._knobs,
            self._meter.of(subscription.name),
            self._owner,
            self.settings.lease_s,
        )

    def _parts(self) -> list[Any]:
        return [self._telling(), self._tidying(), *(consumer.serve() for consumer in self._consumers)]

    async def _append(self, groups: Sequence[Sequence[Record]]) -> Sequence[Sequence[int]]:
        backend = await self.backend()
        records = [record for group in groups for record in group]
        positions = iter(await backend.log.append(records))
        self._untidied += len(records)
        if self._untidied > TIDY_EVENTS:  # nobody may be serving who would
            await self._tidy(backend)
        return [[next(positions) for _ in group] for group in groups]

    async def _telling(self) -> None:
        while True:
            await self._told.some()
            try:
                await self._tell_some()
            except HomeostatError as error:
                self.host.losses.add("bus.told_put_off")
                log_event("bus.told_put_off", reason=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _tell_some(self) -> None:
        async with self._passing_on:
            records = self._told.take(TELL_MAX)
            if records:
                await self._appends.put(records)
                self._told.taken(len(records))
                self._count(records)

    async def _tidying(self) -> None:
        while True:
            try:
                backend = await self.backend()
                await self._tidy(backend)
                self._meter.lags(await backend.lags())
            except HomeostatError:
                self.host.losses.add("bus.tidy_failed")
            await asyncio.sleep(TIDY_S)

    async def _tidy(self, backend: Backend) -> None:
        self._untidied = 0
        dropped = await backend.tidy()
        if dropped:
            self.host.losses.add("bus.kept_max", dropped)

    def _count(self, records: Sequence[Record]) -> None:
        for record in records:
            self._meter.published(record.name)
