"""Deadlines only get shorter on their way down, and what has no time left is not begun."""

import asyncio
import contextvars
import threading
from math import inf

import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import CutOff, check, remaining_s, within
from homeostat.runtime.limits.refused import DeadlinePassed
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


def test_without_a_deadline_there_is_all_the_time() -> None:
    assert remaining_s() == inf
    check("anything")


def test_the_shorter_of_nested_deadlines_holds_and_the_outer_one_is_back_afterwards() -> None:
    host = BareHost(ManualClock())
    with within(host, 2.0):
        with within(host, 1.0):
            assert remaining_s() == 1.0
        with within(host, 60.0):
            assert remaining_s() == 2.0
        assert remaining_s() == 2.0
    assert remaining_s() == inf


def test_what_has_no_time_left_is_not_begun_and_counted() -> None:
    clock = ManualClock()
    host = BareHost(clock)
    with within(host, 2.0):
        clock.advance(2.5)
        with pytest.raises(DeadlinePassed, match=r"retrieve was not begun: its deadline passed 0.5 s ago"):
            check("retrieve")
        with pytest.raises(DeadlinePassed), within(host, 10.0):
            pytest.fail("it was begun")
    assert host.total("deadline.passed", part="retrieve") == 1


def test_a_block_is_cancelled_at_its_deadline_also_where_that_is_the_one_around_it() -> None:
    loop = VirtualLoop()
    host = BareHost(loop)

    async def main() -> float:
        with pytest.raises(CutOff):
            async with within(host, 3.0), within(host, 60.0):
                await asyncio.sleep(10)
        return loop.time()

    assert run_virtual(main(), loop) == pytest.approx(3.0)
    assert host.total("deadline.cut_off") == 1


def test_time_outs_and_cancellations_from_elsewhere_pass_through() -> None:
    host = BareHost(VirtualLoop())

    async def main() -> None:
        with pytest.raises(TimeoutError) as caught:
            async with within(host, 3.0):
                raise TimeoutError("of the backend")
        assert not isinstance(caught.value, CutOff)

        async def hang() -> None:
            async with within(host, 3.0):
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(hang())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop = host.clock
    assert isinstance(loop, VirtualLoop)
    run_virtual(main(), loop)


def test_tasks_inherit_it_and_threads_do_with_the_context() -> None:
    host = BareHost(ManualClock())
    found: list[float] = []

    async def task() -> None:
        found.append(remaining_s())

    async def main() -> None:
        with within(host, 5.0):
            await asyncio.create_task(task())
            context = contextvars.copy_context()
            thread = threading.Thread(target=lambda: context.run(lambda: found.append(remaining_s())))
            thread.start()
            thread.join()

    asyncio.run(main())
    assert found == [5.0, 5.0]


@pytest.mark.parametrize("seconds", [0, -1.0, inf, float("nan")])
def test_a_deadline_must_lie_ahead(seconds: float) -> None:
    with pytest.raises(ConfigError, match="some seconds ahead"):
        within(BareHost(), seconds)
