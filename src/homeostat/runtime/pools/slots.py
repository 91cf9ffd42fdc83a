"""The slots of a pool: as many are taken at once as a knob says, and who comes later waits for one."""

import asyncio
import threading
from concurrent.futures import Future

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.fair_queue import Priority
from homeostat.runtime.limits.gate import Gate, Permit
from homeostat.runtime.limits.limit import FixedLimit

MS_NS = 1_000_000


class Slots:
    """The slots of one pool, behind a gate: for threads, tasks and loops.

    Its knobs are `<name>_size`, which may be turned at any time from 1 to `size_max`, and those of the gate,
    `<name>_queue_max` and `<name>_wait_max_s`. What is taken stays taken when the size is lowered.
    """

    def __init__(
        self, host: Host, name: str, kind: str, size: int, size_max: int, queue_max: int, wait_max_s: float
    ) -> None:
        if not 1 <= size <= size_max or size_max < 2:
            raise ConfigError(
                f"pool {name!r} needs 1 <= size <= size_max and 2 <= size_max, not {size!r} and {size_max!r}"
            )
        self.name = name
        self.size = host.knob_set.declare(declared(f"{name}_size", size, low=1, high=size_max, log=True))
        self.gate = Gate(host, name, FixedLimit(self.size), queue_max=queue_max, wait_max_s=wait_max_s)
        self.now_ns = host.clock.monotonic_ns
        self.waited = host.histogram("pool.wait", "ms", pool=name, kind=kind).record
        self._tell_used = host.gauge("pool.in_use", "1", pool=name, kind=kind).set
        self._tell_size = host.gauge("pool.size", "1", pool=name, kind=kind).set
        self._told = 0
        self._closed = False
        self._empty_lock = threading.Lock()
        self._empty: Future[None] = Future()

    async def take(self, priority: Priority = Priority.NORMAL, key: str = "") -> "Slot":
        """Wait for a slot. Raises `Overloaded`, `DeadlinePassed`, and ConfigError once the pool is closed."""
        slot = self._asked(priority, key)
        try:
            await slot.permit.__aenter__()
        finally:
            self._noticed()
        return slot

    def take_blocking(self, priority: Priority = Priority.NORMAL, key: str = "") -> "Slot":
        """Wait for a slot, as `take` does, in a thread."""
        slot = self._asked(priority, key)
        try:
            slot.permit.__enter__()
        finally:
            self._noticed()
        return slot

    async def drained(self) -> None:
        """Give no more slots to newcomers, and return once those that wait were served and all are free."""
        self._closed = True
        self._noticed()
        await asyncio.shield(asyncio.wrap_future(self._empty))

    def drained_blocking(self) -> None:
        """Do as `drained` does, in a thread."""
        self._closed = True
        self._noticed()
        self._empty.result()

    def _asked(self, priority: Priority, key: str) -> "Slot":
        if self._closed:
            raise ConfigError(f"pool {self.name!r} is closed; make a new one")
        return Slot(self, self.gate.permit(priority, key))

    def _noticed(self) -> None:
        """Record how many slots are in use and how many there are, and tell who waits for none to be."""
        self._tell_used(self.gate.in_flight)
        size = self.size.get()
        if size != self._told:
            self._told = size
            self._tell_size(size)
        if self._closed and not (self.gate.in_flight or self.gate.waiting):
            with self._empty_lock:
                if not self._empty.done():
                    self._empty.set_result(None)


class Slot:
    """One slot, from when it is asked for until it is free again."""

    __slots__ = ("_asked_ns", "_slots", "permit")

    def __init__(self, slots: Slots, permit: Permit) -> None:
        self.permit = permit
        self._slots = slots
        self._asked_ns = slots.now_ns()

    def ready(self) -> None:
        """Note that what was waited for is there."""
        self._slots.waited((self._slots.now_ns() - self._asked_ns) / MS_NS)

    def free(self) -> None:
        """Give the slot to whoever is next: exactly once, from any thread."""
        self.permit.__exit__(None, None, None)
        self._slots._noticed()
