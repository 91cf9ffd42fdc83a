"""The batcher: gathers single calls into batches, as large as those that wait while the last one runs."""

import asyncio
import contextvars
from bisect import insort
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from itertools import count
from math import inf
from typing import Any, Generic, TypeAlias, TypeVar, cast

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.runtime.batching.choice import Waiting, choose, size_of
from homeostat.runtime.batching.latency_model import LatencyModel
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import check, remaining_s
from homeostat.runtime.limits.refused import Overloaded

T = TypeVar("T")
R = TypeVar("R")

MS_NS = 1_000_000

PATIENCE_NS = SECOND_NS
"""An item without a deadline takes its turn as if it had to be begun within this time."""

OUTLIER = 4.0
"""A batch teaches at most so many times what was predicted of it: one hiccup is no rule."""


Call: TypeAlias = "asyncio.Task[Sequence[R | Exception]]"


class WrongAnswers(HomeostatError):
    """A batch function did not return one result for each item."""


@dataclass(slots=True)
class Place(Waiting, Generic[T, R]):
    """An item that waits, and whom to tell what came of it."""

    item: T = field(kw_only=True, compare=False)
    answer: "asyncio.Future[R]" = field(kw_only=True, compare=False)


class Batcher(Generic[T, R]):
    """Calls a function of many items for callers that have one each.

    A batch is dispatched as soon as one may run; what comes meanwhile makes the next one. So there is no wait
    where there is no load, and batches grow with it. How long a batch takes is learned; an item that could
    not be answered before its deadline (`within_s`, or that of the context) is refused with `Overloaded`, at
    once where that is foreseeable. A caller that is cancelled takes nothing with it but its own item.

    The function takes a list and returns as many results in the same order; a result that is an exception is
    raised to its caller alone, one that is raised to all of the batch. A plain function runs in `executor`,
    by default a pool of threads. `length` says how long an item is where short ones are padded to the
    longest: those of like length then go together. Batches do not see the callers' context variables.

    Its knobs are `<name>_batch_max`, `<name>_wait_ms` (how long the first of an incomplete batch waits for
    more; 0 is best unless batches cost money by their number) and `<name>_batches` (how many run at once).
    Use it in one event loop, and `aclose` it there. Raises ConfigError for what makes no sense.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        function: Callable[[list[T]], Awaitable[Sequence[R | Exception]] | Sequence[R | Exception]],
        *,
        batch_max: int = 64,
        wait_ms: float = 0.0,
        batches: int = 1,
        queue_max: int = 10_000,
        length: Callable[[T], float] | None = None,
        executor: Executor | None = None,
    ) -> None:
        if executor is not None and iscoroutinefunction(function):
            raise ConfigError(f"batcher {name!r} has a coroutine function: leave out the executor")
        if queue_max < 1:
            raise ConfigError(f"queue_max of batcher {name!r} must be at least 1, not {queue_max!r}")
        self.name = name
        self._host = host
        self._function = function
        self._executor = executor
        self._length = length
        self._queue_max = queue_max
        declare = host.knob_set.declare
        self._batch_max = declare(declared(f"{name}_batch_max", batch_max, low=1, high=4_096, log=True))
        self._wait_ms = declare(declared(f"{name}_wait_ms", wait_ms, low=0.0, high=10_000.0))
        self._batches = declare(declared(f"{name}_batches", batches, low=1, high=256, log=True))
        self._sizes = host.histogram("batch.size", "1", batcher=name).record
        self._durations = host.histogram("batch.duration", "ms", batcher=name).record
        self._waits = host.histogram("batch.wait", "ms", batcher=name).record
        self._shed = host.counter("batch.shed", "1", batcher=name).add
        self._context = contextvars.copy_context()
        self._model = LatencyModel()
        self._predict_ns = self._model.predict
        self._numbers = count()
        self._queue: list[Place[T, R]] = []
        self._running: dict[Call[R], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Items that wait for their batch."""
        return len(self._queue)

    async def __call__(self, item: T, *, within_s: float = inf) -> R:
        """Return the function's result for one item.

        Raises Overloaded where it cannot be had in time or too many wait, DeadlinePassed where the deadline
        of the context has passed, and what the function raises.
        """
        check(self.name)
        loop = self._bound()
        now_ns = self._host.clock.monotonic_ns()
        left_s = min(within_s, remaining_s())
        place: Place[T, R] = Place(
            now_ns + min(left_s * SECOND_NS, PATIENCE_NS),
            next(self._numbers),
            now_ns,
            now_ns + left_s * SECOND_NS,
            1.0 if self._length is None else self._length(item),
            item=item,
            answer=loop.create_future(),
        )
        self._admit(place, now_ns)
        insort(self._queue, place)
        if len(self._queue) == 1 or len(self._queue) >= self._batch_max.get():
            loop.call_soon(self._dispatch, context=self._context)
        try:
            return await place.answer
        finally:
            self._leave(place)

    async def aclose(self) -> None:
        """Serve those that wait, and take no more."""
        self._closed = True
        while self._queue or self._running:
            self._dispatch()
            if self._running:
                await asyncio.wait(list(self._running))

    def _bound(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise ConfigError(f"batcher {self.name!r} is closed")
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigError(f"batcher {self.name!r} belongs to another event loop; make one for each")
        return loop

    def _admit(self, place: Place[T, R], now_ns: int) -> None:
        """Raise Overloaded where an item would only wait in vain."""
        if len(self._queue) >= self._queue_max:
            raise self._refusal(f"{len(self._queue)} wait already", now_ns)
        if place.deadline_ns == inf or not self._running:
            return
        if self._free_ns(now_ns) + self._predict_ns(place.length) > place.deadline_ns:
            raise self._refusal("it could not be answered before its deadline", now_ns)

    def _free_ns(self, now_ns: int) -> float:
        """Return when the batch in which a new item would be can begin, by what is known."""
        most: int = self._batch_max.get()
        full_ns = self._predict_ns(size_of(self._queue[:most]))
        begin_ns = max(float(now_ns), min(self._running.values()))
        return begin_ns + full_ns * (len(self._queue) // most) / int(self._batches.get())

    def _refusal(self, why: str, now_ns: int) -> Overloaded:
        self._shed(1)
        after_s = max(0.0, self._free_ns(now_ns) - now_ns) / SECOND_NS if self._running else 0.0
        return Overloaded(
            f"{self.name!r} took no more: {why}; try again in {after_s:.3g} s", retry_after_s=after_s
        )

    def _leave(self, place: Place[T, R]) -> None:
        """Forget an item whose caller went away while it waited."""
        if place.answer.cancelled() and place in self._queue:
            self._queue.remove(place)

    def _dispatch(self) -> None:
        """Begin as many batches as may run."""
        assert self._loop is not None
        while self._queue and len(self._running) < self._batches.get():
            now_ns = self._host.clock.monotonic_ns()
            most = self._batch_max.get()
            if len(self._queue) < most and not self._closed and self._waits_for_more(now_ns):
                return
            choice = choose(self._queue, now_ns, most, self._predict_ns, idle=not self._running)
            gone = {place.number for place in (*choice.batch, *choice.shed)}
            self._queue = [place for place in self._queue if place.number not in gone]
            for place in choice.shed:
                if not place.answer.done():
                    place.answer.set_exception(self._refusal("its deadline was too near", now_ns))
            batch = [place for place in choice.batch if not place.answer.done()]
            if batch:
                self._begin(batch, now_ns)

    def _waits_for_more(self, now_ns: int) -> bool:
        """Tell whether an incomplete batch waits, and see to it that it does not wait for ever."""
        assert self._loop is not None
        first_ns = min(place.arrived_ns for place in self._queue)
        left_s = (first_ns + self._wait_ms.get() * MS_NS - now_ns) / SECOND_NS
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if left_s <= 0.0:
            return False
        self._timer = self._loop.call_later(left_s, self._dispatch, context=self._context)
        return True

    def _begin(self, batch: list[Place[T, R]], now_ns: int) -> None:
        assert self._loop is not None
        for place in batch:
            self._waits((now_ns - place.arrived_ns) / MS_NS)
        self._sizes(len(batch))
        task = self._loop.create_task(
            self._called([place.item for place in batch]), context=self._context.copy()
        )
        self._running[task] = now_ns + self._predict_ns(size_of(batch))
        task.add_done_callback(partial(self._ended, batch, now_ns))

    def _ended(self, batch: list[Place[T, R]], began_ns: int, task: "Call[R]") -> None:
        """Tell each caller; whatever happened, nobody is left waiting."""
        del self._running[task]
        self._learn(batch, self._host.clock.monotonic_ns() - began_ns)
        if task.cancelled():
            for place in batch:
                place.answer.cancel()
        else:
            error = task.exception() or self._wrong(batch, task.result())
            answers = task.result() if error is None else [error] * len(batch)
            for place, answer in zip(batch, answers, strict=True):
                _tell(place.answer, answer)
        self._dispatch()

    def _wrong(self, batch: list[Place[T, R]], answers: Any) -> WrongAnswers | None:
        ordered = hasattr(answers, "__getitem__") and not isinstance(answers, str | bytes | Mapping)
        try:
            if ordered and len(answers) == len(batch):
                return None
            found = f"{len(answers)} results" if ordered else f"a {type(answers).__name__}"
        except TypeError:  # it has no length, as an array of no dimension
            found = f"a {type(answers).__name__}"
        return WrongAnswers(
            f"the function of batcher {self.name!r} returned {found} for {len(batch)} items: "
            "it must return one result for each, in their order"
        )

    async def _called(self, items: list[T]) -> Sequence[R | Exception]:
        if iscoroutinefunction(self._function):
            return cast(Sequence[R | Exception], await self._function(items))
        assert self._loop is not None
        found: Any = await self._loop.run_in_executor(self._executor, self._function, items)
        return cast(Sequence[R | Exception], found)

    def _learn(self, batch: list[Place[T, R]], took_ns: int) -> None:
        self._durations(took_ns / MS_NS)
        size = size_of(batch)
        expected_ns = self._predict_ns(size)
        self._model.learn(size, min(took_ns, OUTLIER * expected_ns) if expected_ns else took_ns)


def _tell(answer: "asyncio.Future[R]", found: R | BaseException) -> None:
    if answer.done():
        return
    if isinstance(found, BaseException):
        answer.set_exception(found)
    else:
        answer.set_result(found)
