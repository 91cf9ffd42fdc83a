"""The retry: tries again what failed, within a budget, so that retries never multiply an overload."""

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

import stamina

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


class _Failed(Exception):
    """Stands for an error towards stamina, whose logs would otherwise show the text of the error itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class Retry:
    """A decorator of functions and coroutine functions that are safe to call again.

    >>> from homeostat.testing.bare_host import BareHost
    >>> retry = Retry(BareHost(), "search", on=ConnectionError)
    >>> @retry
    ... def search(words: str) -> list[str]:
    ...     return words.split()
    >>> search("two words")
    ['two', 'words']

    The last error passes through after `attempts`, where the budget (`share` of the calls) is used up, or
    where the deadline would pass before the next attempt. Waits grow from `wait_initial_s` twice each time,
    with up to as much again by chance, to `wait_max_s`; after a `Refused` that is tried again it waits as
    long as that says, or gives up where that is longer. Its knobs are `<name>_retry_<argument>`.
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
        self._retried = host.counter("retry.retries", retry=name).add
        self._gave_up = {
            reason: host.counter("retry.given_up", retry=name, reason=reason).add
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
            tries = _Tries(self)
            try:
                for attempt in tries.context():
                    tries.attempt = attempt
                    with attempt:
                        check(self.name)
                        try:
                            return function(*args, **kwargs)
                        except Exception as error:
                            raise _Failed(error) from error
            except _Failed as failed:
                last = failed.error
            raise last

        return retried

    def _async(self, function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
        @wraps(function)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> R:
            tries = _Tries(self)
            try:
                async for attempt in tries.context():
                    tries.attempt = attempt
                    with attempt:
                        check(self.name)
                        try:
                            return await function(*args, **kwargs)
                        except Exception as error:
                            raise _Failed(error) from error
            except _Failed as failed:
                last = failed.error
            raise last

        return retried


class _Tries:
    """The attempts of one call."""

    __slots__ = ("_attempts", "_retry", "attempt")

    attempt: stamina.Attempt

    def __init__(self, retry: Retry) -> None:
        self._retry = retry
        self._attempts = retry._attempts.get()
        retry._budget.call()

    def context(self) -> Any:
        """Return stamina's iterator of attempts, sync and async."""
        retry = self._retry
        wait_initial_s = retry._wait_initial_s.get()
        return stamina.retry_context(
            on=self._decide,
            attempts=self._attempts,
            timeout=None,
            wait_initial=wait_initial_s,
            wait_max=retry._wait_max_s.get(),
            wait_jitter=wait_initial_s,
        )

    def _decide(self, failed: Exception) -> bool | float:
        """Return whether to try again, or after how many seconds."""
        retry = self._retry
        if not isinstance(failed, _Failed) or not retry._is_retried(failed.error):
            return False
        wait_s, told_s = self.attempt.next_wait, 0.0
        if isinstance(failed.error, Refused):
            wait_s = told_s = failed.error.retry_after_s
        if self.attempt.num >= self._attempts:
            why = "attempts"
        elif told_s > retry._wait_max_s.get():
            why = "refused"
        elif wait_s >= remaining_s():
            why = "deadline"
        elif not retry._budget.take():
            why = "budget"
        else:
            retry._retried(1)
            return told_s or True
        retry._gave_up[why](1)
        return False
