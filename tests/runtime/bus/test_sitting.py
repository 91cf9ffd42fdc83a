"""Claims about a sitting that is ended while its back-end goes away."""

import asyncio
import gc
from collections.abc import Sequence
from typing import Any, cast

import pytest

from homeostat.core.errors import NotAvailable
from homeostat.runtime.bus.backend import Backend
from homeostat.runtime.bus.handing import Handing
from homeostat.runtime.bus.knobs import declare_knobs
from homeostat.runtime.bus.meter import SubscriberMeter
from homeostat.runtime.bus.record import Kept, Seat
from homeostat.runtime.bus.sitting import Sitting
from homeostat.runtime.bus.subscription import Patience, Subscription
from homeostat.testing.bare_host import BareHost


class GoingAway:
    """Keeps no events; whoever is cancelled while keeping a seat is told that it went away."""

    def __init__(self) -> None:
        self.keeping = asyncio.Event()

    async def read(self, *_: object) -> Sequence[Kept]:
        """Wait for what never comes."""
        await asyncio.Event().wait()
        return ()

    async def take(self, *_: object) -> Seat | None:
        """Wait, and fail when that is ended."""
        self.keeping.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise NotAvailable("it went away meanwhile") from None
        return None


def test_a_sitting_that_is_cancelled_while_its_seat_is_lost_leaves_nobody_to_complain() -> None:
    host = BareHost()
    handing = Handing(host, Subscription("a", False, Patience()), SubscriberMeter(host, "bus", "a"))
    complaints: list[str] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: complaints.append(told["message"]))
        away = GoingAway()
        backend = Backend("none", *[cast(Any, away)] * 8)
        sitting = Sitting(backend, handing, declare_knobs(host, "bus"), "a", "me", Seat(1, 0))
        serving = asyncio.create_task(sitting.serve(lease_s=0.0))
        await away.keeping.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        del sitting, serving
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(scene())
    assert complaints == []
