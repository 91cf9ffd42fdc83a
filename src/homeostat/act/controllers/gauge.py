"""The gauges: how much of memory, CPU and disk is in use, and from where on that is too much."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from homeostat.act.controller import Reading
from homeostat.core.errors import ConfigError


class Resource(StrEnum):
    """What an application can run short of."""

    MEMORY = "memory"
    CPU = "cpu"
    IO = "io"


@dataclass(frozen=True, slots=True)
class Gauge:
    """The reading that tells how much of a resource is in use, and which shares of `full` are much.

    Above `high` it is short, above `critical` badly so, below `low` there is plenty.
    """

    resource: Resource
    metric: str
    low: float = 0.6
    high: float = 0.85
    critical: float = 0.95
    full: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.low < self.high < self.critical <= 1.0:
            raise ConfigError(
                f"the gauge of {self.resource.value} needs 0 <= low < high < critical <= 1, "
                f"not {self.low!r}, {self.high!r}, {self.critical!r}"
            )
        if not 0.0 < self.full < math.inf:
            raise ConfigError(f"full of the gauge of {self.resource.value} is above 0, not {self.full!r}")

    def pressure(self, value: float) -> float:
        """Return how short the resource is: 0 up to `high`, 1 for nothing left."""
        return min(1.0, max(0.0, (value - self.high) / (1.0 - self.high)))

    def share(self, readings: Mapping[str, Reading]) -> float | None:
        """Return the share of the resource that is in use, None where that is not measured."""
        reading = readings.get(self.metric)
        return None if reading is None or not math.isfinite(reading.value) else reading.value / self.full

    def words(self, share: float) -> str:
        """Say how it reads."""
        of = "" if self.full == 1.0 else f" of {self.full:g}"
        return f"{self.metric} is {share:.0%}{of}"


GAUGES = (
    Gauge(Resource.MEMORY, "system.memory.utilization"),
    Gauge(Resource.CPU, "system.cpu.utilization"),
    Gauge(Resource.IO, "system.disk.latency", full=100.0, low=0.1, high=0.3, critical=0.9),
)
"""Those of the metric catalogue; the disk is short where an access takes 30 ms."""


def shortages(readings: Mapping[str, Reading], gauges: tuple[Gauge, ...] = GAUGES) -> Mapping[Resource, str]:
    """Return the resources that run short, each with how that shows."""
    found = {}
    for gauge in gauges:
        share = gauge.share(readings)
        if share is not None and share > gauge.high:
            found[gauge.resource] = f"{gauge.words(share)}, above {gauge.high:.0%}"
    return found
