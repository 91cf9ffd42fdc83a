"""The consumer: serves one subscriber in this process, as long as no other one does."""

import asyncio
from contextlib import suppress

from homeostat.core.errors import HomeostatError
from homeostat.core.guard import guarded
from homeostat.core.log import event
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.handing import Handing
from homeostat.runtime.bus.knobs import BusKnobs
from homeostat.runtime.bus.meter import SubscriberMeter
from homeostat.runtime.bus.record import Seat, Superseded
from homeostat.runtime.bus.sitting import Sitting
from homeostat.runtime.bus.subscription import Subscription
from homeostat.runtime.host import Host

AGAIN_A_LEASE = 4
"""How often in a lease's time one looks whether a seat is free that another process has."""


class Consumer:
    """Takes the subscriber's seat again and again. A live subscriber needs none, and begins at the end."""

    def __init__(
        self,
        host: Host,
        backend: Backend,
        subscription: Subscription,
        knobs: BusKnobs,
        meter: SubscriberMeter,
        owner: str,
        lease_s: float,
    ) -> None:
        self._losses = host.losses
        self._backend = backend
        self._name = subscription.name
        self._owner = "" if subscription.live else owner
        self._knobs = knobs
        self._lease_s = lease_s
        self._handing = Handing(host, subscription, meter)
        self._live_upto: int | None = None

    async def begin(self) -> None:
        """Have what is published from now on come to the subscriber, if it is new."""
        if self._owner:
            await self._backend.join((self._name,))
        else:
            self._live_upto = await self._backend.last()

    async def serve(self) -> None:
        """Serve until cancelled; where the back-end does not answer, try again."""
        while True:
            with guarded(self._losses, f"bus.{self._name}"):
                try:
                    await self._served()
                except Superseded:
                    event("bus.superseded", subscriber=self._name)
                    continue
                except HomeostatError as error:
                    self._losses.add("bus.engine_failed")
                    event("bus.engine_failed", subscriber=self._name, reason=type(error).__name__)
            await asyncio.sleep(self._lease_s / AGAIN_A_LEASE)

    async def _served(self) -> None:
        """Take the seat and serve until it is lost; return at once where another process has it."""
        if not self._owner:
            if self._live_upto is None:
                self._live_upto = await self._backend.last()
            seat: Seat | None = Seat(0, self._live_upto)
        else:
            await self._backend.join((self._name,))
            seat = await self._backend.seats.take(self._name, self._owner)
        if seat is None:
            return
        sitting = Sitting(self._backend, self._handing, self._knobs, self._name, self._owner, seat)
        try:
            await sitting.serve(self._lease_s)
        except asyncio.CancelledError:
            if self._owner:
                with suppress(HomeostatError):
                    await sitting.settle()
                    await self._backend.seats.leave(self._name, self._owner)
            raise
        finally:
            if not self._owner:
                self._live_upto = sitting.upto
