"""The switch: one function with several implementations, of which a knob says which one runs."""

import contextvars
import inspect
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.act.knobs.shadows import Shadows
from homeostat.core.errors import ConfigError
from homeostat.core.plant import CONTROL, TREATMENT

FAILED = suppress(Exception)
"""What a shadow raises: its operation has counted it, and its words may be content: they are not logged."""

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., object])


class Measured(AbstractContextManager[object], Protocol):
    """An operation: a context, or a decorator."""

    def __call__(self, function: F, /) -> F:
        """Return the function, each call of which is measured."""
        ...


class Bench(Protocol):
    """Where implementations are measured."""

    def operation(self, name: str) -> Measured:
        """Open an operation; where none is around it, it begins a request."""
        ...

    def arm(self, name: str, switch: str, trial: str, arm: int) -> AbstractContextManager[object]:
        """Open an operation that has an outcome of its own in a trial of a switch."""
        ...

    def shadow(self, switch: str) -> tuple[str, object] | None:
        """Return the trial and the implementation that runs beside here, None where none does."""
        ...


class Switch(Generic[P, R]):
    """A function that runs one of several implementations, measured as `<name>.<implementation>`.

    In a shadowed trial another implementation runs afterwards beside the application, with the same
    arguments: its result is thrown away, its errors are counted only. So it must neither change its arguments
    nor do anything outside that must not be done twice. At most some run at a time; further ones are left
    out, and counted.
    """

    def __init__(
        self,
        handle: KnobHandle[str],
        implementations: Mapping[str, Callable[P, R]],
        bench: Bench,
        inside: Callable[[], bool],
        shadows: Shadows,
    ) -> None:
        self.knob = handle
        self.name = handle.knob.name
        self._implementations = dict(implementations)
        self._bench = bench
        self._inside = inside
        self._shadows = shadows
        self._asynchronous = inspect.iscoroutinefunction(next(iter(implementations.values())))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the implementation that the knob says."""
        if self._asynchronous:
            return cast(R, self._awaited(args, kwargs))
        if self._inside():
            return self._run(args, kwargs)
        with self._bench.operation(self.name):
            return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        chosen = self.knob.get()
        run = self._implementations[chosen]
        beside = self._beside(chosen)
        if beside is None:
            with self._bench.operation(f"{self.name}.{chosen}"):
                return run(*args, **kwargs)
        trial, other = beside
        context = contextvars.copy_context()
        try:
            with self._bench.arm(f"{self.name}.{chosen}", self.name, trial, CONTROL):
                return run(*args, **kwargs)
        finally:
            self._shadows.start(lambda: context.run(self._shadow, trial, other, args, kwargs))

    def _shadow(self, trial: str, other: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with FAILED, self._bench.arm(f"{self.name}.{other}", self.name, trial, TREATMENT):
            self._implementations[other](*args, **kwargs)

    async def _awaited(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._inside():
            return await self._run_async(args, kwargs)
        with self._bench.operation(self.name):
            return await self._run_async(args, kwargs)

    async def _run_async(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        chosen = self.knob.get()
        run = cast(Callable[..., Coroutine[Any, Any, Any]], self._implementations[chosen])
        beside = self._beside(chosen)
        if beside is None:
            with self._bench.operation(f"{self.name}.{chosen}"):
                return await run(*args, **kwargs)
        trial, other = beside
        context = contextvars.copy_context()
        try:
            with self._bench.arm(f"{self.name}.{chosen}", self.name, trial, CONTROL):
                return await run(*args, **kwargs)
        finally:
            self._shadows.start_async(lambda: self._shadow_async(trial, other, args, kwargs), context)

    async def _shadow_async(
        self, trial: str, other: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        with FAILED, self._bench.arm(f"{self.name}.{other}", self.name, trial, TREATMENT):
            await cast(Callable[..., Coroutine[Any, Any, Any]], self._implementations[other])(*args, **kwargs)

    def _beside(self, chosen: str) -> tuple[str, str] | None:
        """Return the trial and implementation that run beside, None where none does or there is no room."""
        found = self._bench.shadow(self.name)
        if found is None or found[1] == chosen or not self._shadows.reserve():
            return None
        return found[0], cast(str, found[1])


def is_stream(name: str, implementations: Mapping[str, Callable[..., object]]) -> bool:
    """Tell whether implementations are generators; raise ConfigError for what cannot be switched between."""
    if len(implementations) < 2:
        raise ConfigError(f"switch {name!r} needs at least two implementations, such as fast=f, thorough=g")
    for option, function in implementations.items():
        if not callable(function):
            raise ConfigError(
                f"implementation {option!r} of switch {name!r} must be a function, not {function!r}"
            )
    kinds = {_kind(function) for function in implementations.values()}
    if len(kinds) > 1:
        raise ConfigError(
            f"the implementations of {name!r} must all be of one kind, not {' and '.join(sorted(kinds))}"
        )
    return "generator" in kinds.pop()


def _kind(function: Callable[..., object]) -> str:
    if inspect.iscoroutinefunction(function):
        return "coroutine function"
    if inspect.isasyncgenfunction(function):
        return "async generator"
    return "generator" if inspect.isgeneratorfunction(function) else "function"
