"""The replay: sends requests at the times of a trace, whatever becomes of those before (open loop)."""

import asyncio
import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol

from homeostat.core.errors import ConfigError
from homeostat.prove.load.arrivals import Arrival
from homeostat.prove.load.load_meter import LoadMeter
from homeostat.prove.load.replay_result import Outcome, ReplayProgress, ReplayResult, ReplayTally

PROGRESS_EVERY_S = 0.25
CONCURRENCY = 1_024


class Caller(Protocol):
    """What a replay drives."""

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Send one request and return what became of it; failures of the other side are no exceptions."""
        ...


async def replay(
    arrivals: Iterable[Arrival],
    caller: Caller,
    *,
    speed: float = 1.0,
    count: int | None = None,
    duration_s: float | None = None,
    concurrency: int = CONCURRENCY,
    meter: LoadMeter | None = None,
    progress: Callable[[ReplayProgress], None] | None = None,
) -> ReplayResult:
    """Send the arrivals, `speed` times as fast as they came, and return what became of them.

    Ends after `count` arrivals or after `duration_s` of real time, and with the last answer. An arrival
    that is due while `concurrency` requests are open is dropped and counted, never put off. Guarantee:
    a slow answer delays no later request, save through the one event loop that sends them all, which
    `lateness_ms` of the result measures. What `arrivals` raise ends the replay and is raised as it is.
    """
    if not 0.0 < speed < math.inf:
        raise ConfigError(f"speed must be a number above 0, not {speed!r}")
    if concurrency < 1:
        raise ConfigError(f"concurrency must be at least 1, not {concurrency!r}")
    load = _Load(caller, speed, concurrency, meter)
    reporter = asyncio.create_task(load.report(progress)) if progress is not None else None
    try:
        await load.send_all(islice(arrivals, count), math.inf if duration_s is None else duration_s)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        if reporter is not None:
            reporter.cancel()
    if progress is not None:
        progress(load.tally.progress(load.elapsed_s))
    return load.tally.result(load.sending_s, load.elapsed_s)


class _Load:
    """A replay while it runs; it begins when it is made."""

    def __init__(self, caller: Caller, speed: float, concurrency: int, meter: LoadMeter | None) -> None:
        self.tally = ReplayTally()
        self.sending_s = 0.0
        self._caller = caller
        self._speed = speed
        self._concurrency = concurrency
        self._meter = meter
        self._open = 0
        self._now_s = asyncio.get_running_loop().time
        self._begin_s = self._now_s()

    @property
    def elapsed_s(self) -> float:
        """The time since the beginning."""
        return self._now_s() - self._begin_s

    async def send_all(self, arrivals: Iterable[Arrival], duration_s: float) -> None:
        """Send each arrival when it is due, and return with the last answer."""
        async with asyncio.TaskGroup() as group:
            for number, arrival in enumerate(arrivals):
                due_s = arrival.time_s / self._speed
                if due_s >= duration_s:
                    break
                await asyncio.sleep(max(due_s - self.elapsed_s, 0.0))
                self.tally.trace_s = arrival.time_s
                if self._open >= self._concurrency:
                    self.tally.dropped += 1
                    continue
                self._open += 1
                self.tally.sent += 1
                group.create_task(self._one(arrival, number, due_s))
            self.sending_s = self.elapsed_s

    async def _one(self, arrival: Arrival, number: int, due_s: float) -> None:
        sent_s = self.elapsed_s
        late_s = sent_s - due_s
        self.tally.lateness_ms.add(late_s * 1e3)
        if self._meter is not None:
            self._meter.sent(late_s * 1e3, self._open)
        try:
            outcome = await self._caller.call(arrival, number)
        finally:
            self._open -= 1
        took_s = self.elapsed_s - sent_s
        self.tally.ended(outcome, late_s, took_s)
        if self._meter is not None:
            self._meter.ended((late_s + took_s) * 1e3, outcome.error, self._open)

    async def report(self, progress: Callable[[ReplayProgress], None]) -> None:
        """Tell how far it is, again and again."""
        while True:
            progress(self.tally.progress(self.elapsed_s))
            await asyncio.sleep(PROGRESS_EVERY_S)
