"""The workers: what pools of threads and of processes share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from inspect import iscoroutinefunction
from math import inf
from typing import Any, ParamSpec, TypeVar, cast

from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import CutOff, remaining_s
from homeostat.runtime.pools.slots import Slot, Slots

P = ParamSpec("P")
R = TypeVar("R")


class WorkerDied(HomeostatError):
    """A process died while it ran a call."""


class Workers:
    """Runs plain functions, as many at once as the knob `<name>_size` says; others wait, bounded.

    A slot is held until its function really ends, also where its caller was cancelled or passed its deadline
    meanwhile: so there are never more at work than the size says. Waiting calls are refused as by a `Gate`.
    """

    def __init__(
        self, host: Host, name: str, kind: str, size: int, size_max: int, queue_max: int, wait_max_s: float
    ) -> None:
        self.name = name
        self._slots = Slots(host, name, kind, size, size_max, queue_max, wait_max_s)
        self.size = self._slots.size

    @property
    def in_use(self) -> int:
        """Workers that are at work."""
        return self._slots.gate.in_flight

    @property
    def waiting(self) -> int:
        """Calls that wait for a worker."""
        return self._slots.gate.waiting

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a function returns, while the event loop goes on.

        Raises what the function raises, `Overloaded` or `DeadlinePassed` where it was not begun, `CutOff`
        where the deadline passed meanwhile: the function then goes on, and nobody hears of it; `WorkerDied`.
        """
        self._check(function)
        slot = await self._slots.take()
        answer = asyncio.wrap_future(self._begun(slot, function, args, kwargs))
        left_s = remaining_s()
        try:
            if left_s == inf:
                return cast(R, await answer)
            async with asyncio.timeout(left_s) as timeout:
                return cast(R, await answer)
        except TimeoutError as error:
            if left_s < inf and timeout.expired():
                raise self._cut_off() from error
            raise
        except BrokenExecutor as error:
            raise self._died() from error

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a function returns; block the thread until then. Raises as `run` does."""
        self._check(function)
        slot = self._slots.take_blocking()
        future = self._begun(slot, function, args, kwargs)
        left_s = remaining_s()
        try:
            return cast(R, future.result(None if left_s == inf else max(0.0, left_s)))
        except TimeoutError as error:
            if future.done():
                raise
            future.cancel()
            raise self._cut_off() from error
        except BrokenExecutor as error:
            raise self._died() from error

    def _check(self, function: Callable[..., Any]) -> None:
        if iscoroutinefunction(function):
            raise ConfigError(f"pool {self.name!r} runs plain functions; await {function!r} itself")

    def _cut_off(self) -> CutOff:
        return CutOff(f"{self.name!r} was given up at its deadline; what it had begun goes on to its end")

    def _died(self) -> WorkerDied:
        return WorkerDied(
            f"a worker of {self.name!r} died in this call: killed, out of memory, crashed, or its answer"
            "could not be read. It is replaced; call again only what may run twice"
        )

    def _begun(
        self, slot: Slot, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Future[Any]:
        """Hand a call to a worker; the slot is free once that is done with it."""
        try:
            future = self._submit(function, args, kwargs)
        except BaseException:
            slot.free()
            raise
        slot.ready()
        future.add_done_callback(lambda _: slot.free())
        return future

    def _submit(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Future[Any]:
        raise NotImplementedError
