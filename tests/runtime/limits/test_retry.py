"""Retries end where attempts, budget or time end, and never multiply an overload."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import Overloaded
from homeostat.runtime.limits.retry import Retry
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or ConnectionError("what a person said")
        self.at_s: list[float] = []

    async def __call__(self) -> str:
        self.at_s.append(asyncio.get_running_loop().time())
        if len(self.at_s) <= self.failures:
            raise self.error
        return "answer"


def in_virtual_time(test: Callable[[BareHost], Coroutine[None, None, None]]) -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await test(BareHost(loop))

    run_virtual(main(), loop)


def wrapped(retry: Retry, flaky: Flaky) -> Callable[[], Coroutine[None, None, str]]:
    @retry
    async def call() -> str:
        return await flaky()

    return call


def test_it_tries_again_with_growing_waits_until_it_is_answered() -> None:
    async def test(host: BareHost) -> None:
        flaky = Flaky(2)
        retry = Retry(host, "model", on=ConnectionError, wait_initial_s=1.0)
        assert await wrapped(retry, flaky)() == "answer"
        first, second = (b - a for a, b in zip(flaky.at_s, flaky.at_s[1:], strict=False))
        assert 1.0 <= first <= 2.0 <= second <= 3.0
        assert host.total("retry.retries") == 2

    in_virtual_time(test)


def test_the_last_error_itself_passes_through_and_its_text_is_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(host: BareHost) -> None:
        flaky = Flaky(9)
        with pytest.raises(ConnectionError, match="what a person said") as caught:
            await wrapped(Retry(host, "model", on=ConnectionError), flaky)()
        assert caught.value is flaky.error
        assert len(flaky.at_s) == 3
        assert host.total("retry.given_up", reason="attempts") == 1

    with caplog.at_level(logging.DEBUG):
        in_virtual_time(test)
    assert not [r for r in caplog.records if "what a person said" in str(r.__dict__)]


def test_what_it_was_not_told_of_is_not_tried_again() -> None:
    async def test(host: BareHost) -> None:
        flaky = Flaky(1, KeyError("no"))
        with pytest.raises(KeyError):
            await wrapped(Retry(host, "model", on=(ConnectionError, OSError)), flaky)()
        assert len(flaky.at_s) == 1

    in_virtual_time(test)


def test_where_everything_fails_retries_stay_a_share_of_the_calls() -> None:
    async def test(host: BareHost) -> None:
        flaky = Flaky(10_000)
        call = wrapped(Retry(host, "model", on=ConnectionError, attempts=10, share=0.1), flaky)
        await asyncio.gather(*(call() for _ in range(500)), return_exceptions=True)
        assert 500 < len(flaky.at_s) <= 500 * 1.1 + 15
        assert host.total("retry.given_up", reason="budget") > 400

    in_virtual_time(test)


def test_a_deadline_that_would_pass_during_the_wait_ends_it_at_once() -> None:
    async def test(host: BareHost) -> None:
        flaky, loop = Flaky(9), asyncio.get_running_loop()
        with pytest.raises(ConnectionError), within(host, 1.0):
            await wrapped(Retry(host, "model", on=ConnectionError, wait_initial_s=2.0), flaky)()
        assert loop.time() == pytest.approx(0.0, abs=1e-6)
        assert host.total("retry.given_up", reason="deadline") == 1

    in_virtual_time(test)


def test_it_waits_as_long_as_a_refusal_says_and_gives_up_where_that_is_too_long() -> None:
    async def test(host: BareHost) -> None:
        patient = Flaky(1, Overloaded("full", 3.5))
        retry = Retry(host, "model", on=lambda error: isinstance(error, Overloaded))
        await wrapped(retry, patient)()
        assert patient.at_s == pytest.approx([0.0, 3.5], abs=1e-6)
        hopeless = Flaky(1, Overloaded("full", 60.0))
        with pytest.raises(Overloaded):
            await wrapped(retry, hopeless)()
        assert len(hopeless.at_s) == 1
        assert host.total("retry.given_up", reason="refused") == 1

    in_virtual_time(test)


def test_a_cancelled_call_is_not_tried_again() -> None:
    async def test(host: BareHost) -> None:
        flaky = Flaky(9)
        task = asyncio.create_task(wrapped(Retry(host, "model", on=Exception, wait_initial_s=5.0), flaky)())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(60)
        assert len(flaky.at_s) == 1

    in_virtual_time(test)


def test_functions_are_tried_again_as_well() -> None:
    calls = []

    @Retry(BareHost(), "search", on=ConnectionError, wait_initial_s=0.001)
    def search(words: str) -> str:
        calls.append(words)
        if len(calls) < 3:
            raise ConnectionError
        return words.upper()

    assert search("two words") == "TWO WORDS"
    assert len(calls) == 3


def test_a_generator_cannot_be_wrapped() -> None:
    with pytest.raises(ConfigError, match="coroutine functions"):

        @Retry(BareHost(), "model", on=ConnectionError)
        def parts() -> object:
            yield 1
