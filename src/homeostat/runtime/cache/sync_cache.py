"""The cache as plain functions use it, in any thread."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from homeostat.core.errors import ConfigError
from homeostat.runtime.cache.core import Core
from homeostat.runtime.cache.io import run_now
from homeostat.runtime.cache.key import Key, MemoryKey, memory_key, tenant_and_key

V = TypeVar("V")
W = TypeVar("W")

TAGS_MAX = 32


def tags_of(tenant: str, tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as one tenant's: no tag of another one equals them."""
    if not tags:
        return ()
    if isinstance(tags, str) or len(tags) > TAGS_MAX:
        raise ConfigError(f"tags are a list of at most {TAGS_MAX} texts, not {tags!r:.80}")
    return tuple(f"{len(tenant)}:{tenant}:{tag}" for tag in dict.fromkeys(tags))


class Getter(Protocol[W]):
    """Returns the value of a key, or the default where no tier has one."""

    def __call__(self, key: Key, default: W | None = None) -> W | None:
        """Look the key up."""
        ...


class SyncCache(Generic[V]):
    """What `Cache` is, for plain functions. Where there are shared tiers, a miss blocks the thread."""

    def __init__(self, core: Core[V], tenant: str) -> None:
        self._core = core
        self._tenant = tenant
        self.get: Getter[V] = cast(Getter[V], self._getter())

    def load(self, key: Key, load: Callable[[], V], *, tags: Sequence[str] = ()) -> V:
        """Return the value of a key; where no tier has one, `load` makes it in one thread that asks."""
        return self._core.load_here(self._key(key), tags_of(self._tenant, tags), load)

    def set(self, key: Key, value: V, *, tags: Sequence[str] = ()) -> None:
        """Keep a value."""
        core = self._core
        if not tags and core.set_here(memory_key(self._tenant, key) if self._tenant else key, value):
            return
        run_now(core.set(self._key(key), value, tags_of(self._tenant, tags), core.thread))

    def delete(self, *keys: Key) -> None:
        """Forget keys."""
        run_now(self._core.delete(map(self._key, keys), self._core.thread))

    def invalidate(self, *tags: str) -> None:
        """Forget all values with one of these tags."""
        run_now(self._core.invalidate(tags_of(self._tenant, tags), self._core.thread))

    def close(self) -> None:
        """Write what waits to be written; give back connections and files."""
        run_now(self._core.close(self._core.thread))
        self._core.close_bridge()

    def _getter(self) -> Callable[..., object]:
        core, tenant = self._core, self._tenant

        def missed(key: MemoryKey, default: object) -> object:
            tenant_and_key(key)
            held = run_now(core.found(key, core.thread))
            return default if held is None else held.value

        get = core.memory.getter(missed)
        if not tenant:
            return get
        return lambda key, default=None: get(memory_key(tenant, key), default)

    def _key(self, key: Key) -> MemoryKey:
        return memory_key(self._tenant, key)
