"""Planning: the next run of each job with a cron expression is always in the queue, scheduled.

So a time that comes while no worker is up is not missed: the job runs when one is up again, once. All workers
plan, and an idempotency key made of the time makes their plans one job.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import HomeostatError
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.runtime.jobs.backend import Listed, Order, Register
from homeostat.runtime.jobs.cron import Cron
from homeostat.runtime.jobs.definition import Call, Definition
from homeostat.runtime.jobs.record import State

PLAN_INTERVAL_S = 10.0
KEY = "cron "

Enqueue = Callable[[Sequence[Call[Any]]], Awaitable[object]]


class Planning:
    """Keeps the next run of each planned job in the queue, and takes out what an older expression planned."""

    def __init__(
        self,
        plans: Mapping[str, tuple[Definition[Any, Any], Cron]],
        register: Register,
        enqueue: Enqueue,
        clock: Clock,
        losses: Losses,
    ) -> None:
        self._plans = plans
        self._register = register
        self._enqueue = enqueue
        self._clock = clock
        self._losses = losses

    async def run(self) -> None:
        """Plan until cancelled."""
        swept = not self._plans
        while self._plans:
            try:
                if not swept:
                    await self._sweep()
                    swept = True
                await self.plan()
            except HomeostatError as error:
                self._losses.add("jobs.plan_failed")
                event("jobs.plan_failed", reason=type(error).__name__)
            await asyncio.sleep(PLAN_INTERVAL_S)

    async def plan(self) -> None:
        """Put the next run of each job into the queue, where it is not there yet."""
        now = datetime.fromtimestamp(self._clock.now_ns() / SECOND_NS, UTC)
        calls = []
        for definition, cron in self._plans.values():
            at = cron.after(now)
            call = definition.call()
            at_ns = round(at.timestamp()) * SECOND_NS
            calls.append(replace(call, key=f"{self._prefix(cron)}{at_ns // SECOND_NS}", at_ns=at_ns))
        await self._enqueue(calls)

    async def _sweep(self) -> None:
        for name, (_, cron) in self._plans.items():
            planned = await self._register.find(Listed(State.SCHEDULED, name, limit=1_000))
            old = [
                j.id for j in planned if j.key.startswith(KEY) and not j.key.startswith(self._prefix(cron))
            ]
            if old:
                await self._register.order(Order.CANCEL, old)

    @staticmethod
    def _prefix(cron: Cron) -> str:
        return f"{KEY}{cron.text} {cron.zone} "
