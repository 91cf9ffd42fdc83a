"""Traced functions: each call, or each run of a generator, is one operation.

A generator's operation begins with its first step and lasts until it is exhausted, closed or thrown
away. It is current only while the generator's own code runs, not while its consumer's does: what the
generator left current is taken back at each `yield` and put in place again at the next step.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from homeostat.core.errors import ConfigError
from homeostat.observe import otel_bridge

Function = TypeVar("Function", bound=Callable[..., object])
Place = tuple[Any, Any, Any]
Open = Callable[[], AbstractContextManager[object]]


def traced(function: Function, open_: Open, current: "ContextVar[Any]", arms: "ContextVar[Any]") -> Function:
    """Return a function that does the same within an operation, in the shape of the one given."""
    if isinstance(function, type) or not callable(function):
        raise ConfigError(
            f"an operation decorates functions, not {function!r}; decorate the methods of a class"
        )
    wrapper: Callable[..., object]
    if inspect.isasyncgenfunction(function):
        wrapper = _async_generator(function, open_, current, arms)
    elif inspect.isgeneratorfunction(function):
        wrapper = _generator(function, open_, current, arms)
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function, open_)
    else:
        wrapper = _plain(function, open_)
    return cast(Function, wrapper)


def here(current: "ContextVar[Any]", arms: "ContextVar[Any]") -> Place:
    """Return what is current here: operation, arms, and OpenTelemetry's context where that is loaded."""
    return current.get(), arms.get(), otel_bridge.position()


def leave(current: "ContextVar[Any]", arms: "ContextVar[Any]", to: Place) -> Place:
    """Make another place current, and return the one that was left."""
    left = here(current, arms)
    current.set(to[0])
    arms.set(to[1])
    otel_bridge.put(to[2])
    return left


def _plain(function: Callable[..., object], open_: Open) -> Callable[..., object]:
    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> object:
        with open_():
            return function(*args, **kwargs)

    return call


def _coroutine(function: Callable[..., Any], open_: Open) -> Callable[..., object]:
    @functools.wraps(function)
    async def call(*args: object, **kwargs: object) -> object:
        with open_():
            return await function(*args, **kwargs)

    return call


def _generator(
    function: Callable[..., Generator[Any, Any, Any]],
    open_: Open,
    current: "ContextVar[Any]",
    arms: "ContextVar[Any]",
) -> Callable[..., object]:
    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        outside = here(current, arms)
        try:
            with open_():
                step: Callable[[Any], Any] = generator.send
                value: Any = None
                while True:
                    try:
                        item = step(value)
                    except StopIteration as stop:
                        return stop.value
                    inside = leave(current, arms, outside)
                    thrown: BaseException | None = None
                    try:
                        value = yield item
                    except BaseException as error:  # noqa: BLE001 - thrown into the generator below
                        thrown = error
                    outside = leave(current, arms, inside)
                    step = generator.send
                    if isinstance(thrown, GeneratorExit):
                        generator.close()
                        raise thrown
                    if thrown is not None:
                        step, value = generator.throw, thrown
        finally:
            leave(current, arms, outside)

    return call


def _async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]],
    open_: Open,
    current: "ContextVar[Any]",
    arms: "ContextVar[Any]",
) -> Callable[..., object]:
    @functools.wraps(function)
    async def call(*args: object, **kwargs: object) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        outside = here(current, arms)
        try:
            with open_():
                step: Callable[[Any], Any] = generator.asend
                value: Any = None
                while True:
                    try:
                        item = await step(value)
                    except StopAsyncIteration:
                        return
                    inside = leave(current, arms, outside)
                    thrown: BaseException | None = None
                    try:
                        value = yield item
                    except BaseException as error:  # noqa: BLE001 - thrown into the generator below
                        thrown = error
                    outside = leave(current, arms, inside)
                    step = generator.asend
                    if isinstance(thrown, GeneratorExit):
                        await generator.aclose()
                        raise thrown
                    if thrown is not None:
                        step, value = generator.athrow, thrown
        finally:
            leave(current, arms, outside)

    return call
