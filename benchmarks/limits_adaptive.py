"""Goodput behind a limit, on a backend that is asked for more than it can give, in virtual time.

Calls come as a Poisson process for 120 s, and their callers give up after 1 s. Goodput is calls a second that
were answered before. The backend's throughput follows the Universal Scalability Law; it finishes what it has
begun, whoever has gone away. All limits stand before the same gate: a queue of 100, a wait of half a second.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.limits_backend import Backend, Law
from homeostat.runtime.limits.gate import Gate
from homeostat.runtime.limits.limit import Limit
from homeostat.runtime.limits.refused import Refused
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

TIMEOUT_S = 1.0
DURATION_S = 120.0

LAW = Law(25.0, 0.05, 0.0054)
"""133 calls a second at most, with 13 in progress."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many calls a second come, and by how much the backend is slower, at each second."""

    name: str
    load_per_s: Callable[[float], float]
    slowness: Callable[[float], float]
    bar: float


SCENARIOS = (
    Scenario("under load, 100/s", lambda _: 100.0, lambda _: 1.0, 98.0),
    Scenario("overload, 270/s", lambda _: 270.0, lambda _: 1.0, 125.0),
    Scenario(
        "100/s, burst x5 from 24 to 54 s", lambda s: 500.0 if 24 <= s < 54 else 100.0, lambda _: 1.0, 105.0
    ),
    Scenario(
        "100/s, backend x2 slower from 45 to 70 s",
        lambda _: 100.0,
        lambda s: 2.0 if 45 <= s < 70 else 1.0,
        90.0,
    ),
)


async def _goodput(scenario: Scenario, law: Law, limit: Limit, seed: int, loop: VirtualLoop) -> float:
    random, backend = Random(seed), Backend(law, Random(seed + 1))
    gate = Gate(BareHost(loop), "model", limit, queue_max=100, wait_max_s=0.5)
    good = 0

    async def call() -> None:
        nonlocal good
        try:
            async with asyncio.timeout(TIMEOUT_S), gate.permit():
                await backend.call()
        except (Refused, TimeoutError):
            return
        good += 1

    tasks: set[asyncio.Task[None]] = set()
    while (now_s := loop.time()) < DURATION_S:
        backend.slow_down(scenario.slowness(now_s))
        task = asyncio.create_task(call())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(random.expovariate(scenario.load_per_s(now_s)))
    return good / DURATION_S


def goodput(scenario: Scenario, law: Law, limit: Limit, seed: int) -> float:
    """Return the goodput of one run."""
    loop = VirtualLoop()
    return run_virtual(_goodput(scenario, law, limit, seed, loop), loop)
