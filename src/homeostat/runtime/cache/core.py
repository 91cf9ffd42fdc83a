"""The core of a cache: look up, load once, keep, invalidate; the same for tasks and for threads."""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.runtime.cache.bridge import Bridge
from homeostat.runtime.cache.entry import Entry, Stamps
from homeostat.runtime.cache.flights import Flight, Flights
from homeostat.runtime.cache.io import Io, LoopIo, ThreadIo, run_now
from homeostat.runtime.cache.key import MemoryKey, shared_key, tenant_and_key
from homeostat.runtime.cache.lease import Lease
from homeostat.runtime.cache.lifetime import Lifetime
from homeostat.runtime.cache.memory import Memory
from homeostat.runtime.cache.observation import Observation
from homeostat.runtime.cache.serialiser import Sealed, Serialiser, encode_sealed
from homeostat.runtime.cache.stamping import SYNC_S, Stamping
from homeostat.runtime.cache.tiers.guard import TierGuard
from homeostat.runtime.cache.tiers.shared import SharedTiers
from homeostat.runtime.cache.tiers.tier import Item, Leases
from homeostat.runtime.cache.write_behind import WriteBehind
from homeostat.runtime.host import Host

V = TypeVar("V")

REFRESHES_MAX = 32
"""Refreshes of stale values that run at once; further ones are left to a later caller, and counted."""


FAILED = suppress(Exception)
"""What a refresh raises: counted as a load's error; its words may be content, so they are not logged."""


class Held(NamedTuple):
    """A value that is there."""

    value: Any
    stale: bool


@dataclass(frozen=True, slots=True)
class Settings(Generic[V]):
    """What a cache was told; see `Cache`."""

    name: str
    version: str
    lifetime: Lifetime
    serialiser: Serialiser[V]
    size_of: Callable[[V], int] | None
    in_bytes: bool
    memory_s: float
    lease_s: float
    write_behind: bool


class Core(Generic[V]):
    """One cache. Its methods wait through an `Io`; `loop` and `thread` are the two there are."""

    def __init__(
        self,
        host: Host,
        settings: Settings[V],
        memory: Memory,
        guards: Sequence[TierGuard],
        observation: Observation,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.memory = memory
        self.read = memory.reader
        self.observation = observation
        self.flights: Flights[V] = Flights(observation.shared_waits.add)
        self.bridge = Bridge(f"homeostat-cache-{settings.name}")
        self.loop = LoopIo()
        self.thread = ThreadIo(self.bridge)
        self._uniform = uniform
        self._now_ns = host.clock.monotonic_ns
        self._namespace = f"{settings.name}:{settings.version}"
        self.tiers = SharedTiers(guards, self._namespace, host.clock, observation) if guards else None
        self._leasing = next((g for g in guards if isinstance(g.tier, Leases)), None)
        self._stamping = Stamping(self.tiers, self._now_ns, observation.unverified)
        self.set_here = self._setter()
        self._changes = 0
        self._refreshing = threading.BoundedSemaphore(REFRESHES_MAX)
        self._behind = (
            WriteBehind(self.bridge, self.tiers.put, observation.writes_dropped)
            if settings.write_behind and self.tiers is not None
            else None
        )

    async def held(self, key: MemoryKey, io: Io) -> Held | None:
        """Return what memory has that is not dead; raise the error where one is kept."""
        entry = self.read(key)
        if entry is not None:
            return Held(entry.value, stale=False)
        entry = self.memory.find(key)
        now_ns = self._now_ns()
        if entry is None or now_ns >= entry.dead_ns:
            return None
        if entry.failed:
            assert isinstance(entry.value, Exception)
            raise entry.value.with_traceback(None)
        if entry.stamps and not await self._stamping.hold(entry.stamps, io):
            self.memory.delete_if(entry)
            return None
        stale = now_ns >= entry.fresh_ns
        if not stale:
            entry.served_ns = self._served_ns(entry, now_ns)
        self.memory.note_hit(entry)
        return Held(entry.value, stale)

    async def found(self, key: MemoryKey, io: Io) -> Held | None:
        """Return what any tier has."""
        held = await self.held(key, io)
        if held is None and self.tiers is not None:
            held = await self._shared(key, self._shared_key(key), io)
        if held is None:
            self.observation.misses.add(1)
        elif held.stale:
            self.observation.stale_served.add(1)
        return held

    async def _shared(self, key: MemoryKey, name: bytes, io: Io) -> Held | None:
        """Return what the shared tiers have, which memory has from then on."""
        assert self.tiers is not None
        changes = self._changes
        read = await io.run(self.tiers.read(name))
        if read is None:
            return None
        sealed, count = read
        value: Any = None
        if sealed.body is not None:
            try:
                value = self.settings.serialiser.decode(sealed.body)
            except (msgspec.MsgspecError, ValueError, TypeError):
                self.observation.undecodable.add(1)
                return None
        if sealed.stamps and not await self._stamping.hold(sealed.stamps, io):
            return None
        count(1)
        now_ms = self.tiers.now_ms()
        fresh_ns = (sealed.fresh_ms - now_ms) * 1_000_000
        if changes == self._changes:  # else it may be what was just deleted
            dead_ns = (sealed.dead_ms - now_ms) * 1_000_000
            self._into_memory(key, value, fresh_ns, dead_ns, sealed.stamps, sealed.body)
        return Held(value, fresh_ns <= 0)

    # --- Loading.

    def load_here(self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[], V]) -> V:
        """Return the value of a key, which `load` makes in this thread where it is not there."""
        held = run_now(self.held(key, self.thread))
        if held is not None:
            if held.stale:
                self._serve_stale(lambda: self._refresh_in_thread(key, tags, load))
            return held.value  # type: ignore[no-any-return]

        async def made() -> V:
            return load()

        return self.flights.run_here(
            key, tags, lambda flight: run_now(self._obtain(flight, key, made, self.thread))
        )

    async def load(self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[], Awaitable[V]]) -> V:
        """Return the value of a key, which `load` makes in a task of its own where it is not there."""
        held = await self.held(key, self.loop)
        if held is not None:
            if held.stale:
                self._serve_stale(lambda: self._refresh_in_task(key, tags, load))
            return held.value  # type: ignore[no-any-return]
        return await self.flights.run(key, tags, lambda flight: self._obtain(flight, key, load, self.loop))

    async def _obtain(
        self,
        flight: Flight[V],
        key: MemoryKey,
        load: Callable[[], Awaitable[V]],
        io: Io,
        refresh: bool = False,
    ) -> V:
        """Return what a tier has, or what is loaded now; one caller of a process at a time comes here."""
        entry = self.read(key)
        if entry is not None:
            return entry.value  # type: ignore[return-value]
        if self.tiers is None:
            return await self._loaded(flight, key, load, io)
        name = self._shared_key(key)
        held = await self._shared(key, name, io)
        if held is not None and not (held.stale and refresh):
            if held.stale:
                self.observation.stale_served.add(1)
            return held.value  # type: ignore[no-any-return]
        lease = self._lease(name)
        if lease is not None and not await io.run(lease.take()):
            if refresh and held is not None:
                return held.value  # type: ignore[no-any-return]
            self.observation.lease_waits.add(1)

            async def others() -> Held | None:
                return await self._shared(key, name, self.loop)

            held = await io.run(lease.take_or_wait(others))
            if held is not None:
                return held.value  # type: ignore[no-any-return]
        if lease is None or not lease.held:
            return await self._loaded(flight, key, load, io)
        stop = io.spawn(lease.keep())
        try:
            held = await self._shared(key, name, io)  # the last holder may have loaded it meanwhile
            if held is not None and not held.stale:
                return held.value  # type: ignore[no-any-return]
            return await self._loaded(flight, key, load, io)
        finally:
            stop()
            await io.run(lease.give_back())

    async def _loaded(self, flight: Flight[V], key: MemoryKey, load: Callable[[], Awaitable[V]], io: Io) -> V:
        stamps = await self._stamping.stamps(flight.tags, io)
        observation = self.observation
        observation.misses.add(1)
        observation.loads.add(1)
        began_ns = self._now_ns()
        try:
            value = await load()
        except Exception as error:
            observation.load_errors.add(1)
            if isinstance(error, self.settings.lifetime.errors) and not flight.outdated:
                self._keep_error(key, error)
            raise
        finally:
            observation.load_duration.record((self._now_ns() - began_ns) / 1e6)
        outdated = flight.outdated
        if not outdated:
            await self.keep(key, value, stamps, io)
        if flight.outdated and not outdated:  # while it was kept
            await self.delete((key,), io)
        return value

    # --- Refreshing what is stale.

    def _serve_stale(self, refresh: Callable[[], None]) -> None:
        self.observation.stale_served.add(1)
        if not self._refreshing.acquire(blocking=False):
            self.observation.refreshes_skipped.add(1)
            return
        refresh()

    def _refresh_in_task(
        self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[], Awaitable[V]]
    ) -> None:
        result = self.flights.start(
            key, tags, lambda flight: self._obtain(flight, key, load, self.loop, refresh=True)
        )
        if result is None:
            self._refreshing.release()
        else:
            result.add_done_callback(lambda _: self._refreshing.release())

    def _refresh_in_thread(self, key: MemoryKey, tags: tuple[str, ...], load: Callable[[], V]) -> None:
        async def made() -> V:
            return load()

        def obtained(flight: Flight[V]) -> V:
            return run_now(self._obtain(flight, key, made, self.thread, refresh=True))

        def work() -> None:
            try:
                with FAILED:
                    self.flights.run_here(key, tags, obtained)
            finally:
                self._refreshing.release()

        if key in self.flights:
            self._refreshing.release()
            return
        try:
            threading.Thread(target=work, name="homeostat-cache-refresh", daemon=True).start()
        except RuntimeError:  # no thread can be had, as at the interpreter's end
            self._refreshing.release()

    # --- Keeping and forgetting.

    async def set(self, key: MemoryKey, value: V, tags: tuple[str, ...], io: Io) -> None:
        """Keep a value; loads that are on their way do not replace it."""
        stamps = await self._stamping.stamps(tags, io) if tags else ()
        self._changes += 1
        self.flights.outdate(frozenset((key,)))
        await self.keep(key, value, stamps, io)

    def _setter(self) -> Callable[[MemoryKey, V], bool]:
        """Return what keeps a value without tags where memory is all there is; it tells whether it did.

        The hot path of setting, hence one function. A value that is there is replaced without a lock: who
        reads meanwhile gets either, who evicts it meanwhile has evicted the new one.
        """
        find, put, monotonic_ns, uniform = self.memory.find, self.memory.put, self._now_ns, self._uniform
        lifetime, on_their_way, outdate = (
            self.settings.lifetime,
            self.flights.on_their_way,
            self.flights.outdate,
        )
        ttl_ns, stale_ns = int(lifetime.ttl_s * SECOND_NS), int(lifetime.stale_s * SECOND_NS)
        jitter_ns = lifetime.jitter * ttl_ns
        not_plain = self.tiers is not None or self.settings.in_bytes

        def set_here(key: MemoryKey, value: V) -> bool:
            if not_plain or value is None:
                return False
            if on_their_way():
                outdate(frozenset((key,)))
            fresh_ns = monotonic_ns() + ttl_ns - int(jitter_ns * uniform())
            entry = find(key)
            if entry is None or entry.stamps or entry.failed:
                tenant_and_key(key)
                put(key, value, fresh_ns, fresh_ns, fresh_ns + stale_ns)
                return True
            entry.value = value
            entry.dead_ns = fresh_ns + stale_ns
            entry.fresh_ns = entry.served_ns = fresh_ns
            return True

        return set_here

    async def keep(self, key: MemoryKey, value: V, stamps: Stamps | None, io: Io) -> None:
        """Keep a value in memory and in the shared tiers; not where its tags' stamps are not known."""
        settings = self.settings
        fresh_ns, dead_ns = settings.lifetime.times_ns(value, self._uniform)
        if not dead_ns or stamps is None:
            return
        tiers = self.tiers
        body: bytes | None = None
        if tiers is not None or (settings.in_bytes and settings.size_of is None):
            body = self._encoded(value) if value is not None else None
        self._into_memory(key, value, fresh_ns, dead_ns, stamps, body)
        if tiers is None:
            return
        now_ms = tiers.now_ms()
        sealed = Sealed(now_ms + fresh_ns // 1_000_000, now_ms + dead_ns // 1_000_000, body, stamps)
        item = Item(self._shared_key(key), encode_sealed(sealed), dead_ns // 1_000_000)
        if self._behind is not None:
            self._behind.put(item)
        else:
            await io.run(tiers.put((item,)))

    def _encoded(self, value: V) -> bytes:
        try:
            return self.settings.serialiser.encode(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(
                f"a value of cache {self.settings.name!r} cannot be written as bytes: {error}; "
                "give the cache a `serialiser` of its type"
            ) from error

    async def delete(self, keys: Iterable[MemoryKey], io: Io) -> None:
        """Forget keys in all tiers, and have loads of them that are on their way not kept."""
        gone = frozenset(keys)
        self._changes += 1
        self.flights.outdate(gone)
        for key in gone:
            self.memory.delete(key)
        if self.tiers is None or not gone:
            return
        names = [self._shared_key(key) for key in gone]
        if self._behind is not None:
            being_written = self._behind.drop(names)
            if being_written is not None:
                await io.run(_ended(being_written))
        await io.run(self.tiers.delete(names))
        self._changes += 1  # who asked meanwhile may have read what the tiers had still
        for key in gone:
            self.memory.delete(key)

    async def invalidate(self, tags: Sequence[str], io: Io) -> None:
        """Forget all that has one of some tags, here at once, in other processes within `SYNC_S`."""
        stamps = self._stamping.renew(tags)
        self._changes += 1
        self.flights.outdate(frozenset(), frozenset(tags))
        self.memory.delete_tagged(tags)
        if self.tiers is not None and stamps:
            await io.run(self.tiers.stamp(stamps))

    async def close(self, io: Io) -> None:
        """Write what waits to be written, and give back connections and files."""
        self.memory.look()
        if self._behind is not None:
            await io.run(_ended(self._behind.drain()))
        if self.tiers is not None:
            await io.run(self.tiers.close())

    def close_bridge(self) -> None:
        """Give back what the bridge's loop holds, and end its thread; a later use starts it again."""
        if self.bridge.is_open and self.tiers is not None:
            self.bridge.run(self.tiers.close())
        self.bridge.close()

    # --- Times, sizes, stamps.

    def _into_memory(
        self, key: MemoryKey, value: V, fresh_ns: int, dead_ns: int, stamps: Stamps, body: bytes | None
    ) -> None:
        """Keep a value in memory for durations from now."""
        now_ns = self._now_ns()
        if self.tiers is not None:
            memory_ns = int(self.settings.memory_s * SECOND_NS)
            fresh_ns, dead_ns = min(fresh_ns, memory_ns), min(dead_ns, memory_ns)
        fresh_ns, dead_ns = now_ns + fresh_ns, now_ns + dead_ns
        served_ns = fresh_ns
        if stamps and self.tiers is not None:
            served_ns = min(fresh_ns, now_ns + int(SYNC_S * SECOND_NS))
        weight = 1
        if self.settings.in_bytes:
            size_of = self.settings.size_of
            weight = max(1, size_of(value) if size_of is not None else len(body or b""))
        if not self.memory.put(key, value, served_ns, fresh_ns, dead_ns, weight, stamps):
            self.observation.too_large.add(1)

    def _keep_error(self, key: MemoryKey, error: Exception) -> None:
        dead_ns = self._now_ns() + int(self.settings.lifetime.error_s * SECOND_NS)
        self.memory.put(key, error, 0, 0, dead_ns, failed=True)

    def _served_ns(self, entry: Entry, now_ns: int) -> int:
        return min(entry.fresh_ns, now_ns + int(SYNC_S * SECOND_NS))

    def _shared_key(self, key: MemoryKey) -> bytes:
        tenant, own = tenant_and_key(key)
        return shared_key(self._namespace, tenant, own)

    def _lease(self, name: bytes) -> Lease | None:
        guard = self._leasing
        if guard is None or guard.resting or not isinstance(guard.tier, Leases):
            return None
        return Lease(guard, guard.tier, name, self.settings.lease_s, self._now_ns)


async def _ended(work: "Future[None]") -> None:
    await asyncio.wrap_future(work)
