"""Running totals: what counters of the operating system became since the last look."""

from collections import deque

import numpy as np

from homeostat.core.clock import SECOND_NS
from homeostat.stats.trend import Trend, trend


class Increases:
    """The increase of each running total between two looks at it."""

    __slots__ = ("_totals",)

    def __init__(self) -> None:
        self._totals: dict[object, float] = {}

    def of(self, key: object, total: float) -> float | None:
        """Return the increase since the last look; None at the first, and where the total was reset."""
        before = self._totals.get(key)
        self._totals[key] = total
        return None if before is None or total < before else total - before


class Beat:
    """Tells when something that is too dear for every round is due again."""

    __slots__ = ("_due_ns", "_every_ns")

    def __init__(self, every_s: float) -> None:
        self._every_ns = int(every_s * SECOND_NS)
        self._due_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Tell whether the time has come, and if so wind up again. The first call is always due."""
        if self._due_ns is not None and now_ns < self._due_ns:
            return False
        self._due_ns = now_ns + self._every_ns
        return True


class Level:
    """The last values of a level, at most `samples`, for its slope."""

    __slots__ = ("_samples",)

    def __init__(self, samples: int) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=samples)

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, now_ns: int, value: float) -> None:
        """Remember one more value, the newest."""
        self._samples.append((now_ns, value))

    def trend(self, confidence: float = 0.95) -> Trend:
        """Return the trend in units a second."""
        samples = np.array(self._samples, dtype=np.float64).reshape(-1, 2)
        times = (samples[:, 0] - samples[0, 0]) / SECOND_NS if len(samples) else samples[:, 0]
        return trend(samples[:, 1], times, confidence)
