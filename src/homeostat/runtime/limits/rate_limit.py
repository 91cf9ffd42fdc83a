"""The rate limit: so many calls (or tokens) in so much time, for each key."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from math import inf

from aiolimiter import AsyncLimiter

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import check, remaining_s
from homeostat.runtime.limits.refused import RateExceeded


@dataclass(slots=True)
class Bucket:
    """One key's leaky bucket, its rate and event loop, when it was used, how many wait and for how much."""

    limiter: AsyncLimiter
    rate: float
    loop: asyncio.AbstractEventLoop
    used_ns: int
    waiters: int = 0
    waiting: float = 0.0


class RateLimit:
    """A leaky bucket for each key, by aiolimiter: `rate` in any `period_s`, all of it at once if need be.

    At most `keys_max` keys have a bucket of their own: a new one takes the place of one that was not used for
    a period, whose bucket is empty again; where there is none, new keys share one bucket, so that nobody
    gains by making up keys. Among those who wait, small amounts go before large ones. Its knobs are
    `<name>_rate` and `<name>_rate_wait_max_s`. A bucket whose rate was turned starts full, so that turning it
    lets no burst through, as does one that is used in another event loop than before: one loop at a time.
    """

    def __init__(
        self,
        host: Host,
        name: str,
        rate: float,
        *,
        period_s: float = 1.0,
        wait_max_s: float = 1.0,
        keys_max: int = 1_000,
    ) -> None:
        if not 0 < period_s < inf or keys_max < 1:
            raise ConfigError(
                f"the rate of {name!r} needs a period and keys, not {period_s!r} and {keys_max!r}"
            )
        self.name = name
        self._period_s = period_s
        self._keys_max = keys_max
        self._now_ns = host.clock.monotonic_ns
        declare = host.knob_set.declare
        self._rate = declare(declared(f"{name}_rate", float(rate), low=0.001, high=1e9, log=True))
        self._wait_max_s = declare(
            declared(f"{name}_rate_wait_max_s", wait_max_s, low=0.001, high=600.0, log=True)
        )
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._shared: Bucket | None = None
        self._count = {
            outcome: host.counter("rate.calls", "1", rate=name, outcome=outcome).add
            for outcome in ("admitted", "refused", "shared")
        }
        self._waited = host.histogram("rate.wait", "ms", rate=name).record

    async def acquire(self, amount: float = 1.0, key: str = "") -> None:
        """Return once `amount` may go through.

        Raises `RateExceeded` after `wait_max_s` or where the deadline is sooner, `DeadlinePassed` where that
        has passed, InputError for an amount that never fits.
        """
        check(self.name)
        rate = self._rate.get()
        if not 0 < amount <= rate:
            raise InputError(f"{self.name!r} lets {rate:g} through in {self._period_s:g} s, never {amount!r}")
        bucket = await self._bucket(key, rate)
        began_ns = bucket.used_ns = self._now_ns()
        bucket.waiters += 1
        bucket.waiting += amount
        try:
            async with asyncio.timeout(min(self._wait_max_s.get(), remaining_s())):
                await bucket.limiter.acquire(amount)
        except TimeoutError:
            self._count["refused"](1)
            retry_after_s = bucket.waiting * self._period_s / rate
            raise RateExceeded(
                f"{self.name!r} lets {rate:g} through in {self._period_s:g} s; "
                f"try again in {retry_after_s:.3g} s",
                retry_after_s,
            ) from None
        finally:
            bucket.waiters -= 1
            bucket.waiting = bucket.waiting - amount if bucket.waiters else 0.0
        bucket.used_ns = self._now_ns()
        self._count["admitted"](1)
        self._waited((bucket.used_ns - began_ns) * 1e-6)

    async def _bucket(self, key: str, rate: float) -> Bucket:
        found = self._buckets.get(key)
        if found is None and len(self._buckets) >= self._keys_max and not self._make_room():
            self._count["shared"](1)
            self._shared = await self._current(rate, self._shared)
            return self._shared
        found = self._buckets[key] = await self._current(rate, found)
        self._buckets.move_to_end(key)
        return found

    def _make_room(self) -> bool:
        """Forget the key that was used least recently, False where its bucket may not be empty yet."""
        key, oldest = next(iter(self._buckets.items()))
        if oldest.waiters or self._now_ns() - oldest.used_ns < self._period_s * SECOND_NS:
            return False
        del self._buckets[key]
        return True

    async def _current(self, rate: float, before: Bucket | None) -> Bucket:
        """Return the bucket there is, or a new one where there is none for this rate and event loop."""
        loop = asyncio.get_running_loop()
        if before is not None and before.rate == rate and before.loop is loop:
            return before
        limiter = AsyncLimiter(rate, self._period_s)
        if before is not None:
            await limiter.acquire(rate)  # there is room for it: this does not wait
        return Bucket(limiter, rate, loop, self._now_ns())
