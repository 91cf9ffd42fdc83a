"""The deadline: until when an answer is of use, known wherever the context of the caller is."""

import asyncio
from contextvars import ContextVar, Token
from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Self

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.refused import DeadlinePassed


class CutOff(HomeostatError, TimeoutError):
    """A call had been begun and was cancelled at its deadline."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the host's monotonic clock."""

    at_ns: int
    host: Host

    @property
    def remaining_s(self) -> float:
        """Seconds that are left, below 0 where it has passed."""
        return (self.at_ns - self.host.clock.monotonic_ns()) / SECOND_NS


_CURRENT: ContextVar[Deadline | None] = ContextVar("homeostat_deadline", default=None)


def remaining_s() -> float:
    """Return the seconds until the deadline that holds here, infinite where none does."""
    deadline = _CURRENT.get()
    return inf if deadline is None else deadline.remaining_s


def check(part: str) -> None:
    """Raise `DeadlinePassed` where the deadline that holds here has passed, naming what was not begun."""
    deadline = _CURRENT.get()
    if deadline is not None and (left_s := deadline.remaining_s) <= 0:
        deadline.host.counter("deadline.passed", "1", part=part).add(1)
        raise DeadlinePassed(f"{part} was not begun: its deadline passed {-left_s:.3g} s ago", inf)


class within:  # noqa: N801 - read as a word of the sentence that `with` begins
    """A block that must be done within some seconds, or before the deadline around it where that is earlier.

    `async with` cancels the block at the deadline and raises `CutOff`; `with` only sets the deadline, which
    the parts within check. Both raise `DeadlinePassed` where it has passed before. Tasks that are made within
    inherit it; a thread does through `contextvars.copy_context().run`.

    >>> from homeostat.testing.bare_host import BareHost
    >>> with within(BareHost(), 2.0), within(BareHost(), 60.0):
    ...     remaining_s()
    2.0
    """

    __slots__ = ("_deadline", "_host", "_seconds", "_timeout", "_token")

    def __init__(self, host: Host, seconds: float) -> None:
        if not 0 < seconds < inf:
            raise ConfigError(f"a deadline lies some seconds ahead, such as 2.0, not {seconds!r}")
        self._host = host
        self._seconds = seconds
        self._token: Token[Deadline | None]

    def __enter__(self) -> Self:
        check("what is within")
        at_ns = self._host.clock.monotonic_ns() + round(self._seconds * SECOND_NS)
        around = _CURRENT.get()
        if around is not None and around.at_ns <= at_ns:
            self._deadline = around
        else:
            self._deadline = Deadline(at_ns, self._host)
        self._token = _CURRENT.set(self._deadline)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._token)

    async def __aenter__(self) -> Self:
        self.__enter__()
        self._timeout = asyncio.timeout(self._deadline.remaining_s)
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.reset(self._token)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as timeout:
            self._host.counter("deadline.cut_off", "1").add(1)
            raise CutOff(f"cancelled at its deadline, after {self._seconds:.3g} s or sooner") from timeout
