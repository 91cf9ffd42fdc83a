"""The switch between generators: implementations that hand out their result piece by piece."""

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from typing import Any, Generic, ParamSpec, TypeVar, cast

from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.act.knobs.switch import Bench

P = ParamSpec("P")
R = TypeVar("R")

Function = Callable[..., Any]


class StreamSwitch(Generic[P, R]):
    """A generator function, plain or async, that runs one of several, measured as `<name>.<implementation>`.

    Which one is decided at the first step. It cannot be shadowed: a stream lives as long as its reader.
    """

    def __init__(
        self,
        handle: KnobHandle[str],
        implementations: Mapping[str, Callable[P, R]],
        bench: Bench,
        inside: Callable[[], bool],
    ) -> None:
        self.knob = handle
        self.name = handle.knob.name
        self._measured: dict[str, Function] = {
            option: bench.operation(f"{self.name}.{option}")(function)
            for option, function in implementations.items()
        }
        asynchronous = inspect.isasyncgenfunction(next(iter(implementations.values())))
        within: Function = self._within_async if asynchronous else self._within
        alone = bench.operation(self.name)(within)
        either = _either_async if asynchronous else _either
        self._run: Function = either(inside, within, alone)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the generator of the implementation that the knob says."""
        return cast(R, self._run(*args, **kwargs))

    def _within(self, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from self._measured[self.knob.get()](*args, **kwargs))

    async def _within_async(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(self._measured[self.knob.get()](*args, **kwargs)) as pieces:
            async for piece in pieces:
                yield piece


def _either(inside: Callable[[], bool], within: Function, alone: Function) -> Function:
    """Return the generator function that begins a request where none is around it."""

    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        return (yield from (within if inside() else alone)(*args, **kwargs))

    return run


def _either_async(inside: Callable[[], bool], within: Function, alone: Function) -> Function:
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with aclosing((within if inside() else alone)(*args, **kwargs)) as pieces:
            async for piece in pieces:
                yield piece

    return run
