"""The governing: the thread in an application that runs the governor, about once a second."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from homeostat.act.controllers.gauge import GAUGES
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import InputError
from homeostat.core.guard import guarded
from homeostat.core.lease import Lease, Leases
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.order import AnyOrder, Mode, Restore
from homeostat.core.plant import Plant, Steering
from homeostat.core.query import Store
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.governing.order_box import OrderBox
from homeostat.loop.governing.published import Published, loops, publish, published
from homeostat.loop.policy.policy import Policy
from homeostat.loop.reliefs import Reliefs
from homeostat.loop.rules.acts import Act
from homeostat.loop.sight.levels import Levels
from homeostat.observe.registry import Registry
from homeostat.prove.ledger.entry import LedgerEntry
from homeostat.prove.ledger.records import read_ledger, record_of

PUBLISH_EVERY_NS = 5 * SECOND_NS


class Governing:
    """Runs the loop of one application in a thread of its own.

    Of all processes of a service that share a store one governs, by a lease of the store; the others take
    over the configuration in force as it is published. When it dies, another goes on within seconds. Orders
    come through the store. While the file `kill_file` is there, all knobs have their defaults: the switch
    that needs nothing else to work.
    """

    def __init__(
        self,
        plant: Plant,
        policy: Policy,
        service: str,
        open_store: Callable[[], Store],
        owns_store: bool,
        kill_file: Path,
        clock: Clock,
        losses: Losses,
        interval_s: float = 0.5,
        registry: Registry | None = None,
        reliefs: Reliefs | None = None,
        hear: Callable[[Store], None] | None = None,
    ) -> None:
        """Start the thread; `hear` finds in the store what others were told of requests of this process."""
        self._plant = plant
        self._policy = policy
        self._service = service
        self._open_store = open_store
        self._owns_store = owns_store
        self._kill_file = kill_file
        self._lease: Lease | None = None
        self._clock = clock
        self._losses = losses
        self._interval_s = interval_s
        self._registry = registry
        self._reliefs = reliefs
        self._hear = hear
        self._published_ns = 0
        self._store: Store | None = None
        self._box: OrderBox | None = None
        self.governor: Governor | None = None
        self._begin()

    def _begin(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-loop", daemon=True)
        self._thread.start()

    def after_fork(self) -> None:
        """Begin anew in a forked child: the parent governs, and this process follows as long as it lives."""
        if self._lease is not None:
            self._lease.release()
        self._store = self._box = self.governor = self._lease = None
        self._published_ns = 0
        self._begin()

    def order(self, order: AnyOrder) -> None:
        """Have an order carried out at the next tick; raise InputError where it makes no sense."""
        if self.governor is None:
            raise InputError("the loop does not run in this process (yet)")
        self.governor.order(order)

    def close(self, timeout_s: float) -> None:
        """End the thread. The application goes on with the configuration in force."""
        self._stop.set()
        self._thread.join(timeout_s)
        if self._lease is not None:
            self._lease.release()
        if self._store is not None and self._owns_store:
            self._store.close()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            with guarded(self._losses, "loop"):
                self.tick()

    def tick(self) -> None:
        """Govern, or follow the process that does."""
        store = self._store
        if store is None:
            store = self._store = self._open_store()
        if self._hear is not None:
            with guarded(self._losses, "loop.feedback"):
                self._hear(store)
        if self._lease is None and isinstance(store, Leases):
            self._lease = store.lease(f"loop.{self._service}")
        if self._lease is not None and not self._lease.held():
            self.governor = self._box = None
            self._follow(store)
            return
        now_ns = self._clock.now_ns()
        if self.governor is None:
            self._take_over(store, now_ns)
        self._govern(store, now_ns)

    def _take_over(self, store: Store, now_ns: int) -> None:
        def keep(entry: LedgerEntry) -> None:
            store.write(Batch(records=(record_of(entry, self._service),)))

        book = Book(read_ledger(store.read, self._service), keep)
        self._box = OrderBox(store, self._service, self._losses)
        levels = None
        if self._registry is not None:
            gauges = dict.fromkeys((*self._policy.gauges, *(gauge.metric for gauge in GAUGES)))
            levels = Levels(self._registry, tuple(gauges), {"service": self._service})
        self.governor = Governor(
            self._plant, self._policy, book, now_ns, levels=levels, reliefs=self._reliefs
        )

    def _govern(self, store: Store, now_ns: int) -> None:
        governor, box = self.governor, self._box
        assert governor is not None
        assert box is not None
        restore: Restore | None = None
        with guarded(self._losses, "loop.orders"):
            for order in box.take(now_ns):
                restore = order if isinstance(order, Restore) else restore
                try:
                    governor.order(order)
                except InputError as error:
                    governor.refuse(order, str(error), now_ns)
        state = governor.seen.state
        turned = state.configuration != state.defaults or governor.plans or state.mode is not Mode.OBSERVE
        if turned and self._kill_file.exists():
            restore = Restore(by=f"the file {self._kill_file.name}")
            governor.order(restore)
        done: list[tuple[Act, ...]] = []
        with guarded(self._losses, "loop"):
            done.append(governor.tick(now_ns))
        if not done:
            self._restore_without(governor, restore)
            return
        if any(done) or now_ns - self._published_ns >= PUBLISH_EVERY_NS:
            self._published_ns = now_ns
            told = self._told(governor)
            publish(store, told)
            self._record(told)

    def _restore_without(self, governor: Governor, restore: Restore | None) -> None:
        """Set defaults although the governor fails; it is told again, to put that down once it can."""
        if restore is not None:
            self._plant.steer(Steering({name: knob.default for name, knob in self._plant.knobs.items()}))
            governor.order(restore)

    def _record(self, told: Published) -> None:
        """Record hormones and knobs as levels, so that they are lines like any other."""
        if self._registry is None:
            return
        for hormone, level in told.hormones.items():
            key: dict[str, object] = {"hormone": hormone, "service": self._service}
            self._registry.recorder("loop.hormone", Kind.GAUGE, "ratio", key).buffer.append(level)
        for knob in told.knobs:
            if isinstance(knob.value, int | float):
                key = {"knob": knob.name, "service": self._service}
                self._registry.recorder("loop.knob", Kind.GAUGE, "1", key).buffer.append(float(knob.value))

    def _told(self, governor: Governor) -> Published:
        return published(self._service, os.getpid(), dict(self._plant.knobs), governor.seen)

    def _follow(self, store: Store) -> None:
        found = loops(store).get(self._service)
        knobs = self._plant.knobs
        if found is not None:
            values = {k.name: k.value for k in found.knobs if k.name in knobs}
            self._plant.steer(Steering({**{n: k.default for n, k in knobs.items()}, **values}))
        self._plant.outcomes()
