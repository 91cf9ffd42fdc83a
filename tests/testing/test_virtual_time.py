"""Virtual time passes only while everybody waits, in the order of the timers."""

import asyncio
import threading
import time

import pytest

from homeostat.testing.virtual_time import VirtualLoop, run_virtual


def test_a_year_of_sleep_takes_no_time_and_timers_fire_in_their_order() -> None:
    loop, order = VirtualLoop(), []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        order.append((seconds, round(loop.time())))

    async def main() -> None:
        await asyncio.gather(*(sleeper(s) for s in (31_536_000.0, 5.0, 60.0)))

    began = time.perf_counter()
    run_virtual(main(), loop)
    assert time.perf_counter() - began < 5
    assert order == [(5.0, 5), (60.0, 60), (31_536_000.0, 31_536_000)]


def test_its_clock_readings_are_those_of_the_loop() -> None:
    loop = VirtualLoop()
    before = loop.now_ns()

    async def main() -> None:
        await asyncio.sleep(2.5)

    run_virtual(main(), loop)
    assert loop.monotonic_ns() == pytest.approx(2.5e9, rel=1e-6)
    assert loop.now_ns() - before == pytest.approx(2.5e9, rel=1e-6)


def test_another_thread_is_waited_for_without_time_going_by() -> None:
    async def main() -> float:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set))
        thread.start()
        await done.wait()
        thread.join()
        return loop.time()

    assert run_virtual(main()) < 0.001


def test_a_time_out_fires_at_its_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.0):
                await asyncio.get_running_loop().create_future()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(3.0)
