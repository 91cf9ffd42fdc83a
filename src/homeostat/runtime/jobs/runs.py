"""The runs of one worker: what it has in hand, each run a task of its own."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

from homeostat.runtime.jobs.record import Claim, Outcome, Report
from homeostat.runtime.jobs.runner import Runner
from homeostat.runtime.jobs.running import Running, Why

Ended: TypeAlias = Callable[[Outcome, float], None]
"""Takes the outcome of a run, and how long it took in seconds."""


class Runs:
    """Starts runs and stops them; `ended` counts them. An outcome is the caller's to settle."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.ended = 0
        self._live: dict[tuple[str, int], tuple[Running, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._live)

    def start(self, claim: Claim, ended: Ended) -> None:
        """Run a job in a task; `ended` is called in it when it is over."""
        running = Running(claim)
        task = asyncio.get_running_loop().create_task(self._run(claim, running, ended))
        self._live[claim.id, claim.token] = (running, task)

    async def _run(self, claim: Claim, running: Running, ended: Ended) -> None:
        now = asyncio.get_running_loop().time
        begin_s = now()
        try:
            outcome = await self._runner.run(claim, running)
        finally:
            del self._live[claim.id, claim.token]
            self.ended += 1
        ended(outcome, now() - begin_s)

    def reports(self) -> list[Report]:
        """Return how far each run has come."""
        return [running.report() for running, _ in self._live.values()]

    def stop(self, why: Why, ids: Iterable[str] | None = None) -> None:
        """Cancel the runs of some jobs, or all. A run that was told before is not told again."""
        wanted = None if ids is None else frozenset(ids)
        for running, task in list(self._live.values()):
            if running.stopped is None and (wanted is None or running.id in wanted):
                running.stopped = why
                task.cancel()
