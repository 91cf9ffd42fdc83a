"""The task: what a person sets out to do, from its start to its end."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from homeostat.core.clock import SECOND_NS, Clock
from homeostat.evaluate.experience.tasks import Attempt

COUNTED_MAX = 1_000
"""Errors, and further tries, that are counted of one task."""


class Task:
    """One try at a task, as a context: done where the block ends, unless it raises or `leave` was called."""

    def __init__(self, person: str, name: str, clock: Clock, ended: Callable[[Attempt], None]) -> None:
        self._person = person
        self._name = name
        self._clock = clock
        self._ended = ended
        self._at_ns = clock.now_ns()
        self._begun_ns = clock.monotonic_ns()
        self._errors = 0
        self._retries = 0
        self._left = False

    def error(self) -> None:
        """Something went wrong on the way."""
        self._errors = min(self._errors + 1, COUNTED_MAX)

    def retry(self) -> None:
        """The person tries a step again."""
        self._retries = min(self._retries + 1, COUNTED_MAX)

    def leave(self) -> None:
        """The person gave up: the task is not done, however the block ends."""
        self._left = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.error()
        attempt = Attempt(
            person=self._person,
            task=self._name,
            at_ns=self._at_ns,
            seconds=(self._clock.monotonic_ns() - self._begun_ns) / SECOND_NS,
            done=error is None and not self._left,
            errors=self._errors,
            retries=self._retries,
        )
        self._ended(attempt)
