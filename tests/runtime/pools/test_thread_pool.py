"""Threads: never more at work than the size says, no slot is lost, deadlines hold, and closing drains."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import CutOff, within
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.runtime.pools.thread_pool import ThreadPool
from homeostat.runtime.pools.workers import Workers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import eventually, until
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


class Works:
    """Functions that are at work until they are told to end."""

    def __init__(self, count: int) -> None:
        self.ends = [threading.Event() for _ in range(count)]
        self.at_work = 0
        self.highest = 0
        self._lock = threading.Lock()

    def work(self, number: int) -> int:
        with self._lock:
            self.at_work += 1
            self.highest = max(self.highest, self.at_work)
        self.ends[number].wait(60.0)
        with self._lock:
            self.at_work -= 1
        return number


def played(main: Callable[[BareHost], Awaitable[None]]) -> BareHost:
    host = BareHost(SystemClock())

    async def run() -> None:
        await main(host)

    asyncio.run(run())
    return host


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 0)),
        st.tuples(st.just("cancel"), st.integers(0, 11)),
        st.tuples(st.just("end"), st.integers(0, 11)),
        st.tuples(st.just("size"), st.integers(1, 4)),
        st.tuples(st.just("turn"), st.integers(0, 0)),
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(ACTIONS)
def test_no_slot_is_lost_and_none_too_many_is_taken_whatever_is_cancelled(
    actions: list[tuple[str, int]],
) -> None:
    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 2, size_max=4, queue_max=5, wait_max_s=600.0)
        works, calls, largest = Works(100), list[asyncio.Task[int]](), 2
        for action, number in actions:
            match action:
                case "begin":
                    calls.append(asyncio.create_task(pool.run(works.work, len(calls))))
                case "cancel" if number < len(calls):
                    calls[number].cancel()
                case "end":
                    works.ends[number].set()
                case "size":
                    host.knob_set.pin("work_size", number)
                    largest = max(largest, number)
                case _:
                    await asyncio.sleep(0)
            assert works.at_work <= pool.in_use <= largest
        await asyncio.sleep(0)
        for end in works.ends:
            end.set()
        for number, found in enumerate(await asyncio.gather(*calls, return_exceptions=True)):
            assert found == number or isinstance(found, asyncio.CancelledError | Overloaded)
        await eventually(lambda: (pool.in_use, pool.waiting, works.at_work) == (0, 0, 0))
        assert works.highest <= largest
        assert await pool.run(works.work, 99) == 99
        await pool.aclose()

    played(main)


def test_the_size_is_a_knob_that_can_be_turned_while_calls_run() -> None:
    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 1, wait_max_s=600.0)
        works = Works(6)
        calls = [asyncio.create_task(pool.run(works.work, n)) for n in range(6)]
        await eventually(lambda: works.at_work == 1)
        host.knob_set.pin("work_size", 3)
        works.ends[0].set()
        await eventually(lambda: works.at_work == 3)
        pool.size.pin(1)
        works.ends[1].set()
        works.ends[2].set()
        await eventually(lambda: works.at_work == 1)
        assert pool.in_use == 1
        for end in works.ends:
            end.set()
        assert await asyncio.gather(*calls) == list(range(6))
        assert works.highest == 3
        await pool.aclose()

    host = played(main)
    assert host.snapshot("pool.size", pool="work").maximum == 3.0
    assert host.snapshot("pool.in_use", pool="work").last == 0.0
    assert host.snapshot("pool.wait", pool="work").count == 6


def test_a_slot_stays_taken_until_the_function_really_ends() -> None:
    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 1, queue_max=0)
        works = Works(2)
        call = asyncio.create_task(pool.run(works.work, 0))
        await eventually(lambda: works.at_work == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert pool.in_use == 1
        with pytest.raises(Overloaded, match="queue is full"):
            await pool.run(works.work, 1)
        works.ends[0].set()
        await eventually(lambda: pool.in_use == 0)
        await pool.aclose()

    played(main)


def test_a_deadline_frees_the_caller_of_run_and_of_call_but_not_the_slot() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        host = BareHost(loop)
        pool = ThreadPool(host, "work", 2)
        works = Works(2)
        with within(host, 60.0):
            call = asyncio.create_task(pool.run(works.work, 0))
            await asyncio.sleep(0)
        until(lambda: works.at_work == 1)  # the time stands still meanwhile
        with pytest.raises(CutOff, match="'work' was given up at its deadline"):
            await call
        with within(host, 1.0), pytest.raises(CutOff, match="'work' was given up at its deadline"):
            pool.call(works.work, 1)
        assert pool.in_use == 2
        for end in works.ends:
            end.set()
        await pool.aclose()
        assert pool.in_use == 0

    run_virtual(main(), loop)


def test_past_its_deadline_nothing_is_begun() -> None:
    clock = ManualClock()
    host = BareHost(clock)
    pool = ThreadPool(host, "work", 1)
    with within(host, 1.0):
        clock.advance(2.0)
        with pytest.raises(DeadlinePassed):
            pool.call(str.upper, "word")
        with pytest.raises(DeadlinePassed):
            asyncio.run(pool.run(str.upper, "word"))
    assert pool.in_use == 0
    pool.close()


def test_what_a_function_raises_reaches_its_caller_a_time_out_of_its_own_too() -> None:
    def fails() -> None:
        raise TimeoutError("its own")

    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 1)
        with within(host, 60.0):
            with pytest.raises(TimeoutError, match="its own"):
                await pool.run(fails)
            with pytest.raises(TimeoutError, match="its own"):
                pool.call(fails)
        assert pool.in_use == 0
        await pool.aclose()

    played(main)


def test_a_function_sees_the_context_of_its_caller() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    pool = ThreadPool(BareHost(), "work", 1)
    user.set("ann")
    assert pool.call(user.get) == "ann"
    assert asyncio.run(pool.run(user.get)) == "ann"
    pool.close()


def test_closing_serves_those_that_wait_and_refuses_those_that_come() -> None:
    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 1, wait_max_s=600.0)
        works = Works(4)
        calls = [asyncio.create_task(pool.run(works.work, n)) for n in range(3)]
        await eventually(lambda: works.at_work == 1)
        closing = asyncio.create_task(pool.aclose())
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="pool 'work' is closed"):
            await pool.run(works.work, 3)
        assert not closing.done()
        for end in works.ends:
            end.set()
        assert await asyncio.gather(*calls) == [0, 1, 2]
        await closing
        assert works.at_work == 0

    played(main)


def test_threads_may_call_from_everywhere_and_closing_waits_for_them() -> None:
    pool = ThreadPool(BareHost(SystemClock()), "work", 2, wait_max_s=600.0)
    found: list[int] = []
    callers = [threading.Thread(target=lambda n=n: found.append(pool.call(pow, n, 2))) for n in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    pool.close()
    assert sorted(found) == [n * n for n in range(20)]
    assert pool.in_use == 0


class NoThreads(Workers):
    """Workers of a machine that gives no more threads."""

    def _submit(self, *call: object) -> Future[Any]:
        raise RuntimeError("can't start new thread")


def test_a_worker_that_cannot_be_started_leaves_its_slot_free() -> None:
    pool = NoThreads(BareHost(), "work", "threads", 1, 2, 0, 1.0)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="new thread"):
            pool.call(str.upper, "word")
        with pytest.raises(RuntimeError, match="new thread"):
            asyncio.run(pool.run(str.upper, "word"))
    assert pool.in_use == 0


def test_coroutine_functions_and_wrong_sizes_are_refused_with_words() -> None:
    async def coroutine() -> None: ...

    host = BareHost()
    pool = ThreadPool(host, "work", 1)
    with pytest.raises(ConfigError, match="plain functions"):
        pool.call(coroutine)  # type: ignore[unused-coroutine]
    pool.close()
    with pytest.raises(ConfigError, match="not 9 and 4"):
        ThreadPool(host, "other", 9, size_max=4)


def test_a_check_runs_past_those_that_wait() -> None:
    async def main(host: BareHost) -> None:
        pool = ThreadPool(host, "work", 1, size_max=2)
        works = Works(1)
        call = asyncio.create_task(pool.run(works.work, 0))
        await eventually(lambda: works.at_work == 1)
        async with asyncio.timeout(60):
            await pool.check()
        works.ends[0].set()
        await call
        await pool.aclose()

    played(main)
