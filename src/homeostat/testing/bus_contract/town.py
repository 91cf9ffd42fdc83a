"""The town: processes on one bus, the events that they tell each other, and what each was handed."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
import pytest

from homeostat.core.clock import SystemClock
from homeostat.runtime.bus import Bus, Kind
from homeostat.runtime.bus.subscription import Patience
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import eventually

WAIT_S = 60.0
LEASE_S = 10.0
"""A process that stands still for longer on a busy machine loses what it serves, rightly."""

QUICK = Patience(failures_max=3, first_s=0.01)
_names = count()


class Said(msgspec.Struct, frozen=True):
    """An event about a person."""

    person: str
    number: int


class Left(msgspec.Struct, frozen=True):
    """Another one."""

    person: str


@dataclass
class Process:
    """What one process has of the bus; `got` is what its subscribers were handed, in that order."""

    bus: Bus
    host: BareHost
    got: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.said: Kind[Said] = self.bus.kind(Said, "said", key=lambda e: e.person)
        self.left: Kind[Left] = self.bus.kind(Left, "left", key=lambda e: e.person)

    def listens(self, subscriber: str, live: bool = False) -> "Process":
        """Have a subscriber write down what it gets."""
        for kind in (self.said, self.left):
            self.bus.on(kind, subscriber, live=live)(self.got.append)
        return self

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Process"]:
        """Serve for as long as the block runs."""
        await self.bus.backend()
        serving = asyncio.create_task(self.bus.serve())
        try:
            yield self
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    async def until_got(self, number: int) -> None:
        """Wait until so many events were handed over."""
        await eventually(lambda: len(self.got) >= number)

    async def until_caught_up(self) -> None:
        """Wait until no subscriber has an event before it."""
        async with asyncio.timeout(WAIT_S):
            while any(lag.waiting for lag in await self.bus.lags()):  # noqa: ASYNC110 - it has to be asked
                await asyncio.sleep(0.005)


class Town:
    """Makes processes on one bus, and runs what is to be seen of them. `NAME` in an address is the bus's."""

    def __init__(self, address: str) -> None:
        self._name = f"bus{next(_names)}"
        self._address = address.replace("NAME", self._name)
        self._made: list[Process] = []

    def __call__(self, **given: Any) -> Process:
        """Return a further process."""
        host = BareHost(SystemClock())
        chosen = {"name": self._name, "lease_s": LEASE_S, **given}
        self._made.append(Process(Bus(host, self._address, **chosen), host))
        return self._made[-1]

    def play(self, scene: Coroutine[Any, Any, None]) -> None:
        """Run a scene to its end, and close what it used."""

        async def played() -> None:
            try:
                await scene
            finally:
                for process in self._made:
                    await process.bus.close()

        asyncio.run(played())


def by_person(events: Sequence[Said]) -> dict[str, list[int]]:
    """Return the numbers of each person in the order in which they came."""
    found: dict[str, list[int]] = defaultdict(list)
    for one in events:
        found[one.person].append(one.number)
    return found


class OnABus:
    """Subclass it and say where an empty bus is."""

    @pytest.fixture
    def address(self) -> str:
        """Return where an empty bus is."""
        raise NotImplementedError

    @pytest.fixture
    def town(self, address: str) -> Town:
        """Return a maker of processes on the same bus."""
        return Town(address)
