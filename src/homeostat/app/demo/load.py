"""The load of the demo: people who ask at a steady rate, and what goes wrong for them after a while."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from homeostat import Homeostat
from homeostat.app.demo.fault import Fault, befall
from homeostat.app.demo.loop_watch import LoopWatch
from homeostat.app.demo.questions import QUESTIONS
from homeostat.prove.load.application import Application
from homeostat.prove.load.arrivals import Arrival, Phase, phased
from homeostat.prove.load.load_meter import LoadMeter
from homeostat.prove.load.replay import replay
from homeostat.prove.load.replay_result import Outcome, ReplayProgress, ReplayResult

RATE_PER_S = 12.0

RELATED_EVERY = 12
"""Each so many-th request asks for related questions."""

SERVICE = "load"

MODEL_ARGUMENTS = (
    *("--slots", "64", "--queue", "256", "--crowding", "0.01"),
    *("--prefill-rate", "5000", "--decode-rate", "500", "--cache-blocks", "64"),
)
"""A simulated model that serves the load with room to spare, as a provider would: it is the prompt that takes
the time."""


class Visitors:
    """People who ask the assistant. Open it with `async with`."""

    def __init__(self, url: str) -> None:
        self._ask = Application(f"{url}/ask", texts=QUESTIONS)
        self._related = Application(f"{url}/related", texts=QUESTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ask.__aexit__(kind, error, trace)
        await self._related.__aexit__(kind, error, trace)

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Ask the question whose turn it is."""
        if number % RELATED_EVERY == RELATED_EVERY - 1:
            return await self._related.call(arrival, number)
        return await self._ask.call(arrival, number)


async def drive(
    assistant_url: str,
    model_url: str,
    endpoint: str,
    seconds: float,
    fault: Fault | None,
    watch: LoopWatch,
    tell_fault: Callable[[str], None],
    progress: Callable[[ReplayProgress], None],
) -> ReplayResult:
    """Send the load to the assistant, and what it experiences to the server at `endpoint`.

    Meanwhile the fault befalls, and the loop is watched.
    """
    with Homeostat(SERVICE, endpoint=endpoint, collect=False) as hs:
        async with Visitors(assistant_url) as visitors:
            beside = [asyncio.create_task(watch.watch())]
            if fault is not None:
                beside.append(asyncio.create_task(befall(fault, model_url, assistant_url, tell_fault)))
            try:
                arrivals = phased((Phase(seconds, RATE_PER_S),), seed=1948)
                return await replay(arrivals, visitors, meter=LoadMeter(hs), progress=progress)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                await watch.close()
