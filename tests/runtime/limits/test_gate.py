"""The gate keeps to its limit, loses no permit, lets the urgent through first and says when to come back."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.runtime.limits.bulkhead import bulkhead
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.fair_queue import Priority
from homeostat.runtime.limits.gate import Gate
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


def in_virtual_time(test: Callable[[BareHost], Coroutine[None, None, None]]) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await test(BareHost(loop))

    run_virtual(main(), loop)


async def hold(gate: Gate, seconds: float, priority: Priority = Priority.NORMAL, key: str = "") -> float:
    async with gate.permit(priority, key):
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
    return began


CALLS = st.lists(
    st.tuples(
        st.floats(0.0, 5.0),  # when it comes
        st.floats(0.0, 2.0),  # how long it takes
        st.one_of(st.none(), st.floats(0.0, 3.0)),  # when its caller goes away
        st.one_of(st.none(), st.floats(0.01, 3.0)),  # its deadline
        st.sampled_from(Priority),
        st.sampled_from("abc"),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(CALLS, st.integers(1, 4), st.integers(0, 5), st.lists(st.integers(1, 4), max_size=4))
def test_no_permit_is_lost_whatever_is_cancelled_and_when(
    calls: list[tuple[float, float, float | None, float | None, Priority, str]],
    limit: int,
    queue_max: int,
    limits: list[int],
) -> None:
    async def storm(host: BareHost) -> None:
        gate = bulkhead(host, "model", limit, queue_max=queue_max, wait_max_s=1.0)
        highest = running = 0

        async def call(takes: float, priority: Priority, key: str) -> None:
            nonlocal highest, running
            async with gate.permit(priority, key):
                running += 1
                highest = max(highest, running)
                assert running <= gate.in_flight
                try:
                    await asyncio.sleep(takes)
                finally:
                    running -= 1

        async def caller(
            at: float,
            takes: float,
            leaves: float | None,
            deadline: float | None,
            priority: Priority,
            key: str,
        ) -> None:
            await asyncio.sleep(at)
            try:
                async with asyncio.timeout(leaves):
                    if deadline is None:
                        await call(takes, priority, key)
                    else:
                        async with within(host, deadline):
                            await call(takes, priority, key)
            except (TimeoutError, Overloaded):
                return

        tasks = [asyncio.create_task(caller(*each)) for each in calls]
        for new in limits:
            await asyncio.sleep(1.0)
            host.knob_set.pin("model_limit", new)
        await asyncio.gather(*tasks)
        assert highest <= max([limit, *limits])
        assert (gate.in_flight, gate.waiting) == (0, 0)

    in_virtual_time(storm)


def test_a_waiter_that_was_admitted_and_cancelled_in_one_moment_passes_its_permit_on() -> None:
    async def test(host: BareHost) -> None:
        gate = bulkhead(host, "model", 1)
        async with gate.permit():
            second, third = asyncio.create_task(hold(gate, 1)), asyncio.create_task(hold(gate, 1))
            await asyncio.sleep(0)
            assert gate.waiting == 2
        assert (gate.in_flight, gate.waiting) == (1, 1)  # the second has the permit and has not run yet
        second.cancel()
        assert await third == pytest.approx(0.0, abs=1e-6)
        assert gate.in_flight == 0

    in_virtual_time(test)


def test_urgent_calls_go_first_and_tenants_take_turns() -> None:
    async def test(host: BareHost) -> None:
        gate = bulkhead(host, "model", 1, wait_max_s=60.0)
        order: list[str] = []

        async def call(name: str, priority: Priority, key: str) -> None:
            async with gate.permit(priority, key):
                order.append(name)
                await asyncio.sleep(1)

        calls = [("first", Priority.NORMAL, "x")]
        calls += [(f"greedy {n}", Priority.NORMAL, "greedy") for n in range(3)]
        calls += [("modest", Priority.NORMAL, "modest"), ("background", Priority.BACKGROUND, "x")]
        calls += [("critical", Priority.CRITICAL, "greedy")]
        async with asyncio.TaskGroup() as group:
            for each in calls:
                group.create_task(call(*each))
        assert order == ["first", "critical", "greedy 0", "modest", "greedy 1", "greedy 2", "background"]

    in_virtual_time(test)


def test_a_full_queue_drops_the_least_urgent_and_says_when_to_come_back() -> None:
    async def test(host: BareHost) -> None:
        gate = bulkhead(host, "model", 1, queue_max=2, wait_max_s=60.0)
        await hold(gate, 2.0)
        tasks = [asyncio.create_task(hold(gate, 2.0, p)) for p in (Priority.NORMAL, Priority.BACKGROUND)]
        await asyncio.sleep(0)
        waiting = asyncio.create_task(hold(gate, 2.0, Priority.NORMAL))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="its queue is full") as caught:
            await hold(gate, 1.0, Priority.BACKGROUND, "another")
        assert caught.value.retry_after_s == pytest.approx(6.0)
        urgent = asyncio.create_task(hold(gate, 2.0, Priority.CRITICAL))
        with pytest.raises(Overloaded, match="something more urgent"):
            await tasks[1]
        assert await urgent == pytest.approx(4.0)
        assert await waiting == pytest.approx(6.0)
        assert host.total("limit.calls", outcome="full", priority="background") == 1
        assert host.total("limit.calls", outcome="displaced") == 1
        assert host.total("limit.calls", outcome="admitted") == 4

    in_virtual_time(test)


def test_a_call_that_would_wait_too_long_is_refused_at_once_and_not_after_the_wait() -> None:
    async def test(host: BareHost) -> None:
        gate, loop = bulkhead(host, "model", 1, wait_max_s=3.0), asyncio.get_running_loop()
        await hold(gate, 2.0)
        tasks = [asyncio.create_task(hold(gate, 2.0)) for _ in range(2)]
        await asyncio.sleep(0)
        before = loop.time()
        with pytest.raises(Overloaded, match="too long to be served"):
            await hold(gate, 2.0)
        async with within(host, 1.0):
            with pytest.raises(Overloaded, match="too long to be served"):
                await hold(gate, 2.0)
        assert loop.time() == pytest.approx(before)
        await asyncio.gather(*tasks)

    in_virtual_time(test)


def test_a_wait_ends_where_calls_take_longer_than_they_used_to() -> None:
    async def test(host: BareHost) -> None:
        gate, loop = bulkhead(host, "model", 1, wait_max_s=3.0), asyncio.get_running_loop()
        await hold(gate, 0.1)
        long = asyncio.create_task(hold(gate, 10.0))
        await asyncio.sleep(0)
        began = loop.time()
        with pytest.raises(Overloaded, match="the wait was too long"):
            await hold(gate, 1.0)
        assert loop.time() - began == pytest.approx(3.0)
        await long
        assert (gate.in_flight, gate.waiting) == (0, 0)

    in_virtual_time(test)


def test_a_queue_that_stands_is_cut_to_a_tenth_and_fills_again_once_it_was_empty() -> None:
    async def test(host: BareHost) -> None:
        gate = bulkhead(host, "model", 1, wait_max_s=1.0)
        longest: list[tuple[float, float]] = []

        async def call(at: float) -> None:
            await asyncio.sleep(at)
            began = asyncio.get_running_loop().time()
            with suppress(Overloaded):
                longest.append((at, await hold(gate, 0.02) - began))

        async with asyncio.TaskGroup() as group:
            for number in range(1_000):
                group.create_task(call(number * 0.01))  # twice what it can serve, for 10 s
        assert max(wait for at, wait in longest if at < 2.0) > 0.5
        assert max(wait for at, wait in longest if at > 3.0) < 0.15
        assert len(longest) > 490  # it was never idle
        assert gate.waiting == 0

    in_virtual_time(test)


def test_a_call_whose_deadline_has_passed_is_not_begun() -> None:
    clock = ManualClock()
    host = BareHost(clock)
    gate = bulkhead(host, "model", 1)
    with within(host, 1.0):
        clock.advance(2.0)
        with pytest.raises(DeadlinePassed, match="model was not begun"), gate.permit():
            pytest.fail("it was begun")
    assert gate.in_flight == 0


def test_many_threads_keep_to_the_limit_and_lose_no_permit() -> None:
    host = BareHost()
    gate = bulkhead(host, "model", 3, queue_max=100, wait_max_s=60.0)
    lock, counts = threading.Lock(), {"running": 0, "highest": 0, "done": 0}

    def worker() -> None:
        for _ in range(200):
            with gate.permit():
                with lock:
                    counts["running"] += 1
                    counts["highest"] = max(counts["highest"], counts["running"])
                with lock:
                    counts["running"] -= 1
                    counts["done"] += 1

    with eager_switching():
        threads = [threading.Thread(target=worker) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts["done"] == 1_600
    assert counts["highest"] <= 3
    assert (gate.in_flight, gate.waiting) == (0, 0)
    assert host.total("limit.calls", outcome="admitted") == 1_600


def test_threads_and_tasks_share_one_gate() -> None:
    gate = bulkhead(BareHost(), "model", 1, wait_max_s=60.0)
    inside, leave = threading.Event(), threading.Event()

    def blocker() -> None:
        with gate.permit():
            inside.set()
            leave.wait()

    async def main() -> None:
        task = asyncio.create_task(hold(gate, 0))
        await asyncio.sleep(0)
        assert gate.waiting == 1
        leave.set()
        await task

    thread = threading.Thread(target=blocker)
    thread.start()
    inside.wait()
    asyncio.run(main())
    thread.join()
    assert (gate.in_flight, gate.waiting) == (0, 0)


def test_a_task_whose_loop_was_closed_under_it_holds_up_nobody() -> None:
    gate = bulkhead(BareHost(), "model", 1, wait_max_s=60.0)
    with gate.permit():
        loop = asyncio.new_event_loop()
        orphan = loop.create_task(hold(gate, 0))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        assert gate.waiting == 1
    assert (gate.in_flight, gate.waiting) == (0, 0)
    orphan._log_destroy_pending = False  # type: ignore[attr-defined]
    orphan.get_coro().close()


def test_a_limit_that_was_raised_admits_those_who_wait() -> None:
    async def test(host: BareHost) -> None:
        gate = bulkhead(host, "model", 1, wait_max_s=60.0)
        tasks = [asyncio.create_task(hold(gate, 5.0)) for _ in range(3)]
        await asyncio.sleep(1)
        host.knob_set.pin("model_limit", 3)
        tasks.append(asyncio.create_task(hold(gate, 5.0)))
        assert [await task for task in tasks] == pytest.approx([0.0, 1.0, 1.0, 5.0], abs=1e-6)
        assert host.snapshot("limit.concurrency").last == 3
        assert host.snapshot("limit.wait").maximum == pytest.approx(4_000)

    in_virtual_time(test)
