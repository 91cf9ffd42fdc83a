"""The slowest calls with and without a hedge, and with one endpoint slower or failing, in virtual time."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count, cycle
from random import Random

from benchmarks.limits_backend import Backend, Law
from homeostat.runtime.limits.balancer import Balancer
from homeostat.runtime.limits.hedge import Hedge
from homeostat.runtime.limits.retry import Retry
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

CALLS = 20_000
RATE_PER_S = 80.0

Call = Callable[[], Awaitable[object]]


async def _latencies(call: Call, seed: int) -> list[float]:
    """Return the latencies of calls that come as a Poisson process, sorted."""
    random, found = Random(seed), list[float]()
    loop = asyncio.get_running_loop()

    async def one() -> None:
        began = loop.time()
        await call()
        found.append(loop.time() - began)

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLS):
            group.create_task(one())
            await asyncio.sleep(random.expovariate(RATE_PER_S))
    return sorted(found)


def hedged(seed: int) -> dict[str, float]:
    """Return p99 in ms without and with a hedge, and the extra calls as a share.

    A call takes 50 ms (lognormal, sigma .3); one in 50 is stuck for a second more.
    """

    async def run(loop: VirtualLoop, with_hedge: bool) -> tuple[float, float]:
        random, made = Random(seed), count()

        async def call() -> None:
            next(made)
            stuck_s = 1.0 if random.random() < 0.02 else 0.0
            await asyncio.sleep(0.05 * math.exp(random.gauss(0.0, 0.3)) + stuck_s)

        wrapped = Hedge(BareHost(loop), "model").idempotent(call) if with_hedge else call
        latencies = await _latencies(wrapped, seed)
        return latencies[int(0.99 * CALLS)] * 1e3, next(made) / CALLS - 1.0

    def once(with_hedge: bool) -> tuple[float, float]:
        loop = VirtualLoop()
        return run_virtual(run(loop, with_hedge), loop)

    p99, extra = once(True)
    return {"without": once(False)[0], "with": p99, "extra": extra}


def balanced(seed: int) -> dict[str, float]:
    """Return p99 in ms of round robin and of the balancer, one of four endpoints being half as fast.

    Each endpoint serves 50 a second, in turns of all that are in progress there.
    """

    async def run(loop: VirtualLoop, ours: bool) -> float:
        backends = {name: Backend(Law(50.0, 1.0, 0.0), Random(seed + n)) for n, name in enumerate("abcd")}
        backends["c"].slow_down(2.0)
        turns, balancer = cycle(backends.values()), Balancer(BareHost(loop), "model", backends, Random(seed))

        async def call() -> None:
            if ours:
                with balancer.pick() as backend:
                    await backend.call()
            else:
                await next(turns).call()

        return (await _latencies(call, seed))[int(0.99 * CALLS)] * 1e3

    def once(ours: bool) -> float:
        loop = VirtualLoop()
        return run_virtual(run(loop, ours), loop)

    return {"round robin": once(False), "balancer": once(True)}


def failed_share(seed: int) -> float:
    """Return the share of calls that fail where one of four endpoints refuses everything for good."""

    async def run(loop: VirtualLoop) -> float:
        balancer = Balancer(BareHost(loop), "model", {name: name for name in "abcd"}, Random(seed))
        failed = 0

        async def call() -> None:
            nonlocal failed
            with suppress(ConnectionError), balancer.pick() as endpoint:
                if endpoint == "c":
                    failed += 1
                    raise ConnectionError
                await asyncio.sleep(0.02)

        await _latencies(call, seed)
        return failed / CALLS

    loop = VirtualLoop()
    return run_virtual(run(loop), loop)


def amplification(seed: int) -> float:
    """Return attempts a call where every attempt fails and three are allowed."""

    async def run(loop: VirtualLoop) -> float:
        made = count()

        async def call() -> None:
            next(made)
            raise ConnectionError

        wrapped = Retry(BareHost(loop), "model", on=ConnectionError)(call)

        async def one() -> None:
            with suppress(ConnectionError):
                await wrapped()

        await _latencies(one, seed)
        return next(made) / CALLS

    loop = VirtualLoop()
    return run_virtual(run(loop), loop)
