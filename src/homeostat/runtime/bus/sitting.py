"""The sitting: one subscriber served from one seat, until the seat is lost."""

import asyncio

from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.handing import Handing
from homeostat.runtime.bus.knobs import BusKnobs
from homeostat.runtime.bus.lanes import Lanes
from homeostat.runtime.bus.record import Kept, Letter, Seat, Settled, Superseded
from homeostat.runtime.bus.window import Window
from homeostat.runtime.ending import ended, raised

BEATS_A_LEASE = 4
READ_WAIT_S = 1.0
GATHER_S = 0.005
"""For how long what is over gathers before it is noted: nobody waits for that."""

TURN = 50
"""Events that are handed over before others get their turn on the event loop."""


class Sitting:
    """Reads events, hands them over and notes what is over, all side by side.

    `owner` is empty for a live subscriber, of which nothing is noted. What was handed over and not noted when
    it ends comes again in the next sitting.
    """

    def __init__(
        self, backend: Backend, handing: Handing, knobs: BusKnobs, subscriber: str, owner: str, seat: Seat
    ) -> None:
        self._backend = backend
        self._handing = handing
        self._knobs = knobs
        self._subscriber = subscriber
        self._owner = owner
        self._seat = seat
        self._window = Window(seat.position)
        self._lanes = Lanes(self._handled, knobs.lanes.get)
        self._room = asyncio.Event()
        self._over = asyncio.Event()
        self._letters: set[str] = set()
        self._reads = 0
        self._closed: dict[str, int] = {}
        self._settled_upto = seat.position
        self._taken: list[int] = []
        self._dead: list[Letter] = []
        self._cleared: list[str] = []

    @property
    def upto(self) -> int:
        """The last position before which nothing is open."""
        return self._window.upto

    async def serve(self, lease_s: float) -> None:
        """Serve until cancelled. Raises Superseded, and what the back-end raises."""
        parts = [self._read()]
        if self._owner:
            parts += [self._note(), self._keep(lease_s)]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(tasks)
            await self._lanes.close()
        raised(tasks)

    async def settle(self) -> None:
        """Note what is over."""
        if not (self._taken or self._dead or self._cleared or self._window.upto > self._settled_upto):
            return
        taken, self._taken = self._taken, []
        dead, self._dead = self._dead, []
        cleared, self._cleared = self._cleared, []
        settled = Settled(self._window.upto, tuple(taken), tuple(dead), tuple(cleared))
        try:
            await self._backend.log.settle(self._subscriber, self._seat.token, settled)
        except BaseException:
            self._taken, self._dead = taken + self._taken, dead + self._dead
            self._cleared = cleared + self._cleared
            raise
        self._settled_upto = settled.upto
        closed = [letter.id for letter in dead] + cleared
        self._letters.difference_update(closed)
        self._closed.update(dict.fromkeys(closed, self._reads))

    async def _read(self) -> None:
        subscriber = self._subscriber if self._owner else ""
        while True:
            room = self._knobs.window.get() - len(self._window) - len(self._letters)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            self._reads += 1
            found = await self._backend.log.read(
                subscriber, self._seat.token, self._window.last, room, READ_WAIT_S
            )
            for number, kept in enumerate(found, 1):
                self._begin(kept)
                if number % TURN == 0:
                    await asyncio.sleep(0)
            self._closed = {id: read for id, read in self._closed.items() if read >= self._reads}

    def _begin(self, kept: Kept) -> None:
        if kept.letter:
            # A read may have begun before a letter was noted to be over, and answer behind that.
            if kept.letter in self._letters or self._closed.get(kept.letter, 0) >= self._reads:
                return
            self._letters.add(kept.letter)
        else:
            self._window.begin(kept.position)
        if not self._handing.wants(kept):
            self._end(kept, None)
        elif self._lanes.busy(kept.key) or not self._handing.computes(kept):
            self._lanes.put(kept)
        elif (error := self._handing.at_once(kept)) is not None:
            self._lanes.put(kept, error)
        else:
            self._end(kept, None)

    async def _handled(self, kept: Kept, error: Exception | None) -> None:
        self._end(kept, await self._handing.to_the_end(kept, error))

    def _end(self, kept: Kept, letter: Letter | None) -> None:
        if kept.letter:
            if letter is None:
                self._cleared.append(kept.letter)
        else:
            self._window.end(kept.position)
            if self._owner:
                self._taken.append(kept.position)
        if letter is not None and self._owner:
            self._dead.append(letter)
        self._room.set()
        self._over.set()

    async def _note(self) -> None:
        while True:
            await self._over.wait()
            await asyncio.sleep(GATHER_S)
            self._over.clear()
            await self.settle()

    async def _keep(self, lease_s: float) -> None:
        """Keep the seat."""
        while True:
            await asyncio.sleep(lease_s / BEATS_A_LEASE)
            seat = await self._backend.seats.take(self._subscriber, self._owner, self._seat.token)
            if seat is None or seat.token != self._seat.token:
                raise Superseded(f"subscriber {self._subscriber!r} is served elsewhere, or from elsewhere")
