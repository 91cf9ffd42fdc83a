"""The hedge: where a call takes unusually long, a second one is begun, and whichever answers first wins."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.budget import Budget
from homeostat.runtime.limits.deadline import check, remaining_s
from homeostat.runtime.limits.recent_quantile import RecentQuantile

P = ParamSpec("P")
R = TypeVar("R")

LEARNED_FROM = 50
"""Calls that are watched before any is hedged."""


class Hedge:
    """Hedged requests (Dean and Barroso, The Tail at Scale, 2013) with a budget, for coroutine functions.

    A second call is begun once the first has taken longer than `quantile` of the last calls, at most for
    `share` of all calls. The other one is then cancelled; if one fails, the other is waited for. For
    idempotent calls only: both may have been carried out. One instance serves one event loop at a time. Its
    knobs are `<name>_hedge_quantile` and `<name>_hedge_share`.
    """

    def __init__(self, host: Host, name: str, *, quantile: float = 0.95, share: float = 0.05) -> None:
        self.name = name
        self._now_ns = host.clock.monotonic_ns
        declare = host.knob_set.declare
        self._quantile = declare(declared(f"{name}_hedge_quantile", quantile, low=0.5, high=0.999))
        self._share = declare(declared(f"{name}_hedge_share", share, low=0.0, high=0.5))
        self._budget = Budget(self._share.get, self._now_ns)
        self._latencies = RecentQuantile(LEARNED_FROM)
        self._others: set[asyncio.Task[Any]] = set()
        self._count = {
            outcome: host.counter("hedge.calls", "1", hedge=name, outcome=outcome).add
            for outcome in ("alone", "won", "lost", "no_budget", "failed")
        }
        self._delayed = host.histogram("hedge.delay", "ms", hedge=name).record

    def idempotent(
        self, function: Callable[P, Coroutine[Any, Any, R]]
    ) -> Callable[P, Coroutine[Any, Any, R]]:
        """Return the function, each call of which is hedged: only for what may be carried out twice."""
        if not iscoroutinefunction(function):
            raise ConfigError(f"a hedge wraps coroutine functions, not {function!r}")

        @wraps(function)
        async def hedged(*args: P.args, **kwargs: P.kwargs) -> R:
            check(self.name)
            self._budget.call()
            return await self._call(partial(function, *args, **kwargs))

        return hedged

    async def _call(self, begin: Callable[[], Coroutine[Any, Any, R]]) -> R:
        began_ns = self._now_ns()
        delay_s = self._latencies.at(self._quantile.get())
        if delay_s is None or delay_s >= remaining_s():
            try:
                result = await begin()
            except Exception:
                self._count["failed"](1)
                raise
            self._finished(began_ns, "alone")
            return result
        tasks = [self._start(begin)]
        try:
            await asyncio.wait(tasks, timeout=delay_s)
            outcome = "alone"
            if not tasks[0].done():
                if self._budget.take():
                    self._delayed(delay_s * 1e3)
                    tasks.append(self._start(begin))
                    winner = await _first_success(tasks)
                    outcome = "lost" if winner is tasks[0] else "won"
                    return self._result(winner, began_ns, outcome)
                outcome = "no_budget"
                await asyncio.wait(tasks)
            return self._result(tasks[0], began_ns, outcome)
        finally:
            for task in tasks:
                task.cancel()

    def _start(self, begin: Callable[[], Coroutine[Any, Any, R]]) -> asyncio.Task[R]:
        task = asyncio.create_task(begin())
        self._others.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._others.discard(task)
        if not task.cancelled():
            task.exception()  # the loser's is nobody's business

    def _result(self, task: asyncio.Task[R], began_ns: int, outcome: str) -> R:
        if task.cancelled() or task.exception() is not None:
            self._count["failed"](1)
        else:
            self._finished(began_ns, outcome)
        return task.result()

    def _finished(self, began_ns: int, outcome: str) -> None:
        """Learn how long the first call took, or at least how long it had taken when the other one won."""
        self._latencies.add((self._now_ns() - began_ns) / SECOND_NS)
        self._count[outcome](1)


async def _first_success(tasks: list[asyncio.Task[R]]) -> asyncio.Task[R]:
    """Return the task that is done first without an error; where all fail, the first of the list."""
    running = set(tasks)
    while running:
        done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done and not task.cancelled() and task.exception() is None:
                return task
    return tasks[0]
