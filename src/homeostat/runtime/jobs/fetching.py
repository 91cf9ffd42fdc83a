"""Fetching: how a worker takes and settles its jobs where nobody delivers them."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from homeostat.core.errors import HomeostatError
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.runtime.jobs.backend import Ask, Exchanged, Leases
from homeostat.runtime.jobs.knobs import JobKnobs
from homeostat.runtime.jobs.record import Claim, Outcome, State
from homeostat.runtime.jobs.runs import Runs

AHEAD_S = 0.1
"""A worker holds as many jobs ahead as it runs in this time: long ones are left to whoever is free."""

FAILED_PAUSE_S = 0.5


class Fetching:
    """Exchanges outcomes for new jobs as fast as the queue commits: what ends meanwhile goes into the next.

    `refused` is told the ids of outcomes that came too late.
    """

    def __init__(
        self,
        worker: str,
        leases: Leases,
        limits: Mapping[str, int],
        knobs: JobKnobs,
        runs: Runs,
        losses: Losses,
        refused: Callable[[str], None],
    ) -> None:
        self._worker = worker
        self._leases = leases
        self._limits = limits
        self._knobs = knobs
        self._runs = runs
        self._losses = losses
        self._refused = refused
        self._ahead: deque[Claim] = deque()
        self._ended: list[Outcome] = []
        self._changed = asyncio.Event()
        self._stopping = False
        self._run_s = 1.0

    def wake(self) -> None:
        """Look for work now."""
        self._changed.set()

    def stop(self) -> None:
        """Take nothing further; what was taken ahead goes back."""
        self._stopping = True
        self._ended.extend(Outcome(claim.id, claim.token, State.READY) for claim in self._ahead)
        self._ahead.clear()
        self._changed.set()

    async def serve(self) -> None:
        """Fetch and run until stopped and all that runs is settled."""
        while not self._stopping or self._runs or self._ended:
            self._changed.clear()
            count = self._room()
            if not self._ended and count <= 0:
                await self._pause()
                continue
            answer = await self._exchange(count)
            if answer is None:
                await asyncio.sleep(FAILED_PAUSE_S)
                continue
            for id in answer.refused:
                self._refused(id)
            self._ahead.extend(answer.claims)
            if self._stopping:
                self.stop()
            self._fill()
            if len(answer.claims) < count:
                await self._pause()

    async def _exchange(self, count: int) -> Exchanged | None:
        outcomes, self._ended = self._ended, []
        try:
            return await self._leases.exchange(self._worker, outcomes, Ask(self._limits, count))
        except HomeostatError as error:
            self._ended = outcomes + self._ended
            self._losses.add("jobs.exchange_failed")
            event("jobs.exchange_failed", reason=type(error).__name__, outcomes=len(outcomes))
            return None

    def _room(self) -> int:
        if self._stopping:
            return 0
        at_once = self._knobs.concurrency.get()
        ahead = min(self._knobs.batch.get(), int(at_once * AHEAD_S / self._run_s))
        return at_once + ahead - len(self._runs) - len(self._ahead)

    def _fill(self) -> None:
        free = self._knobs.concurrency.get() - len(self._runs)
        while self._ahead and free > 0:
            self._runs.start(self._ahead.popleft(), self._end)
            free -= 1

    def _end(self, outcome: Outcome, took_s: float) -> None:
        self._ended.append(outcome)
        self._run_s += 0.05 * (max(took_s, 1e-6) - self._run_s)
        self._fill()
        self._changed.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._knobs.poll_ms.get() / 1e3):
                await self._changed.wait()
        except TimeoutError:
            pass
