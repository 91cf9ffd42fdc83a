"""A cached function: calls it once for equal arguments, as long as its result is believed."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from homeostat.core.errors import ConfigError
from homeostat.runtime.cache.core import Core
from homeostat.runtime.cache.io import run_now
from homeostat.runtime.cache.key import KeyOf, MemoryKey, arguments_key, memory_key
from homeostat.runtime.cache.sync_cache import tags_of

P = ParamSpec("P")
V = TypeVar("V")
W = TypeVar("W", covariant=True)

TagsOf = Callable[..., Sequence[str]]


class CachedSync(Protocol[P, W]):
    """A plain function; any thread may call it."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> W:
        """Return the result for these arguments."""
        ...

    def forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result for these arguments."""
        ...


class CachedAsync(Protocol[P, W]):
    """A coroutine function."""

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> W:
        """Return the result for these arguments."""
        ...

    async def forget(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result for these arguments."""
        ...


class _Naming:
    """How the calls of one function are named."""

    def __init__(
        self, function: Callable[..., Any], tenant: str, key: KeyOf | None, tags: TagsOf | None
    ) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._tenant = tenant
        self._key_of = key
        self._tags_of = tags

    def key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> MemoryKey:
        if self._key_of is not None:
            key = self._key_of(*args, **kwargs)
        else:
            key = arguments_key((self._name, *args), kwargs)
        return memory_key(self._tenant, key)

    def tags(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
        return tags_of(self._tenant, self._tags_of(*args, **kwargs)) if self._tags_of is not None else ()


def wrapped(
    function: Callable[..., Any], core: Core[V], tenant: str, key: KeyOf | None, tags: TagsOf | None
) -> "CachedSync[..., V] | CachedAsync[..., V]":
    """Return the function as a cached one; raise ConfigError for generators, whose results are read once."""
    if isgeneratorfunction(function) or isasyncgenfunction(function) or not callable(function):
        raise ConfigError(f"a cache wraps functions and coroutine functions, not {function!r}")
    naming = _Naming(function, tenant, key, tags)
    if iscoroutinefunction(function):
        return _cached_async(function, core, naming)
    return _cached_sync(function, core, naming)


def _cached_sync(function: Callable[..., V], core: Core[V], naming: _Naming) -> CachedSync[..., V]:
    read, key_of, tags_of_call = core.read, naming.key, naming.tags

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> V:
        key = key_of(args, kwargs)
        entry = read(key)
        if entry is not None:
            return cast(V, entry.value)
        return core.load_here(key, tags_of_call(args, kwargs), lambda: function(*args, **kwargs))

    def forget(*args: Any, **kwargs: Any) -> None:
        run_now(core.delete((key_of(args, kwargs),), core.thread))

    cached = cast(CachedSync[..., V], call)
    cached.forget = forget  # type: ignore[method-assign]
    return cached


def _cached_async(function: Callable[..., Any], core: Core[V], naming: _Naming) -> CachedAsync[..., V]:
    read, key_of, tags_of_call = core.read, naming.key, naming.tags

    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> V:
        key = key_of(args, kwargs)
        entry = read(key)
        if entry is not None:
            return cast(V, entry.value)
        return await core.load(key, tags_of_call(args, kwargs), lambda: function(*args, **kwargs))

    async def forget(*args: Any, **kwargs: Any) -> None:
        await core.delete((key_of(args, kwargs),), core.loop)

    cached = cast(CachedAsync[..., V], call)
    cached.forget = forget  # type: ignore[method-assign]
    return cached
