"""The tools: runs graphs of calls as wide as they may be, and learns what that is worth."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from inspect import iscoroutinefunction
from itertools import count
from typing import Any

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import check
from homeostat.runtime.limits.limit import Ended, FixedLimit, Limit
from homeostat.runtime.tools.busy import Busy, Mark
from homeostat.runtime.tools.call import Call, Ran, Skipped, remaining_work, sorted_calls
from homeostat.runtime.tools.side_by_side import SideBySide

MS_NS = 1_000_000


class Tools:
    """Runs calls with dependencies, at most so many at once over all graphs of the application.

    Of those that may begin, the one that most work waits for goes first, by how long each tool
    usually takes. What fails stops only what needs it. Plain functions run in threads. A deadline of the
    context holds: past it nothing is begun. `side_by_side` has what was learned: from which width on calls
    take longer, and which tools do so together.

    `limit` says how many may run at once (an adaptive one, for instance); by default it is the knob
    `<name>_at_once`. Use it in one event loop. Each call is an operation `<name>.<tool>`.
    """

    def __init__(self, host: Host, name: str, *, at_once: int = 8, limit: Limit | None = None) -> None:
        self.name = name
        self.side_by_side = SideBySide()
        self._host = host
        self._limit = limit or FixedLimit(
            host.knob_set.declare(declared(f"{name}_at_once", at_once, low=1, high=1_024, log=True))
        )
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._out = 0
        self._busy = Busy()
        self._widths = host.histogram("tools.at_once", "1", tools=name).record
        self._waits = host.histogram("tools.wait", "ms", tools=name).record
        self._skipped = host.counter("tools.skipped", "1", tools=name).add

    async def run(self, calls: Mapping[str, Call]) -> Ran:
        """Run a graph of calls to its end; return the results and errors.

        Raises ConfigError for a graph that cannot be run. Cancelled, it cancels those that run; threads go on
        to their end, and nobody hears of it.
        """
        order = sorted_calls(calls)
        left_s = remaining_work(calls, self.side_by_side.expected_s)
        results: dict[str, Any] = {}
        errors: dict[str, Exception] = {}
        tasks: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            for name in order:
                needed = [tasks[need] for need in calls[name].needs]
                one = self._run(name, calls[name], needed, left_s[name], results, errors)
                tasks[name] = group.create_task(one)
        return Ran(results, errors)

    async def _run(
        self,
        name: str,
        call: Call,
        needed: list[asyncio.Task[None]],
        left_s: float,
        results: dict[str, Any],
        errors: dict[str, Exception],
    ) -> None:
        if needed:
            await asyncio.wait(needed)
        failed = [need for need in call.needs if need in errors]
        if failed:
            self._skipped(1)
            errors[name] = Skipped(f"{name!r} was not called: {failed[0]!r}, which it needs, failed")
            return
        try:
            async with self._permit(left_s):
                results[name] = await self._called(call, {need: results[need] for need in call.needs})
        except Exception as error:  # noqa: BLE001 - handed to the caller, who finds it by name
            errors[name] = error

    @asynccontextmanager
    async def _permit(self, left_s: float) -> AsyncIterator[None]:
        """Wait for one's turn, those that most work waits for first."""
        check(self.name)
        since_ns = self._host.clock.monotonic_ns()
        await self._turn(left_s)
        try:
            self._waits((self._host.clock.monotonic_ns() - since_ns) / MS_NS)
            check(self.name)
            yield
        finally:
            self._out -= 1
            self._wake()

    async def _turn(self, left_s: float) -> None:
        if self._out < self._limit.now() and not self._waiting:
            self._out += 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-left_s, next(self._numbers), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn already
                self._out -= 1
                self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting and self._out < self._limit.now():
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._out += 1
                turn.set_result(None)

    async def _called(self, call: Call, found: dict[str, Any]) -> Any:
        tool = call.counts_as
        begin_ns = self._host.clock.monotonic_ns()
        mark = self._busy.begin(tool, begin_ns)
        error: BaseException | None = None
        try:
            with self._host.tracer.operation(f"{self.name}.{tool}"):
                if iscoroutinefunction(call.function):
                    return await call.function(*call.arguments, **found)
                return await asyncio.to_thread(partial(call.function, *call.arguments, **found))
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._ended(tool, mark, error)

    def _ended(self, tool: str, mark: Mark, error: BaseException | None) -> None:
        now_ns = self._host.clock.monotonic_ns()
        took_ns = now_ns - mark.at_ns
        usual_ns = self.side_by_side.expected_s(tool) * SECOND_NS
        company = self._busy.end(tool, now_ns, mark, usual_ns / 2)
        gave_up = isinstance(error, asyncio.CancelledError | TimeoutError)
        self._limit.ended(Ended(now_ns, took_ns, error is None, gave_up, self._out, bool(self._waiting)))
        if company is not None:
            self._widths(company.width)
            if error is None:
                self.side_by_side.learn(tool, took_ns / SECOND_NS, company)
