"""The event-loop collector: how late asyncio loops run what is due."""

import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from homeostat.observe.collectors.collector import Reading

if TYPE_CHECKING:  # 20 ms that a program without event loops need not spend
    import asyncio

PERIOD_S = 0.1
LAGS_MAX = 10_000
"""Lags kept between two rounds; further ones are left out."""


class _Probe:
    """A timer in one loop that measures by how much it comes too late, and winds itself up again."""

    __slots__ = ("_due", "_loop", "lags", "name", "stopped")

    def __init__(self, loop: "asyncio.AbstractEventLoop", name: str) -> None:
        self._loop = weakref.ref(loop)
        self._due = 0.0
        self.name = name
        self.lags: list[float] = []
        self.stopped = False

    def alive(self) -> bool:
        loop = self._loop()
        return not self.stopped and loop is not None and not loop.is_closed()

    def wind(self) -> None:
        loop = self._loop()
        if loop is not None and not self.stopped:
            self._due = time.perf_counter() + PERIOD_S
            loop.call_later(PERIOD_S, self._ring)

    def _ring(self) -> None:
        if len(self.lags) < LAGS_MAX:
            self.lags.append(max(time.perf_counter() - self._due, 0.0))
        self.wind()


class EventLoopCollector:
    """The lag of each loop that was attached, ten times a second, as a distribution.

    What is below the resolution of the loop's own timer (about 1 ms) is noise.
    """

    name = "event_loop"
    waits_for: Mapping[str, str] = MappingProxyType({"asyncio.loop.lag": "the first turn of its timer"})

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._probes: dict[int, _Probe] = {}

    def attach(self, loop: "asyncio.AbstractEventLoop", name: str = "main") -> None:
        """Begin to measure a loop, from any thread. A loop that is attached already stays so."""
        with self._lock:
            self._probes = {k: p for k, p in self._probes.items() if p.alive()}
            if id(loop) in self._probes or loop.is_closed():
                return
            probe = self._probes[id(loop)] = _Probe(loop, name)
        loop.call_soon_threadsafe(probe.wind)

    def unavailable(self) -> Mapping[str, str]:
        """Say so where no loop is attached."""
        if any(probe.alive() for probe in list(self._probes.values())):
            return {}
        return {"asyncio.loop.lag": "no asyncio event loop runs here (none is attached)"}

    def collect(self, now_ns: int) -> Iterator[Reading]:
        """Return the lags since the last round."""
        for probe in list(self._probes.values()):
            n = len(probe.lags)
            lags = probe.lags[:n]
            del probe.lags[:n]
            for lag in lags:
                yield Reading("asyncio.loop.lag", lag * 1e3, (("loop", probe.name),))

    def close(self) -> None:
        """Let all timers run out."""
        for probe in list(self._probes.values()):
            probe.stopped = True
