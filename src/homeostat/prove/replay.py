"""The replay: sends requests at the times of a trace, whatever becomes of those before (open loop)."""

import asyncio
import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol

from homeostat.core.errors import ConfigError
from homeostat.prove.arrivals import Arrival
from homeostat.prove.load_meter import LoadMeter
from homeostat.prove.replay_result import Outcome, ReplayProgress, ReplayResult, ReplayTally

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
    `lateness_ms` of the result measures.
    """
    if not 0.0 < speed < math.inf:
        raise ConfigError(f"speed must be a number above 0, not {speed!r}")
    if concurrency < 1:
        raise ConfigError(f"concurrency must be at least 1, not {concurrency!r}")
    loop = asyncio.get_running_loop()
    tally = ReplayTally()
    begin_s = loop.time()
    end_s = math.inf if duration_s is None else begin_s + duration_s
    open_ = 0

    async def one(arrival: Arrival, number: int, due_s: float) -> None:
        nonlocal open_
        sent_s = loop.time()
        tally.lateness_ms.add((sent_s - due_s) * 1e3)
        if meter is not None:
            meter.sent((sent_s - due_s) * 1e3, open_)
        try:
            outcome = await caller.call(arrival, number)
        finally:
            open_ -= 1
        end_s = loop.time()
        tally.ended(outcome, sent_s - due_s, end_s - sent_s)
        if meter is not None:
            meter.ended((end_s - due_s) * 1e3, outcome.error, open_)

    async def report() -> None:
        while progress is not None:
            progress(tally.progress(loop.time() - begin_s))
            await asyncio.sleep(PROGRESS_EVERY_S)

    reporter = asyncio.create_task(report())
    try:
        async with asyncio.TaskGroup() as group:
            for number, arrival in enumerate(islice(arrivals, count)):
                due_s = begin_s + arrival.time_s / speed
                if due_s >= end_s:
                    break
                await asyncio.sleep(max(due_s - loop.time(), 0.0))
                tally.trace_s = arrival.time_s
                if open_ >= concurrency:
                    tally.dropped += 1
                    continue
                open_ += 1
                tally.sent += 1
                group.create_task(one(arrival, number, due_s))
            sending_s = loop.time() - begin_s
    finally:
        reporter.cancel()
    if progress is not None:
        progress(tally.progress(loop.time() - begin_s))
    return tally.result(sending_s, loop.time() - begin_s)
