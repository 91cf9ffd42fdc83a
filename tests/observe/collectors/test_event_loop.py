import asyncio
import threading
import time

from homeostat.observe.collectors.event_loop import LAGS_MAX, PERIOD_S, EventLoopCollector
from homeostat.testing.eventually import WITHIN_S


def lags_ms(collector: EventLoopCollector, loop: str) -> list[float]:
    return [r.value for r in collector.collect(0) if r.attributes == (("loop", loop),)]


def test_a_callback_that_blocks_the_loop_shows_as_lag() -> None:
    collector = EventLoopCollector()

    async def program() -> None:
        collector.attach(asyncio.get_running_loop(), "web")
        await asyncio.sleep(0)
        time.sleep(PERIOD_S + 0.15)  # noqa: ASYNC251 - blocking the loop is what is measured
        await asyncio.sleep(0)

    asyncio.run(program())
    assert max(lags_ms(collector, "web")) >= 140
    assert lags_ms(collector, "web") == []


def test_a_loop_that_is_idle_has_little_lag() -> None:
    collector = EventLoopCollector()

    async def program() -> None:
        collector.attach(asyncio.get_running_loop())
        least_ms = 1_000.0
        async with asyncio.timeout(WITHIN_S):  # whatever else the machine does, it wakes in time now and then
            while least_ms >= 20:
                await asyncio.sleep(PERIOD_S * 1.5)
                least_ms = min([least_ms, *lags_ms(collector, "main")])

    asyncio.run(program())


def test_a_loop_in_another_thread_is_attached_from_here() -> None:
    collector = EventLoopCollector()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    collector.attach(loop, "background")
    asyncio.run_coroutine_threadsafe(asyncio.sleep(PERIOD_S * 1.5), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert lags_ms(collector, "background")


def test_no_loop_and_a_closed_loop_are_unavailable_with_a_reason() -> None:
    collector = EventLoopCollector()
    assert "none is attached" in collector.unavailable()["asyncio.loop.lag"]
    loop = asyncio.new_event_loop()
    collector.attach(loop)
    assert collector.unavailable() == {}
    loop.close()
    assert "none is attached" in collector.unavailable()["asyncio.loop.lag"]
    collector.attach(loop)
    assert "none is attached" in collector.unavailable()["asyncio.loop.lag"]


def test_attaching_twice_measures_once() -> None:
    once, five_times = EventLoopCollector(), EventLoopCollector()

    async def program() -> None:
        once.attach(asyncio.get_running_loop())
        for _ in range(5):
            five_times.attach(asyncio.get_running_loop())
        await asyncio.sleep(PERIOD_S * 2.5)

    asyncio.run(program())
    assert len(lags_ms(five_times, "main")) <= len(lags_ms(once, "main")) + 1


def test_closed_loops_are_forgotten() -> None:
    collector = EventLoopCollector()
    for _ in range(50):
        loop = asyncio.new_event_loop()
        collector.attach(loop)
        loop.close()
    assert len(collector._probes) == 1


def test_after_close_the_timers_run_out() -> None:
    collector = EventLoopCollector()

    async def program() -> None:
        collector.attach(asyncio.get_running_loop())
        await asyncio.sleep(0)
        collector.close()
        await asyncio.sleep(PERIOD_S * 3)

    asyncio.run(program())
    assert len(lags_ms(collector, "main")) <= 1


def test_lags_between_two_rounds_are_bounded() -> None:
    collector = EventLoopCollector()
    loop = asyncio.new_event_loop()
    collector.attach(loop)
    [probe] = collector._probes.values()
    for _ in range(LAGS_MAX + 10):
        probe._ring()
    assert len(probe.lags) == LAGS_MAX
    loop.close()
