"""The lease: one process at a time loads a key, the others wait for what it puts into the shared tier."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

from homeostat.core.clock import SECOND_NS
from homeostat.runtime.cache.tiers.guard import TierGuard
from homeostat.runtime.cache.tiers.tier import Leases

T = TypeVar("T")

POLL_S = 0.005
POLL_S_MAX = 0.1

WAIT_S_MAX = 120.0
"""How long another process is waited for at most, however long it renews its lease."""


class Lease:
    """The right to load one key, held by a token for `held_s` and renewed for as long as the load takes.

    It spares loads; it does not exclude anybody: where the tier that keeps it is away, or its holder was
    paused for longer than that, two may load at once.
    """

    def __init__(
        self,
        guard: TierGuard,
        leases: Leases,
        key: bytes,
        held_s: float,
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._guard = guard
        self._leases = leases
        self._key = key
        self._held_ms = int(held_s * 1_000)
        self._token = uuid4().hex.encode()
        self._monotonic_ns = monotonic_ns
        self.held = False

    async def take(self) -> bool:
        """Take the lease; return False only where another process has it."""
        taken = await self._guard.call(lambda: self._leases.acquire(self._key, self._token, self._held_ms))
        self.held = taken is True
        return taken is not False

    async def take_or_wait(self, read: Callable[[], Awaitable[T | None]]) -> T | None:
        """Take the lease and return None, or return what another process that has it came to meanwhile."""
        pause_s = POLL_S
        until_ns = self._monotonic_ns() + int(WAIT_S_MAX * SECOND_NS)
        while self._monotonic_ns() < until_ns:
            await asyncio.sleep(pause_s)
            found = await read()
            if found is not None or await self.take():
                return found
            pause_s = min(2 * pause_s, POLL_S_MAX)
        return None

    async def keep(self) -> None:
        """Renew the lease until this is cancelled, or somebody else has it."""
        while True:
            await asyncio.sleep(self._held_ms / 3_000)
            if (
                await self._guard.call(lambda: self._leases.renew(self._key, self._token, self._held_ms))
                is False
            ):
                return

    async def give_back(self) -> None:
        """Let the next one load."""
        self.held = False
        await self._guard.call(lambda: self._leases.release(self._key, self._token))
