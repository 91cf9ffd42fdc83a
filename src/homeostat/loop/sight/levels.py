"""The levels: what gauges of the process and the machine stood at lately, for controllers."""

from collections import deque
from collections.abc import Collection

import numpy as np

from homeostat.act.controller import Line, Reading
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.observe.registry import Registry

STEP_NS = 10 * SECOND_NS
KEPT_NS = 2 * HOUR_NS


class Levels:
    """Looks at gauges each ten seconds and remembers two hours of them; NaN where one told nothing."""

    def __init__(self, registry: Registry, metrics: Collection[str], attributes: dict[str, object]) -> None:
        self._registry = registry
        self._metrics = tuple(metrics)
        self._attributes = attributes
        self._times_ns: deque[int] = deque(maxlen=KEPT_NS // STEP_NS)
        self._values: dict[str, deque[float]] = {
            name: deque(maxlen=KEPT_NS // STEP_NS) for name in self._metrics
        }

    def look(self, now_ns: int) -> None:
        """Read the gauges, if the last time was long enough ago."""
        if self._times_ns and 0 <= now_ns - self._times_ns[-1] < STEP_NS:
            return
        self._times_ns.append(now_ns)
        for name in self._metrics:
            self._values[name].append(self._last(name))

    def readings(self) -> dict[str, Reading]:
        """Return the newest level of each gauge that told one."""
        return {
            name: Reading(values[-1], None, 1)
            for name, values in self._values.items()
            if values and np.isfinite(values[-1])
        }

    def lines(self) -> dict[str, Line]:
        """Return how each gauge went."""
        if not self._times_ns:
            return {}
        end_ns = self._times_ns[-1]
        return {
            name: Line(np.array(values, dtype=np.float64), STEP_NS, end_ns)
            for name, values in self._values.items()
            if any(np.isfinite(value) for value in values)
        }

    def _last(self, name: str) -> float:
        try:
            return float(self._registry.snapshot(name, self._attributes).last)
        except InputError:
            return float("nan")
