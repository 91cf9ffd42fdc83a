"""The definition of a job: a function with its name, limits and retry policy; and a call of it."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.jobs.record import PRIORITY_MAX, storable
from homeostat.runtime.jobs.retry import Retry
from homeostat.runtime.jobs.signature import Signature

P = ParamSpec("P")
R = TypeVar("R")

KEY_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for each run of a job. `running_max` counts over all workers, 0 for any number."""

    timeout_s: float
    running_max: int
    keep_s: float
    priority: int

    def __post_init__(self) -> None:
        if not self.timeout_s > 0:
            raise ConfigError(f"timeout_s of a job must be above 0, not {self.timeout_s!r}")
        if self.running_max < 0:
            raise ConfigError(
                f"running_max of a job must be 0 (any number) or more, not {self.running_max!r}"
            )
        if self.keep_s < 0:
            raise ConfigError(f"keep_s of a job must be 0 or more, not {self.keep_s!r}")
        checked_priority(self.priority, ConfigError)


def checked_priority(priority: int, error: type[ConfigError] | type[InputError]) -> int:
    """Return a priority, or raise the error where it is none."""
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= PRIORITY_MAX:
        raise error(f"a job's priority is a whole number from 0 to {PRIORITY_MAX} (first), not {priority!r}")
    return priority


class Definition(Generic[P, R]):
    """A job as it was declared. Calling it runs the function here and now, as if it were no job."""

    def __init__(self, name: str, function: Callable[P, Any], retry: Retry, limits: Limits) -> None:
        if not name or not name.replace(".", "_").replace("-", "_").isidentifier() or len(name) > 100:
            raise ConfigError(f"a job's name has letters, digits, '_', '-' and '.', up to 100, not {name!r}")
        self.name = name
        self.function = function
        self.retry = retry
        self.limits = limits
        self.awaits = inspect.iscoroutinefunction(function)
        self.signature = Signature(name, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run the function here."""
        return self.function(*args, **kwargs)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> "Call[R]":
        """Return a call, to be enqueued. Raises InputError where the arguments do not fit."""
        return Call(self, self.signature.encode(args, kwargs), self.limits.priority)


class Declare(Protocol):
    """Makes a function a job; that of an `async def` results in what it returns once it was awaited."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Definition[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R], /) -> Definition[P, R]: ...


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """A job with its arguments, and what holds for this call of it."""

    definition: Definition[Any, R]
    arguments: str
    priority: int
    key: str = ""
    at_ns: int = 0
    delay_ns: int = 0

    def options(
        self,
        *,
        key: str = "",
        at: datetime | None = None,
        delay_s: float = 0.0,
        priority: int | None = None,
    ) -> "Call[R]":
        """Return the call with an idempotency key, a time, a delay or another priority.

        As long as a job with a key is known, further ones of the same name and key are the same job. `at`
        needs its time zone. Raises InputError.
        """
        if len(key) > KEY_CHARS_MAX:
            raise InputError(f"a key has up to {KEY_CHARS_MAX} characters, not {len(key)}: take a digest")
        if storable(key) != key:
            raise InputError(f"a key is Unicode text without NUL, not {key!r}: take a digest")
        if at is not None and at.tzinfo is None:
            raise InputError(f"{at.isoformat()} has no time zone: give one, such as tzinfo=timezone.utc")
        if at is not None and delay_s:
            raise InputError("a job runs at a time or after a delay: give one of both")
        if not 0 <= delay_s < 100 * 366 * 86_400:
            raise InputError(f"delay_s must be 0 or more, not {delay_s!r}")
        return replace(
            self,
            key=key,
            at_ns=round(at.timestamp() * SECOND_NS) if at is not None else 0,
            delay_ns=round(delay_s * SECOND_NS),
            priority=self.priority if priority is None else checked_priority(priority, InputError),
        )
