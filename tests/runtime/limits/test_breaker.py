"""The breaker refuses what would fail, and tries it again with no more than its probes."""

import asyncio
import threading

import pytest

from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.runtime.limits.breaker import Breaker
from homeostat.runtime.limits.circuit import State
from homeostat.runtime.limits.refused import CircuitOpen, Overloaded
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.threads import eager_switching


def made(**arguments: object) -> tuple[Breaker, BareHost, ManualClock]:
    clock = ManualClock()
    host = BareHost(clock)
    defaults: dict[str, object] = {
        "calls_min": 4,
        "window_s": 10.0,
        "open_s": 5.0,
        "probes": 3,
        "slow_s": 1.0,
    }
    return Breaker(host, "model", **{**defaults, **arguments}), host, clock  # type: ignore[arg-type]


def state(breaker: Breaker) -> State:
    return breaker.state


def fail(breaker: Breaker, times: int, error: BaseException | None = None) -> None:
    for _ in range(times):
        with pytest.raises(type(error or RuntimeError())), breaker.call():
            raise error or RuntimeError


def test_after_too_many_failures_it_refuses_and_says_when_to_try_again() -> None:
    breaker, host, clock = made()
    fail(breaker, 4)
    clock.advance(2)
    with pytest.raises(CircuitOpen, match="'model' is not called") as caught, breaker.call():
        pytest.fail("it was called")
    assert caught.value.retry_after_s == pytest.approx(3)
    assert isinstance(caught.value, HomeostatError)
    assert host.total("breaker.calls", outcome="failed") == 4
    assert host.total("breaker.calls", outcome="refused") == 1
    assert host.snapshot("breaker.state").last == 1


def call_from_50_threads(breaker: Breaker) -> tuple[int, int]:
    through, refused = [], []
    start, all_tried = threading.Barrier(50), threading.Barrier(50)

    def caller() -> None:
        start.wait()
        try:
            with breaker.call():
                through.append(1)
                all_tried.wait()
        except CircuitOpen:
            refused.append(1)
            all_tried.wait()

    with eager_switching():
        threads = [threading.Thread(target=caller) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return len(through), len(refused)


def test_of_50_threads_at_once_no_more_than_the_probes_get_through_half_open() -> None:
    for _ in range(5):
        breaker, _, clock = made()
        fail(breaker, 4)
        clock.advance(5)
        assert call_from_50_threads(breaker) == (3, 47)
        assert state(breaker) is State.CLOSED


def test_of_50_tasks_at_once_no_more_than_the_probes_get_through_half_open() -> None:
    breaker, _, clock = made()
    fail(breaker, 4)
    clock.advance(5)
    begun = []

    @breaker
    async def call() -> None:
        begun.append(1)
        await asyncio.sleep(0)

    async def storm() -> list[BaseException | None]:
        return await asyncio.gather(*(call() for _ in range(50)), return_exceptions=True)

    results = asyncio.run(storm())
    assert len(begun) == 3
    assert sum(isinstance(r, CircuitOpen) for r in results) == 47
    assert state(breaker) is State.CLOSED


def test_who_is_refused_while_probes_are_under_way_is_told_to_come_back_soon() -> None:
    breaker, _, clock = made(probes=1, slow_s=600.0)
    fail(breaker, 4)
    clock.advance(5)
    with breaker.call(), pytest.raises(CircuitOpen) as caught, breaker.call():
        pytest.fail("it was called")
    assert caught.value.retry_after_s == 5


def test_a_probe_that_fails_opens_it_again() -> None:
    breaker, _, clock = made()
    fail(breaker, 4)
    clock.advance(5)
    fail(breaker, 1)
    assert state(breaker) is State.OPEN


def test_a_cancelled_probe_gives_its_place_back() -> None:
    breaker, host, clock = made(probes=1)
    fail(breaker, 4)
    clock.advance(5)

    @breaker
    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    async def cancel() -> None:
        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert host.total("breaker.calls", outcome="abandoned") == 1
    with breaker.call():
        pass
    assert state(breaker) is State.CLOSED


def test_calls_that_callers_gave_up_on_after_the_slow_time_open_it() -> None:
    breaker, host, clock = made()

    async def cancelled_after(seconds: float) -> None:
        async def hang() -> None:
            with breaker.call():
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        clock.advance(seconds)
        task.cancel()
        await asyncio.wait([task])

    for _ in range(10):
        asyncio.run(cancelled_after(0.1))
    assert state(breaker) is State.CLOSED
    for _ in range(4):
        asyncio.run(cancelled_after(1.0))
    assert state(breaker) is State.OPEN
    assert host.total("breaker.calls", outcome="slow") == 4


def test_refusals_from_within_are_not_failures_of_what_is_called() -> None:
    breaker, host, _ = made()
    fail(breaker, 10, Overloaded("full", 1.0))
    assert state(breaker) is State.CLOSED
    assert host.total("breaker.calls", outcome="abandoned") == 10


def test_the_application_says_what_is_a_failure() -> None:
    breaker, _, _ = made(fails=lambda error: not isinstance(error, KeyError))
    fail(breaker, 10, KeyError("not there"))
    assert state(breaker) is State.CLOSED
    fail(breaker, 10, OSError())
    assert state(breaker) is State.OPEN


def test_its_knobs_are_read_while_it_runs() -> None:
    breaker, host, clock = made()
    host.knob_set.pin("model_breaker_calls_min", 2)
    host.knob_set.pin("model_breaker_open_s", 1.0)
    fail(breaker, 2)
    clock.advance(1)
    with breaker.call():
        pass
    assert state(breaker) is State.HALF_OPEN


def test_no_success_of_many_threads_is_lost() -> None:
    breaker, host, _ = made()

    def caller() -> None:
        for _ in range(2_000):
            with breaker.call():
                pass

    with eager_switching():
        threads = [threading.Thread(target=caller) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert host.total("breaker.calls", outcome="ok") == 8_000
    assert breaker._circuit._window.totals(0).calls == 8_000


def test_a_decorated_function_keeps_its_name_and_result() -> None:
    breaker, host, _ = made()

    @breaker
    def answer(question: str) -> str:
        return question.upper()

    assert (answer("why"), answer.__name__) == ("WHY", "answer")
    assert host.total("breaker.calls", outcome="ok") == 1


def test_a_generator_cannot_be_wrapped() -> None:
    breaker, _, _ = made()
    with pytest.raises(ConfigError, match="coroutine functions"):

        @breaker
        def parts() -> object:
            yield 1
