"""The small node: store, receiver and queue in one process without threads, for tests of the surfaces."""

from collections.abc import Mapping

from homeostat.core.batch import Batch
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.core.query import Store
from homeostat.loop.writer import Fate, Settled
from homeostat.observe.catalogue import Catalogue, load_catalogue
from homeostat.observe.ingest.intake import Intake
from homeostat.observe.ingest.receiver import Receiver
from homeostat.observe.registry import Registry
from homeostat.runtime.experience.experiences import Experiences
from homeostat.runtime.experience.pseudonyms import KEY_BYTES
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


class DirectQueue:
    """A queue that writes at once; `full` makes it refuse."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = False
        self.written = 0

    def offer(self, batch: Batch, settled: Settled | None = None) -> bool:
        """Write a batch unless the queue is said to be full."""
        if self.full:
            return False
        self._store.write(batch)
        self.written += len(batch)
        if settled is not None:
            settled(Fate.WRITTEN)
        return True


class SmallNode:
    """What the web application needs of a node, with nothing running behind it."""

    def __init__(self, token: str | None = None, clock: Clock | None = None, store: str = ":memory:") -> None:
        self.token = token
        self.leads = True
        self.clock: Clock = clock or ManualClock()
        self.losses = Losses()
        self.catalogue: Catalogue = load_catalogue()
        self.store = open_store(store)
        self.registry = Registry(self.losses)
        self.intake = Intake(self.registry, "homeostat")
        self.receiver = Receiver(self.clock, self.losses)
        self.writer = DirectQueue(self.store)
        self.experiences = Experiences(
            BareHost(self.clock), self.writer.offer, self.store, lambda: bytes(KEY_BYTES)
        )
        self.unavailable = {"gpu.utilization": "this machine has no NVIDIA driver"}

    def metric_states(self) -> Mapping[str, str]:
        """Return why a metric cannot be measured here."""
        return self.unavailable

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()
