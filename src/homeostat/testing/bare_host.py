"""A bare host: what parts of the runtime record to and declare knobs at, in tests."""

from homeostat.act.knobs.knob_set import KnobSet
from homeostat.core.application import Application
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.observe.recorder import Counter, Gauge, Histogram
from homeostat.observe.registry import Registry
from homeostat.observe.snapshot import Snapshot
from homeostat.observe.tracer import Tracer
from homeostat.testing.clock import ManualClock


class BareHost:
    """A host without store and threads, for tests of one part of the runtime.

    >>> host = BareHost()
    >>> host.counter("cache.hits", cache="profiles").add(1)
    >>> host.total("cache.hits")
    1.0
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.losses = Losses()
        self.clock: Clock = clock or ManualClock()
        self.registry = Registry(self.losses)
        self.tracer = Tracer(self.registry, self.losses, self.clock, Application("test"))
        requests = self.tracer.requests
        self.knob_set = KnobSet(requests.arms, requests.lead, self.losses)

    def histogram(self, metric: str, unit: str = "", **attributes: object) -> Histogram:
        """Return a handle for values whose distribution matters."""
        handle = self.registry.recorder(metric, Kind.HISTOGRAM, unit, attributes).handle
        assert isinstance(handle, Histogram)
        return handle

    def counter(self, metric: str, unit: str = "", **attributes: object) -> Counter:
        """Return a handle for increments."""
        handle = self.registry.recorder(metric, Kind.COUNTER, unit, attributes).handle
        assert isinstance(handle, Counter)
        return handle

    def gauge(self, metric: str, unit: str = "", **attributes: object) -> Gauge:
        """Return a handle for a level."""
        handle = self.registry.recorder(metric, Kind.GAUGE, unit, attributes).handle
        assert isinstance(handle, Gauge)
        return handle

    def snapshot(self, metric: str, **attributes: object) -> Snapshot:
        """Return what was recorded of a metric so far."""
        self.registry.fold(0, 1)
        return self.registry.snapshot(metric, attributes)

    def total(self, metric: str, **attributes: object) -> float:
        """Return the sum of what was recorded of a metric, 0 where nothing was."""
        found = self.snapshot(metric, **attributes)
        return found.total if found.count else 0.0
