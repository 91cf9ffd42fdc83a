"""The guard of a tier: what is dead or slow costs its time-out once, and then nothing.

The breaker of `runtime.limits` opens by shares of failures and lets callers probe. Here one failure is
enough, since there is always something else to do, and no caller waits for a probe: it runs beside them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from homeostat.core.clock import SECOND_NS
from homeostat.core.log import event
from homeostat.runtime.cache.observation import Observation
from homeostat.runtime.cache.tiers.tier import Tier

T = TypeVar("T")

REST_S = 1.0
"""How long a tier is left alone after its first failure; twice as long after each probe that fails."""

REST_S_MAX = 30.0

PROBE_KEY = b"probe"


class TierGuard:
    """Calls a tier within a time, and leaves it alone for a while after it failed.

    `call` returns None where there is no answer, whatever the reason.
    """

    def __init__(
        self,
        name: str,
        tier: Tier,
        monotonic_ns: Callable[[], int],
        observation: Observation,
    ) -> None:
        self.name = name
        self.tier = tier
        self.hits = observation.hits(name)
        self._monotonic_ns = monotonic_ns
        self._skipped = observation.skipped(name)
        self._errors = observation.tier_errors(name)
        self._failures: tuple[type[Exception], ...] = (OSError, *tier.failures)
        self._rest_s = 0.0
        self._resting_until_ns = 0
        self._probe: asyncio.Task[None] | None = None

    @property
    def resting(self) -> bool:
        """Whether the tier is left alone."""
        return self._rest_s > 0.0

    async def call(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Return what a call returns; None where it failed, took too long or was not made."""
        if self._rest_s:
            self._skipped.add(1)
            self._probe_when_due()
            return None
        try:
            async with asyncio.timeout(self.tier.timeout_s):
                return await work()
        except self._failures as error:
            self._errors.add(1)
            if not self._rest_s:  # else another call that was under way has failed before
                event("cache.tier_rests", logging.WARNING, tier=self.name, reason=type(error).__name__)
                self._leave_alone(REST_S)
            return None

    async def done(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Make a call that returns nothing; tell whether it succeeded."""

        async def telling() -> bool:
            await work()
            return True

        return await self.call(telling) is not None

    def _leave_alone(self, rest_s: float) -> None:
        self._rest_s = min(rest_s, REST_S_MAX)
        self._resting_until_ns = self._monotonic_ns() + int(self._rest_s * SECOND_NS)

    def _probe_when_due(self) -> None:
        if self._monotonic_ns() < self._resting_until_ns:
            return
        if self._probe is not None and not self._probe.done() and not self._probe.get_loop().is_closed():
            return
        self._probe = asyncio.get_running_loop().create_task(self._try_again())

    async def _try_again(self) -> None:
        try:
            async with asyncio.timeout(self.tier.timeout_s):
                await self.tier.get_many((PROBE_KEY,))
        except self._failures:
            self._errors.add(1)
            self._leave_alone(2 * self._rest_s)
            return
        self._rest_s = 0.0
        event("cache.tier_is_back", tier=self.name)
