"""A cached function: calls it once for equal arguments, as long as its result is believed."""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Generic, ParamSpec, TypeVar, cast

from homeostat.core.errors import ConfigError
from homeostat.runtime.cache.core import Core
from homeostat.runtime.cache.io import run_now
from homeostat.runtime.cache.key import KeyOf, MemoryKey, arguments_key
from homeostat.runtime.cache.sync_cache import tags_of

P = ParamSpec("P")
V = TypeVar("V")

TagsOf = Callable[..., Sequence[str]]


class _Cached(Generic[P, V]):
    """What both kinds of cached functions share: how a call is named."""

    def __init__(
        self,
        function: Callable[..., Any],
        core: Core[V],
        tenant: str,
        key: KeyOf | None,
        tags: TagsOf | None,
    ) -> None:
        self._function = function
        self._core = core
        self._tenant = tenant
        self._key_of = key
        self._tags_of = tags
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._read = core.read
        update_wrapper(cast(Callable[..., Any], self), function)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> MemoryKey:
        """Return the key of a call, as `Cache.delete` takes it where there is no tenant."""
        if self._key_of is not None:
            key = self._key_of(*args, **kwargs)
        else:
            key = arguments_key((self._name, *args), kwargs)
        return (self._tenant, key) if self._tenant else key

    def _tags(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
        return tags_of(self._tenant, self._tags_of(*args, **kwargs)) if self._tags_of is not None else ()


class CachedSync(_Cached[P, V]):
    """A plain function; any thread may call it."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> V:
        """Return the result for these arguments."""
        key = self.key(*args, **kwargs)
        entry = self._read(key)
        if entry is not None:
            return entry.value  # type: ignore[return-value]
        return self._core.load_here(key, self._tags(args, kwargs), lambda: self._function(*args, **kwargs))

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result for these arguments."""
        run_now(self._core.delete((self.key(*args, **kwargs),), self._core.thread))


class CachedAsync(_Cached[P, V]):
    """A coroutine function."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> V:
        """Return the result for these arguments."""
        key = self.key(*args, **kwargs)
        entry = self._read(key)
        if entry is not None:
            return entry.value  # type: ignore[return-value]
        return await self._core.load(key, self._tags(args, kwargs), lambda: self._function(*args, **kwargs))

    async def forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result for these arguments."""
        await self._core.delete((self.key(*args, **kwargs),), self._core.loop)


def wrapped(
    function: Callable[..., Any], core: Core[V], tenant: str, key: KeyOf | None, tags: TagsOf | None
) -> "CachedSync[..., V] | CachedAsync[..., V]":
    """Return the function as a cached one; raise ConfigError for generators, whose results are read once."""
    if isgeneratorfunction(function) or isasyncgenfunction(function) or not callable(function):
        raise ConfigError(f"a cache wraps functions and coroutine functions, not {function!r}")
    kind: Callable[..., CachedSync[..., V] | CachedAsync[..., V]] = (
        CachedAsync if iscoroutinefunction(function) else CachedSync
    )
    return kind(function, core, tenant, key, tags)
