"""The handle: a job that was enqueued, as its caller holds it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast

from homeostat.core.errors import JobFailed
from homeostat.runtime.jobs.backend import Order
from homeostat.runtime.jobs.definition import Definition
from homeostat.runtime.jobs.record import Job, State

R = TypeVar("R")

LOOK_FIRST_S = 0.005
LOOK_MAX_S = 0.5
LOOK_FACTOR = 1.5

Look = Callable[[str, Order | None], Awaitable[Job | None]]
"""Carries out an order, if there is one, and returns the job."""


class Handle(Generic[R]):
    """One job. `id` finds it again, also in another process (`Jobs.get`)."""

    __slots__ = ("_definition", "_look", "id")

    def __init__(self, look: Look, id: str, definition: Definition[Any, R]) -> None:
        self.id = id
        self._look = look
        self._definition = definition

    async def job(self) -> Job | None:
        """Return how it stands; None where it is over for longer than it is kept."""
        return await self._look(self.id, None)

    async def cancel(self) -> Job | None:
        """Cancel it, and return how it stands."""
        return await self._look(self.id, Order.CANCEL)

    async def result(self, timeout_s: float | None = None) -> R:
        """Wait for the job and return what its function returned, in the annotated type.

        Raises JobFailed where it is dead, cancelled or forgotten, TimeoutError after `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            pause_s = LOOK_FIRST_S
            while True:
                job = await self.job()
                if job is None:
                    raise JobFailed(f"job {self.id} is not known any more: keep its results longer (keep_s)")
                if job.state is State.DONE:
                    return cast(R, self._definition.signature.decode_result(job.result))
                if job.state.final:
                    raise JobFailed(
                        f"job {self.id} ({job.name}) is {job.state}: {job.error.partition(chr(10))[0]}"
                    )
                await asyncio.sleep(pause_s)
                pause_s = min(LOOK_MAX_S, pause_s * LOOK_FACTOR)
