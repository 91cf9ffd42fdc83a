"""Whose calls are answered where twice as many come as can be, in virtual time."""

import asyncio
from collections import Counter
from random import Random

from benchmarks.limits_adaptive import LAW, TIMEOUT_S
from benchmarks.limits_backend import Backend
from homeostat.runtime.limits.bulkhead import bulkhead
from homeostat.runtime.limits.fair_queue import Priority
from homeostat.runtime.limits.refused import Refused
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

LOAD_PER_S = 270.0
DURATION_S = 60.0

CRITICAL, MODEST = "critical", "modest tenant"
OTHERS = "others"


async def _answered(loop: VirtualLoop, seed: int, by_priority: bool) -> dict[str, float]:
    random, backend = Random(seed), Backend(LAW, Random(seed + 1))
    gate = bulkhead(BareHost(loop), "model", 13, wait_max_s=0.5)
    came, answered = Counter[str](), Counter[str]()

    async def call(who: str) -> None:
        priority = Priority.CRITICAL if by_priority and who == CRITICAL else Priority.NORMAL
        came[who] += 1
        try:
            async with asyncio.timeout(TIMEOUT_S), gate.permit(priority, who if not by_priority else ""):
                await backend.call()
        except (Refused, TimeoutError):
            return
        answered[who] += 1

    special = CRITICAL if by_priority else MODEST
    async with asyncio.TaskGroup() as group:
        while loop.time() < DURATION_S:
            group.create_task(call(special if random.random() < 0.2 else OTHERS))
            await asyncio.sleep(random.expovariate(LOAD_PER_S))
    return {who: answered[who] / came[who] for who in came}


def answered(seed: int, by_priority: bool) -> dict[str, float]:
    """Return the share of calls that were answered: a fifth is critical, or of a tenant of its own."""
    loop = VirtualLoop()
    return run_virtual(_answered(loop, seed, by_priority), loop)
