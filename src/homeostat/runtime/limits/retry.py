"""The retry: tries again what failed, within a budget, so that retries never multiply an overload."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

from tenacity import AsyncRetrying, RetryCallState, Retrying, wait_exponential_jitter

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.budget import Budget
from homeostat.runtime.limits.deadline import check, remaining_s
from homeostat.runtime.limits.refused import Refused

P = ParamSpec("P")
R = TypeVar("R")

On = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]
"""What is tried again: errors of some types, or those that a function is true of."""


class Retry:
    """A decorator of functions and coroutine functions that are safe to call again.

    >>> from homeostat.testing.bare_host import BareHost
    >>> retry = Retry(BareHost(), "search", on=ConnectionError)
    >>> @retry
    ... def search(words: str) -> list[str]:
    ...     return words.split()
    >>> search("two words")
    ['two', 'words']

    The last error itself passes through after `attempts`, where the budget (`share` of the calls) is used up,
    or where the deadline would pass before the next attempt. Waits grow from `wait_initial_s` twice each
    time, with up to `wait_initial_s` more by chance, to `wait_max_s`; after a `Refused` that is tried again
    it waits as long as that says, or gives up where that is longer. Its knobs are `<name>_retry_<argument>`.
    Cost: some 15 us a call.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        *,
        on: On,
        attempts: int = 3,
        share: float = 0.1,
        wait_initial_s: float = 0.1,
        wait_max_s: float = 5.0,
    ) -> None:
        self.name = name
        self._is_retried = on if not isinstance(on, type | tuple) else lambda error: isinstance(error, on)
        own, declare = f"{name}_retry", host.knob_set.declare
        self._attempts = declare(declared(f"{own}_attempts", attempts, low=1, high=20))
        self._share = declare(declared(f"{own}_share", share, low=0.0, high=1.0))
        self._wait_initial_s = declare(
            declared(f"{own}_wait_initial_s", wait_initial_s, low=0.001, high=60.0, log=True)
        )
        self._wait_max_s = declare(declared(f"{own}_wait_max_s", wait_max_s, low=0.001, high=600.0, log=True))
        self._budget = Budget(self._share.get, host.clock.monotonic_ns)
        self._retried = host.counter("retry.retries", "1", retry=name).add
        self._gave_up = {
            reason: host.counter("retry.given_up", "1", retry=name, reason=reason).add
            for reason in ("attempts", "budget", "deadline", "refused")
        }

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function, each call of which is tried again where it fails."""
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise ConfigError(f"a retry wraps functions and coroutine functions, not {function!r}")
        if iscoroutinefunction(function):
            return cast(Callable[P, R], self._async(function))
        return self._sync(function)

    def _sync(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def retried(*args: P.args, **kwargs: P.kwargs) -> R:
            def attempt() -> R:
                check(self.name)
                return function(*args, **kwargs)

            self._budget.call()
            return Retrying(**self._rules())(attempt)

        return retried

    def _async(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(function)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> R:
            async def attempt() -> R:
                check(self.name)
                return await function(*args, **kwargs)

            self._budget.call()
            return await AsyncRetrying(sleep=asyncio.sleep, **self._rules())(attempt)

        return retried

    def _rules(self) -> dict[str, Any]:
        return {"retry": self._retries, "wait": self._wait_s, "stop": self._stops, "reraise": True}

    def _retries(self, state: RetryCallState) -> bool:
        error = _error(state)
        return isinstance(error, Exception) and self._is_retried(error)

    def _wait_s(self, state: RetryCallState) -> float:
        error = _error(state)
        if isinstance(error, Refused):
            return error.retry_after_s
        initial_s = self._wait_initial_s.get()
        backoff = wait_exponential_jitter(multiplier=initial_s, max=self._wait_max_s.get(), jitter=initial_s)
        return backoff(state)

    def _stops(self, state: RetryCallState) -> bool:
        """Whether to leave it at that, although it could be tried again after `upcoming_sleep`."""
        if state.attempt_number >= self._attempts.get():
            why = "attempts"
        elif state.upcoming_sleep > self._wait_max_s.get():
            why = "refused"
        elif state.upcoming_sleep >= remaining_s():
            why = "deadline"
        elif not self._budget.take():
            why = "budget"
        else:
            self._retried(1)
            return False
        self._gave_up[why](1)
        return True


def _error(state: RetryCallState) -> BaseException | None:
    assert state.outcome is not None
    return state.outcome.exception()
