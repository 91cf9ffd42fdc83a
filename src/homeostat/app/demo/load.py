"""The load of the demo: a calm beginning, a burst that queues, and the way back."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from homeostat import Homeostat
from homeostat.app.demo.questions import QUESTIONS
from homeostat.prove.application import Application
from homeostat.prove.arrivals import Arrival, Phase, phased
from homeostat.prove.load_meter import LoadMeter
from homeostat.prove.replay import replay
from homeostat.prove.replay_result import Outcome, ReplayProgress, ReplayResult

CALM_PER_S = 4.0
BURST_PER_S = 22.0
BURST_BEGINS, BURST_ENDS = 0.35, 0.6
"""When the burst begins and ends, as parts of the whole."""

RELATED_EVERY = 6
"""Each so many-th request asks for related questions."""

SERVICE = "load"

MODEL_ARGUMENTS = ("--slots", "8", "--queue", "128", "--decode-rate", "150", "--error-rate", "0.02")
"""A simulated model that serves the calm load with room to spare, about ten answers a second at most."""


def profile(seconds: float) -> tuple[Phase, ...]:
    """Return the phases of a demo that lasts so long."""
    return (
        Phase(seconds * BURST_BEGINS, CALM_PER_S),
        Phase(seconds * (BURST_ENDS - BURST_BEGINS), BURST_PER_S),
        Phase(seconds * (1.0 - BURST_ENDS), CALM_PER_S),
    )


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
    assistant_url: str, endpoint: str, seconds: float, progress: Callable[[ReplayProgress], None]
) -> ReplayResult:
    """Send the load to the assistant, and what it experiences to the server at `endpoint`."""
    with Homeostat(SERVICE, endpoint=endpoint, collect=False) as hs:
        async with Visitors(assistant_url) as visitors:
            arrivals = phased(profile(seconds), seed=1948)
            return await replay(arrivals, visitors, meter=LoadMeter(hs), progress=progress)
