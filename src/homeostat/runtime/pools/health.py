"""The health of pools: each is checked now and then, and the last result is kept with its age."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from homeostat.act.knobs.declaration import declared
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.log import event
from homeostat.runtime.host import Host

STALE_ROUNDS = 3
"""A result that is older than so many rounds says nothing any more: somebody stopped checking."""


class Checked(Protocol):
    """What can be asked whether it works."""

    @property
    def name(self) -> str:
        """Its name, unlike those of the others."""
        ...

    async def check(self) -> None:
        """Return if it works, raise what is wrong otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class State:
    """What was last found of one pool, and how many seconds ago; `error` is the type of what it raised."""

    healthy: bool
    error: str
    age_s: float


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The states of all pools. `ready` says that each was checked, not long ago, and works."""

    ready: bool
    pools: dict[str, State]


@dataclass(slots=True)
class Last:
    """The last result of one pool."""

    error: str
    at_ns: int


class Health:
    """Checks pools every `<name>_interval_s`, a knob, within `async with`; each may take `timeout_s`.

    Checks go past those that wait for a slot: a pool that is only busy stays healthy. `pool.healthy` is
    recorded, and an event logged when a pool falls ill or is well again.
    """

    def __init__(
        self,
        host: Host,
        pools: Sequence[Checked],
        *,
        name: str = "health",
        interval_s: float = 10.0,
        timeout_s: float = 5.0,
    ) -> None:
        names = [pool.name for pool in pools]
        if not names or len(set(names)) < len(names):
            raise ConfigError(f"health needs pools with different names, not {names!r}")
        if not 0.0 < timeout_s <= 600.0:
            raise ConfigError(f"timeout_s of {name!r} must be above 0, up to 600, not {timeout_s!r}")
        self._pools = tuple(pools)
        self._timeout_s = timeout_s
        self._now_ns = host.clock.monotonic_ns
        self._interval_s = host.knob_set.declare(
            declared(f"{name}_interval_s", float(interval_s), low=0.1, high=600.0, log=True)
        )
        self._tell = {each: host.gauge("pool.healthy", "ratio", pool=each).set for each in names}
        self._last: dict[str, Last] = {}
        self._task: asyncio.Task[None] | None = None

    async def check(self) -> HealthReport:
        """Check all pools at once, now, and return the report."""
        await asyncio.gather(*(self._check(pool) for pool in self._pools))
        return self.report()

    def report(self) -> HealthReport:
        """Return what was last found; nothing is called for it."""
        now_ns, stale_s = self._now_ns(), STALE_ROUNDS * (self._interval_s.get() + self._timeout_s)
        pools = {
            name: State(not last.error, last.error, (now_ns - last.at_ns) / SECOND_NS)
            for name, last in self._last.items()
        }
        ready = len(pools) == len(self._pools) and all(
            state.healthy and state.age_s <= stale_s for state in pools.values()
        )
        return HealthReport(ready, pools)

    async def __aenter__(self) -> Self:
        """Check all pools, then go on beside what is within."""
        await self.check()
        self._task = asyncio.create_task(self._run(), name="health of pools")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s.get())
            await self.check()

    async def _check(self, pool: Checked) -> None:
        found = ""
        try:
            async with asyncio.timeout(self._timeout_s):
                await pool.check()
        except Exception as error:  # noqa: BLE001 - whatever a check raises is its result
            found = type(error).__name__
        before = self._last.get(pool.name)
        self._last[pool.name] = Last(found, self._now_ns())
        self._tell[pool.name](0.0 if found else 1.0)
        if found and (before is None or not before.error):
            event("pool.unhealthy", logging.WARNING, pool=pool.name, reason=found)
        elif not found and before is not None and before.error:
            event("pool.healthy_again", pool=pool.name)
