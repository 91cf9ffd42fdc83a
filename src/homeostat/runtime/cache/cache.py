"""The cache: values by key in memory, Redis and a database, loaded once for all who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.cache.cached import CachedAsync, CachedSync, wrapped
from homeostat.runtime.cache.core import Core, Settings
from homeostat.runtime.cache.key import Key, KeyOf, MemoryKey, checked_name, memory_key
from homeostat.runtime.cache.lifetime import Lifetime, lifetime_of
from homeostat.runtime.cache.memory import AUTO, Memory
from homeostat.runtime.cache.observation import Observation
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.serialiser import ANYTHING, Serialiser
from homeostat.runtime.cache.sync_cache import SyncCache, tags_of
from homeostat.runtime.cache.tiers.guard import TierGuard
from homeostat.runtime.cache.tiers.tier import Tier
from homeostat.runtime.host import Host

V = TypeVar("V")
D = TypeVar("D")
P = ParamSpec("P")

ENTRIES_MAX = 10_000_000
BYTES_MAX = 1 << 40


class Cache(Generic[V]):
    """A cache of one kind of value; `sync` is the same for plain functions.

    >>> import asyncio
    >>> from homeostat.testing.bare_host import BareHost
    >>> cache: Cache[str] = Cache(BareHost(), "profiles", lifetime="profile")
    >>> async def load() -> str:
    ...     return "Ann"
    >>> asyncio.run(cache.load("user:1", load))
    'Ann'
    >>> cache.sync.get("user:1")
    'Ann'

    `lifetime` is one of the kinds of `lifetimes.toml`, seconds, or a `Lifetime`. Memory is bounded by
    `entries_max` or by `bytes_max`, which is the default of the knob `<name>_entries` or `<name>_bytes`; the
    knob `<name>_policy` is `policy`, by default what the shadows say. `redis` and `store` are tiers behind it
    that share values with other processes under `name` and `version`; from there, values stay in memory for
    `memory_s` at most. Values are handed out as they are, not copied: do not change them.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        lifetime: str | float | Lifetime = "decision",
        entries_max: int | None = None,
        bytes_max: int | None = None,
        policy: str = AUTO,
        redis: Tier | None = None,
        store: Tier | None = None,
        serialiser: Serialiser[V] = ANYTHING,
        size_of: Callable[[V], int] | None = None,
        version: str = "1",
        memory_s: float = 60.0,
        lease_s: float = 5.0,
        write_behind: bool = False,
    ) -> None:
        """Declare the knobs and prepare the tiers. Raises ConfigError for what does not fit together."""
        checked_name("the name of a cache", name)
        if entries_max is not None and bytes_max is not None:
            raise ConfigError(f"cache {name!r}: bound it by entries_max or by bytes_max, not by both")
        if size_of is not None and bytes_max is None:
            raise ConfigError(f"cache {name!r}: size_of needs bytes_max")
        if not memory_s > 0.0 or not 0.1 <= lease_s <= 600.0:
            raise ConfigError(
                f"cache {name!r}: memory_s must be above 0 and lease_s from 0.1 to 600, "
                f"not {memory_s!r} and {lease_s!r}"
            )
        observation = Observation(host, name)
        memory = Memory(
            _capacity(host, name, entries_max, bytes_max),
            host.knob_set.declare(
                declared(
                    f"{name}_policy",
                    policy,
                    choices=(AUTO, *POLICIES),
                    settle_s=60.0,
                    help=f"which entries of the cache {name} go first; auto: what its shadows say",
                )
            ).get,
            host.clock.monotonic_ns,
            observation,
            in_bytes=bytes_max is not None,
        )
        tiers = (("redis", redis), ("database", store))
        guards = [
            TierGuard(tier_name, tier, host.clock.monotonic_ns, observation)
            for tier_name, tier in tiers
            if tier is not None
        ]
        settings = Settings(
            name=name,
            version=version,
            lifetime=lifetime_of(lifetime),
            serialiser=serialiser,
            size_of=size_of,
            in_bytes=bytes_max is not None,
            memory_s=memory_s,
            lease_s=lease_s,
            write_behind=write_behind,
        )
        self._tenant = ""
        self._core = Core(host, settings, memory, guards, observation)
        self.sync: SyncCache[V] = SyncCache(self._core, "")

    def tenant(self, tenant: str) -> "Cache[V]":
        """Return the same cache for one tenant: what another one put in is not found by any key or tag."""
        if not tenant or not isinstance(tenant, str):
            raise ConfigError(f"a tenant is a non-empty text, not {tenant!r}")
        view: Cache[V] = object.__new__(Cache)
        view._tenant = tenant
        view._core = self._core
        view.sync = SyncCache(self._core, tenant)
        return view

    @property
    def memory(self) -> Memory:
        """The first tier: how many entries there are, and under which policy."""
        return self._core.memory

    async def get(self, key: Key, default: V | None = None) -> V | None:
        """Return the value of a key, or the default where no tier has one."""
        held = await self._core.found(self._key(key), self._core.loop)
        return default if held is None else cast(V, held.value)

    async def load(self, key: Key, load: Callable[[], Awaitable[V]], *, tags: Sequence[str] = ()) -> V:
        """Return the value of a key; where no tier has one, `load` makes it, once for all who ask.

        Errors of `load` are raised in all who wait and not kept, unless the lifetime says so.
        """
        return await self._core.load(self._key(key), tags_of(self._tenant, tags), load)

    async def set(self, key: Key, value: V, *, tags: Sequence[str] = ()) -> None:
        """Keep a value."""
        await self._core.set(self._key(key), value, tags_of(self._tenant, tags), self._core.loop)

    async def delete(self, *keys: Key) -> None:
        """Forget keys: here and in the shared tiers at once, in other processes' memory after `memory_s`."""
        await self._core.delete(map(self._key, keys), self._core.loop)

    async def invalidate(self, *tags: str) -> None:
        """Forget all values with one of these tags: here at once, in other processes within a second."""
        await self._core.invalidate(tags_of(self._tenant, tags), self._core.loop)

    async def close(self) -> None:
        """Write what waits to be written; give back the connections of this event loop and the files."""
        await self._core.close(self._core.loop)
        await asyncio.to_thread(self._core.close_bridge)

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, V]], /
    ) -> "CachedAsync[P, V]": ...
    @overload
    def __call__(self, function: Callable[P, V], /) -> "CachedSync[P, V]": ...
    def __call__(self, function: Callable[..., Any], /) -> Any:
        """Return the function, each result of which is kept by its arguments."""
        return self.by()(function)

    def by(
        self, key: KeyOf | None = None, tags: Callable[..., Sequence[str]] | None = None
    ) -> Callable[[Callable[..., Any]], Any]:
        """Return the decorator with a key, and tags, that are functions of the arguments."""
        return lambda function: wrapped(function, self._core, self._tenant, key, tags)

    def _key(self, key: Key) -> MemoryKey:
        return memory_key(self._tenant, key)


def _capacity(host: Host, name: str, entries_max: int | None, bytes_max: int | None) -> Callable[[], int]:
    """Return the knob of the room in memory."""
    unit, default, low, high = (
        ("entries", 10_000 if entries_max is None else entries_max, 1, ENTRIES_MAX)
        if bytes_max is None
        else ("bytes", bytes_max, 1_024, BYTES_MAX)
    )
    knob = declared(
        f"{name}_{unit}",
        default,
        low=low,
        high=high,
        log=True,
        settle_s=60.0,
        help=f"how much the cache {name} keeps in memory",
    )
    return host.knob_set.declare(knob).get
