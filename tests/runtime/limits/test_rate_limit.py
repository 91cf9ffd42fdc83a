"""A rate limit keeps its rate for each key, however many keys there are, and says when to come back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.rate_limit import RateLimit
from homeostat.runtime.limits.refused import RateExceeded
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


def in_virtual_time(test: Callable[[BareHost], Coroutine[None, None, None]]) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await test(BareHost(loop))

    run_virtual(main(), loop)


async def admitted(limit: RateLimit, key: str, calls: int) -> int:
    results = await asyncio.gather(*(limit.acquire(1, key) for _ in range(calls)), return_exceptions=True)
    assert all(result is None or isinstance(result, RateExceeded) for result in results)
    return sum(result is None for result in results)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.lists(st.floats(0.0, 2.0), min_size=1, max_size=60))
def test_no_more_than_twice_the_rate_goes_through_in_any_period(rate: int, gaps: list[float]) -> None:
    async def test(host: BareHost) -> None:
        limit, times = RateLimit(host, "model", rate, wait_max_s=0.5), []
        for gap in gaps:
            await asyncio.sleep(gap / rate)
            try:
                await limit.acquire()
            except RateExceeded:
                continue
            times.append(asyncio.get_running_loop().time())
        for begin in times:
            assert sum(begin <= at < begin + 1.0 for at in times) <= 2 * rate

    in_virtual_time(test)


def test_one_key_does_not_use_up_what_another_may() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 5, wait_max_s=0.001)
        assert await admitted(limit, "greedy", 50) == 5
        assert await admitted(limit, "modest", 5) == 5
        assert host.total("rate.calls", outcome="refused") == 45

    in_virtual_time(test)


def test_those_who_wait_are_admitted_as_time_goes_by() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 10, wait_max_s=2.0)
        assert await admitted(limit, "", 25) == 25
        assert asyncio.get_running_loop().time() == pytest.approx(1.5, abs=0.01)
        assert host.snapshot("rate.wait").maximum == pytest.approx(1_500, abs=10)

    in_virtual_time(test)


def test_a_refusal_says_when_there_will_be_room() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 10, period_s=10.0, wait_max_s=0.1)
        await limit.acquire(10)
        with pytest.raises(RateExceeded, match="10 through in 10 s") as caught:
            await limit.acquire(5)
        await asyncio.sleep(caught.value.retry_after_s)
        await limit.acquire(5)

    in_virtual_time(test)


def test_making_up_keys_gains_nothing_and_takes_no_memory() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 2, wait_max_s=0.001, keys_max=10)
        through = [await admitted(limit, f"key {number}", 1) for number in range(100)]
        assert sum(through) == 10 + 2
        assert len(limit._buckets) == 10
        await asyncio.sleep(1.0)
        assert await admitted(limit, "new", 2) == 2
        assert host.total("rate.calls", outcome="shared") == 90

    in_virtual_time(test)


def test_turning_the_rate_lets_no_burst_through() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 10, wait_max_s=0.001)
        assert await admitted(limit, "", 20) == 10
        host.knob_set.pin("model_rate", 20.0)
        assert await admitted(limit, "", 20) == 0
        await asyncio.sleep(0.5)
        assert await admitted(limit, "", 20) == 10

    in_virtual_time(test)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 1.0), st.integers(1, 5)), max_size=25))
def test_who_goes_away_while_waiting_takes_nothing_with_them(calls: list[tuple[float, float, int]]) -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 5, wait_max_s=60.0)

        async def caller(at: float, leaves: float, amount: int) -> None:
            await asyncio.sleep(at)
            with suppress(TimeoutError):
                async with asyncio.timeout(leaves):
                    await limit.acquire(amount)

        await asyncio.gather(*(caller(*each) for each in calls))
        await asyncio.sleep(1.0)
        began = asyncio.get_running_loop().time()
        await limit.acquire(5)
        assert asyncio.get_running_loop().time() - began < 1e-3
        assert [(b.waiters, b.waiting) for b in limit._buckets.values()] == [(0, 0.0)]

    in_virtual_time(test)


def test_another_event_loop_goes_on_with_full_buckets() -> None:
    limit = RateLimit(BareHost(), "model", 1_000, wait_max_s=1.0)

    async def take() -> float:
        began = asyncio.get_running_loop().time()
        await limit.acquire(100)
        return asyncio.get_running_loop().time() - began

    assert run_virtual(take()) < 1e-6
    assert run_virtual(take()) == pytest.approx(0.1, abs=1e-3)


def test_nobody_waits_past_the_deadline() -> None:
    async def test(host: BareHost) -> None:
        limit = RateLimit(host, "model", 1, wait_max_s=60.0)
        await limit.acquire()
        with pytest.raises(RateExceeded), within(host, 0.3):
            await limit.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(0.3)

    in_virtual_time(test)


def test_an_amount_that_never_fits_is_refused_with_the_rate() -> None:
    async def test(host: BareHost) -> None:
        with pytest.raises(InputError, match="lets 10 through in 1 s, never 11"):
            await RateLimit(host, "model", 10).acquire(11)

    in_virtual_time(test)
    with pytest.raises(ConfigError, match="needs a period"):
        RateLimit(BareHost(), "model", 1, period_s=0)
