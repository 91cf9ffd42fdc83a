"""The duties: what one of all nodes before a store does for all of them."""

import threading
from collections.abc import Callable
from typing import Protocol

from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.errors import StoreBusy
from homeostat.core.guard import guarded
from homeostat.core.lease import Lease
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.core.query import Answer_co, Maintenance, Query, Store

INTERVAL_S = 1.0


class Duty(Protocol):
    """Something that runs from `start` to `close`."""

    def start(self) -> None:
        """Begin."""
        ...

    def close(self) -> None:
        """End."""
        ...


class LeadersStore:
    """A store that is written only while the lease is held: what a stalled leader still wants to write is
    refused, since another one leads by then."""

    def __init__(self, store: Store, held: Callable[[], bool]) -> None:
        self._store = store
        self._held = held

    def write(self, batch: Batch) -> None:
        """Keep a batch; raise StoreBusy where this node leads no more."""
        if not self._held():
            raise StoreBusy("this node leads no more, so that it writes no alert and no finding")
        self._store.write(batch)

    def read(self, query: Query[Answer_co]) -> Answer_co:
        """Answer a query."""
        return self._store.read(query)

    def maintain(self, now_ns: int) -> Maintenance:
        """Do the store's upkeep."""
        return self._store.maintain(now_ns)

    def close(self) -> None:
        """Leave the store open: it is the node's."""


class Duties:
    """Holds the lease, and does the duties while it does; begins anew each time that it gets it.

    Duties keep what they know in the store, so that the next one goes on where the last one was: within some
    seconds after a leader died (`PostgresLease`), at once after one that ended.
    """

    def __init__(
        self,
        lease: Lease,
        make: Callable[[Store], tuple[Duty, ...]],
        store: Store,
        clock: Clock,
        losses: Losses,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._lease = lease
        self._lock = threading.Lock()
        self._make = make
        self._store = LeadersStore(store, self._held)
        self._clock = clock
        self._losses = losses
        self._interval_s = interval_s
        self._running: tuple[Duty, ...] | None = None
        self.since_ns: int | None = None
        """When this node began to lead, None while it does not."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-duties", daemon=True)

    @property
    def running(self) -> tuple[Duty, ...]:
        """What this node does for all, nothing while another one leads."""
        return self._running or ()

    @property
    def leads(self) -> bool:
        """Whether this node did lead when it looked last, at most a second or so ago."""
        return self.since_ns is not None

    def start(self) -> None:
        """Look who leads, and go on looking."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        """End the duties, and let another node have them at once."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._end()
        with self._lock:
            self._lease.release()

    def look(self) -> None:
        """Begin or end the duties, by whether the lease is held."""
        if not self._held():
            self._end()
        elif self._running is None:
            self._running = self._make(self._store)
            self.since_ns = self._clock.now_ns()
            event("node.leads")
            for duty in self._running:
                duty.start()

    def _held(self) -> bool:
        with self._lock:
            return self._lease.held()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            with guarded(self._losses, "duties"):
                self.look()

    def _end(self) -> None:
        running, self._running, self.since_ns = self._running, None, None
        for duty in running or ():
            with guarded(self._losses, "duties"):
                duty.close()
        if running is not None:
            event("node.leads_no_more")
