"""How other circuit breakers pass their half-open state, measured by their own Python: prints JSON.

.bench-venv/limits/bin/python benchmarks/peers/limits_breakers.py

Each opens after 5 failures and is tried again by 50 tasks at once (threads for pybreaker, whose async form
needs tornado), each of which takes 50 ms; counted is how many were called. The time is of a call that goes
well while closed, of the fastest round. Imports nothing of Homeostat.
"""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

CALLERS = 50
OPEN_S = 0.1
WORK_S = 0.05
ROUNDS, CALLS = 30, 2_000


class Work:
    """What is called: counts how often, and fails while it is told to."""

    def __init__(self) -> None:
        self.called = 0
        self.fails = True

    def sync(self) -> None:
        """Fail, or take a while."""
        if self.fails:
            raise ConnectionError
        self.called += 1
        time.sleep(WORK_S)

    async def task(self) -> None:
        """Fail, or take a while."""
        if self.fails:
            raise ConnectionError
        self.called += 1
        await asyncio.sleep(WORK_S)


async def through_tasks(call: Callable[[], Awaitable[object]], work: Work) -> int:
    """Return how many of 50 tasks get through a breaker that was open."""
    for _ in range(5):
        await asyncio.gather(call(), return_exceptions=True)
    work.fails = False
    await asyncio.sleep(OPEN_S * 2)
    await asyncio.gather(*(call() for _ in range(CALLERS)), return_exceptions=True)
    return work.called


def through_threads(call: Callable[[], object], work: Work) -> int:
    """Return how many of 50 threads get through."""

    def caller() -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - each library has an error of its own
            return

    for _ in range(5):
        caller()
    work.fails = False
    time.sleep(OPEN_S * 2)
    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return work.called


def best_ns(call: Callable[[], object]) -> float:
    """Return the time of a call in the fastest round."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        found.append((time.perf_counter_ns() - began) / CALLS)
    return min(found)


def nothing() -> None:
    """Do nothing."""


async def purgatory_breaker() -> Any:
    """Return a breaker of purgatory."""
    factory = import_module("purgatory").AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=OPEN_S)
    return await factory.get_breaker("work")


async def purgatory() -> int:
    """Return how many get through purgatory's."""
    work, breaker = Work(), await purgatory_breaker()

    async def call() -> None:
        async with breaker:
            await work.task()

    return await through_tasks(call, work)


def main() -> None:
    """Measure all four."""
    pybreaker, circuitbreaker = import_module("pybreaker"), import_module("circuitbreaker")
    aiobreaker = import_module("aiobreaker")
    closed = aiobreaker.CircuitBreaker()
    work = Work()
    threads = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=OPEN_S)
    found: dict[str, dict[str, float]] = {
        "pybreaker": {"through": through_threads(lambda: threads.call(work.sync), work)}
    }
    found["pybreaker"]["closed_ns"] = best_ns(lambda: threads.call(nothing))
    work = Work()
    decorated = circuitbreaker.CircuitBreaker(failure_threshold=5, recovery_timeout=OPEN_S)(work.task)
    found["circuitbreaker"] = {"through": asyncio.run(through_tasks(decorated, work))}
    found["circuitbreaker"]["closed_ns"] = best_ns(circuitbreaker.CircuitBreaker(name="closed")(nothing))
    work = Work()
    tasks = aiobreaker.CircuitBreaker(fail_max=5, timeout_duration=timedelta(seconds=OPEN_S))
    found["aiobreaker"] = {"through": asyncio.run(through_tasks(lambda: tasks.call_async(work.task), work))}
    found["aiobreaker"]["closed_ns"] = best_ns(lambda: closed.call(nothing))
    found["purgatory"] = {"through": asyncio.run(purgatory())}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
