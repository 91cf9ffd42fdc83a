"""The host: what the parts of the runtime need of the application's Homeostat."""

from typing import Protocol

from homeostat.act.knobs.knob_set import KnobSet
from homeostat.core.clock import Clock
from homeostat.core.losses import Losses
from homeostat.observe.recorder import Counter, Gauge, Histogram
from homeostat.observe.tracer import Tracer


class Host(Protocol):
    """Where a part records what it does and declares its knobs. A `Homeostat` is one."""

    losses: Losses
    clock: Clock
    tracer: Tracer

    @property
    def knob_set(self) -> KnobSet:
        """All knobs of the application."""
        ...

    def histogram(self, metric: str, unit: str = "", **attributes: object) -> Histogram:
        """Return a handle for values whose distribution matters."""
        ...

    def counter(self, metric: str, unit: str = "", **attributes: object) -> Counter:
        """Return a handle for increments."""
        ...

    def gauge(self, metric: str, unit: str = "", **attributes: object) -> Gauge:
        """Return a handle for a level."""
        ...
