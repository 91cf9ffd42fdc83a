"""A hedge begins a second call after what is usual, within its budget, and leaves nothing running."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.hedge import LEARNED_FROM, Hedge
from homeostat.runtime.limits.recent_quantile import KEPT, RecentQuantile
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


class Backend:
    """Takes the times it is given, in order, and then a tenth of a second."""

    def __init__(self, *takes: float | Exception) -> None:
        self.takes = list(takes)
        self.begun = self.running = 0

    async def call(self) -> int:
        self.begun += 1
        number = self.begun
        self.running += 1
        try:
            takes = self.takes.pop(0) if self.takes else 0.1
            if isinstance(takes, Exception):
                await asyncio.sleep(0.3)
                raise takes
            await asyncio.sleep(takes)
        finally:
            self.running -= 1
        return number


def learned(test: Callable[[BareHost, Hedge, Backend], Coroutine[None, None, None]]) -> None:
    """Run a test with a hedge that has seen calls of 0.1 s."""
    loop = VirtualLoop()

    async def main() -> None:
        host, backend = BareHost(loop), Backend()
        hedge = Hedge(host, "model")
        call = hedge.idempotent(backend.call)
        for _ in range(LEARNED_FROM):
            await call()
        backend.begun = 0
        await test(host, hedge, backend)

    run_virtual(main(), loop)


def test_a_slow_call_is_overtaken_by_a_second_one_and_cancelled() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        backend.takes, began = [10.0], asyncio.get_running_loop().time()
        assert await hedge.idempotent(backend.call)() == 2
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.2)
        await asyncio.sleep(0)
        assert backend.running == 0
        assert host.total("hedge.calls", outcome="won") == 1

    learned(test)


def test_the_first_one_wins_where_it_answers_first() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        backend.takes = [0.15, 5.0]
        assert await hedge.idempotent(backend.call)() == 1
        await asyncio.sleep(0)
        assert (backend.begun, backend.running) == (2, 0)
        assert host.total("hedge.calls", outcome="lost") == 1

    learned(test)


def test_if_one_fails_the_other_is_waited_for_and_if_both_do_the_first_error_is_raised() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        backend.takes = [ConnectionError("first"), 2.0]
        assert await hedge.idempotent(backend.call)() == 2
        backend.takes = [ConnectionError("first"), ConnectionError("second")]
        with pytest.raises(ConnectionError, match="first"):
            await hedge.idempotent(backend.call)()
        assert host.total("hedge.calls", outcome="failed") == 1

    learned(test)


def test_what_is_quick_is_called_once() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        backend.takes = [0.09] * 100
        for _ in range(100):
            await hedge.idempotent(backend.call)()
        assert backend.begun == 100

    learned(test)


def test_where_everything_becomes_slow_the_extra_load_stays_within_the_budget() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        random = Random(1)
        backend.takes = [1.0 + random.random() for _ in range(3_000)]
        call = hedge.idempotent(backend.call)
        for _ in range(10):
            await asyncio.gather(*(call() for _ in range(100)))
        assert 1_000 < backend.begun <= 1_000 * 1.05 + 15
        assert host.total("hedge.calls", outcome="no_budget") > 50

    learned(test)


def test_a_cancelled_caller_leaves_no_call_behind() -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        for after in (0.05, 0.15):
            backend.takes = [10.0, 10.0]
            task = asyncio.create_task(hedge.idempotent(backend.call)())
            await asyncio.sleep(after)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)
            assert backend.running == 0

    learned(test)


CALLS = st.lists(
    st.tuples(
        st.floats(0.0, 2.0),  # when it comes
        st.floats(0.0, 0.5),  # when its caller goes away
        st.one_of(st.floats(0.0, 1.0), st.just(ConnectionError())),  # how long the backend takes, or fails
    ),
    max_size=25,
)


@settings(max_examples=50, deadline=None)
@given(CALLS)
def test_whatever_is_cancelled_and_fails_nothing_goes_on_running(
    calls: list[tuple[float, float, float | Exception]],
) -> None:
    async def test(host: BareHost, hedge: Hedge, backend: Backend) -> None:
        backend.takes = [takes for _, _, takes in calls]
        call = hedge.idempotent(backend.call)

        async def caller(at: float, leaves: float) -> None:
            await asyncio.sleep(at)
            with suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(leaves):
                    await call()

        await asyncio.gather(*(caller(at, leaves) for at, leaves, _ in calls))
        await asyncio.sleep(0.001)
        assert (backend.running, len(hedge._others)) == (0, 0)
        assert backend.begun <= len(calls) * 1.05 + 11

    learned(test)


def test_only_coroutine_functions_can_be_hedged() -> None:
    with pytest.raises(ConfigError, match="coroutine functions"):
        Hedge(BareHost(), "model").idempotent(lambda: None)  # type: ignore[arg-type,return-value]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.0, 1.0))
def test_the_recent_quantile_is_exceeded_by_at_most_the_rest(values: list[float], share: float) -> None:
    recent = RecentQuantile(1)
    for value in values:
        recent.add(value)
    found = recent.at(share)
    assert found in values
    assert sum(value > found for value in values) <= (1 - share) * len(values) + 1e-9


def test_the_recent_quantile_forgets_and_needs_enough_values() -> None:
    recent = RecentQuantile(50)
    for _ in range(49):
        recent.add(1.0)
    assert recent.at(0.5) is None
    for _ in range(KEPT):
        recent.add(2.0)
    assert recent.at(0.0) == 2.0
