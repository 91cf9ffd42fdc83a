"""The seams between a bus and what keeps its events.

Of the processes that serve one subscriber one alone has its seat. It loses it where it did not keep it for a
lease's time and another one took it, and where the position was set anew: what it settles then is refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from homeostat.runtime.bus.record import Kept, Lag, Letter, Record, Seat, Settled


class Log(Protocol):
    """The events in their order."""

    async def append(self, records: Sequence[Record]) -> Sequence[int]:
        """Keep events, all or none, and return their positions. Raises BusFull."""
        ...

    async def read(
        self, subscriber: str, token: int, after: int, count: int, wait_s: float
    ) -> Sequence[Kept]:
        """Return up to `count` events that follow a position, and letters that are to be tried again.

        Where there are none, wait for them. Without a subscriber's name: the events alone. May raise
        Superseded, where who reads has lost the seat.
        """
        ...

    async def settle(self, subscriber: str, token: int, settled: Settled) -> None:
        """Note what became of events, in one transaction. Raises Superseded."""
        ...


class Seats(Protocol):
    """The subscribers. One that is new begins with what comes next."""

    async def take(self, subscriber: str, owner: str, token: int = 0) -> Seat | None:
        """Take a seat, or with its token keep it for a lease's time more; None where another has it."""
        ...

    async def leave(self, subscriber: str, owner: str) -> None:
        """Give a seat up; without an owner the subscriber is forgotten for good."""
        ...

    async def seek(self, subscriber: str, after: int = 0, *, at_ns: int = 0) -> int | None:
        """Set a position, or that of the last event before a wall time; return it, None if unknown."""
        ...


class Desk(Protocol):
    """The dead letters."""

    async def letters(self, subscriber: str, limit: int) -> Sequence[Letter]:
        """Return the newest, of one subscriber if it is named."""
        ...

    async def requeue(self, ids: Sequence[str]) -> Sequence[str]:
        """Have letters tried again; return those that were there."""
        ...

    async def forget(self, ids: Sequence[str]) -> Sequence[str]:
        """Throw letters away; return those that were there."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """What keeps a bus.

    `join` makes subscribers known; `last` is the newest position; `tidy` drops what is over, and returns how
    many events and letters it dropped because of a bound, not of their age.
    """

    engine: str
    log: Log
    seats: Seats
    desk: Desk
    join: Callable[[Sequence[str]], Awaitable[None]]
    last: Callable[[], Awaitable[int]]
    lags: Callable[[], Awaitable[Sequence[Lag]]]
    tidy: Callable[[], Awaitable[int]]
    close: Callable[[], Awaitable[None]]
