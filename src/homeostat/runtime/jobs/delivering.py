"""Delivering: how a worker runs the jobs that an engine hands to it, one id at a time."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from homeostat.core.errors import HomeostatError
from homeostat.core.losses import Losses
from homeostat.runtime.jobs.backend import Ask, ById, Leases, Register
from homeostat.runtime.jobs.grouped import Grouped
from homeostat.runtime.jobs.knobs import JobKnobs
from homeostat.runtime.jobs.record import Claim, Outcome, State
from homeostat.runtime.jobs.runs import Runs

LATER_S = 1.0
"""When a job is delivered again that could not be taken: enough of its name run, or its time has not come."""

SETTLE_PAUSE_S = 0.5


class Delivering:
    """Takes each delivered job, runs it and settles it; the engine may forget the delivery then.

    A second delivery of a job that is over, or that another worker runs, costs one look.
    """

    def __init__(
        self,
        worker: str,
        register: Register,
        leases: Leases,
        limits: Mapping[str, int],
        knobs: JobKnobs,
        runs: Runs,
        losses: Losses,
        refused: Callable[[str], None],
    ) -> None:
        self._worker = worker
        self._register = register
        self._leases = leases
        self._limits = limits
        self._knobs = knobs
        self._runs = runs
        self._losses = losses
        self._refused = refused
        self._exchanges: Grouped[str | Outcome, Claim | None] = Grouped(self._exchange)
        self._freed = asyncio.Condition()
        self._busy = 0
        self._stopping = False

    def stop(self) -> None:
        """Take nothing further: what comes is for others."""
        self._stopping = True

    async def deliver(self, id: str) -> float:
        """Run a delivered job; return in how many seconds to deliver it again, 0 for never."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._busy < self._knobs.concurrency.get())
            self._busy += 1
        try:
            return LATER_S if self._stopping else await self._run(id)
        finally:
            async with self._freed:
                self._busy -= 1
                self._freed.notify_all()

    async def _run(self, id: str) -> float:
        try:
            claim = await self._exchanges.put(id)
            if claim is None:
                return await self._untaken(id)
        except HomeostatError:
            self._losses.add("jobs.exchange_failed")
            return LATER_S
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._runs.start(claim, lambda outcome, _: ended.set_result(outcome))
        outcome = await ended
        while not await self._settled(outcome):  # noqa: ASYNC110 - a server comes back unannounced
            await asyncio.sleep(SETTLE_PAUSE_S)
        return 0.0

    async def _untaken(self, id: str) -> float:
        """Say when a job comes again that could not be taken.

        For one that runs no message is needed: if its worker dies, whoever takes it back sends another.
        """
        known = await self._register.find(ById([id]))
        waits = known and known[0].state in (State.READY, State.SCHEDULED)
        return LATER_S if waits else 0.0

    async def _settled(self, outcome: Outcome) -> bool:
        try:
            await self._exchanges.put(outcome)
        except HomeostatError:
            self._losses.add("jobs.exchange_failed")
            return False
        return True

    async def _exchange(self, items: Sequence[str | Outcome]) -> Sequence[Claim | None]:
        outcomes = [item for item in items if isinstance(item, Outcome)]
        ids = [item for item in items if isinstance(item, str)]
        answer = await self._leases.exchange(self._worker, outcomes, Ask(self._limits, ids=ids))
        for id in answer.refused:
            self._refused(id)
        claims = {claim.id: claim for claim in answer.claims}
        return [claims.get(item) if isinstance(item, str) else None for item in items]
