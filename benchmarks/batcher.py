"""How long do single calls wait for their batch, and how many cannot be served in time?"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.result import Result
from homeostat import Homeostat
from homeostat.runtime.batching.batcher import Batcher
from homeostat.runtime.limits.refused import Refused
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

SECONDS = 20
SEEDS = (1, 2, 3, 4, 5)
MOST = 64
DEADLINE_S = 0.102
BARS_MS = {200: 50.0, 800: 81.0, 1_100: 98.0}
SHED_MAX = 80
OVERLOAD_PER_S = 2_000

Serve = Callable[[VirtualLoop], Callable[[int], "asyncio.Future[int]"]]


async def backend(items: list[int]) -> Sequence[int]:
    """Take 20 ms and half a ms an item of virtual time: at most 1,230 a second by 64."""
    await asyncio.sleep(0.020 + 0.0005 * len(items))
    return items


def ours(loop: VirtualLoop, deadline_s: float = DEADLINE_S) -> Callable[[int], "asyncio.Future[int]"]:
    """Our batcher."""
    batcher = Batcher(BareHost(loop), "backend", backend, batch_max=MOST)
    return lambda item: asyncio.ensure_future(batcher(item, within_s=deadline_s))


def greedy(loop: VirtualLoop) -> Callable[[int], "asyncio.Future[int]"]:
    """The same without deadlines: all are served, however late."""
    return ours(loop, float("inf"))


class Window:
    """A batch each 10 ms or when it is full, one at a time: how batchers with a timer work."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._queue: list[tuple[int, asyncio.Future[int]]] = []
        self._wake = asyncio.Event()
        self._task = loop.create_task(self._serve())

    def __call__(self, item: int) -> "asyncio.Future[int]":
        """Wait for an item's batch."""
        answer: asyncio.Future[int] = self._loop.create_future()
        self._queue.append((item, answer))
        self._wake.set()
        return answer

    async def _serve(self) -> None:
        while True:
            while not self._queue:
                self._wake.clear()
                await self._wake.wait()
            if len(self._queue) < MOST:
                await asyncio.sleep(0.01)
            batch, self._queue = self._queue[:MOST], self._queue[MOST:]
            await backend([item for item, _ in batch])
            for item, answer in batch:
                answer.set_result(item)


def played(serve: Serve, per_s: float, seed: int) -> tuple[float, float, int, int]:
    """Return the p99 of those served in ms, the longest, how many were refused, and how many came."""
    loop, rng = VirtualLoop(), random.Random(seed)
    took: list[float] = []
    refused = 0

    async def call(one: Callable[[int], "asyncio.Future[int]"]) -> None:
        nonlocal refused
        begin_s = loop.time()
        try:
            await one(1)
        except Refused:
            refused += 1
        else:
            took.append(loop.time() - begin_s)

    async def main() -> None:
        one = serve(loop)
        calls = []
        while loop.time() < SECONDS:
            await asyncio.sleep(rng.expovariate(per_s))
            calls.append(asyncio.ensure_future(call(one)))
        await asyncio.gather(*calls)

    run_virtual(main(), loop)
    took.sort()
    return 1e3 * took[int(0.99 * len(took))], 1e3 * took[-1], refused, refused + len(took)


def run(data: Path | None) -> list[Result]:
    """Play Poisson arrivals against the backend in virtual time, and time a call of the real batcher."""
    found = []
    for per_s, bar_ms in BARS_MS.items():
        here = [played(ours, per_s, seed) for seed in SEEDS]
        all_ms, window_ms = (played(serve, per_s, SEEDS[0])[0] for serve in (greedy, Window))
        ms = [p99 for p99, *_ in here]
        found.append(
            Result(
                f"batcher, {per_s:,} requests/s: p99",
                statistics.median(ms),
                "ms",
                bar_ms,
                "lower",
                low=min(ms),
                high=max(ms),
                note=f"{len(SEEDS)} times {SECONDS} s; without deadlines {all_ms:.0f}, a batch each 10 ms "
                f"{window_ms:.0f}; BentoML 52, 81 and 98 when measured for the design",
            )
        )
    shed = [refused for *_, refused, _ in here]
    found.append(
        Result(
            "batcher, 1,100 requests/s: refused since they would be late",
            statistics.median(shed),
            "",
            SHED_MAX,
            "lower",
            low=min(shed),
            high=max(shed),
            note=f"of {here[0][3]:,}, with a deadline of {1e3 * DEADLINE_S:.0f} ms; BentoML 80",
        )
    )
    return [*found, _overload(), _cost()]


def _overload() -> Result:
    _, _, refused, came = played(ours, OVERLOAD_PER_S, SEEDS[0])
    late = played(greedy, OVERLOAD_PER_S, SEEDS[0])[0]
    return Result(
        f"batcher, {OVERLOAD_PER_S:,} requests/s: served in time a second",
        (came - refused) / SECONDS,
        "",
        None,
        "higher",
        note=f"at most 1,230 can be; without deadlines the p99 is {late / 1e3:.1f} s",
    )


def _cost() -> Result:
    """Return what a call costs besides the function, a hundred at a time."""

    async def echo(items: list[int]) -> list[int]:
        return items

    async def main() -> list[float]:
        with Homeostat(keep=False, collect=False) as hs:
            batcher = Batcher(hs, "echo", echo)
            took = []
            for _ in range(60):
                begin = time.process_time()
                for _ in range(10):
                    await asyncio.gather(*(batcher(n) for n in range(100)))
                took.append((time.process_time() - begin) * 1e6 / 1_000)
            return took

    us = asyncio.run(main())
    return Result(
        "batcher: a call, without the function",
        statistics.median(us),
        "us",
        None,
        "lower",
        low=min(us),
        high=max(us),
        note="processor time, 100 callers at once, their tasks included",
    )
