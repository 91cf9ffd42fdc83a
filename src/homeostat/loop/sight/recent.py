"""The recent requests: what the last ones came to under the configuration in force, row by row."""

from collections import deque
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from homeostat.core.plant import TREATMENT, Outcomes

Floats = NDArray[np.float64]

ROWS_MAX = 10_000

PART_ROWS = 250
"""Looks that saw few requests are put together up to so many rows."""


class Recent:
    """Keeps the newest requests that were no treatment of any trial, oldest first; at most `ROWS_MAX`.

    What is said of a request later is a row of its own, which tells of no duration, and is left out.
    """

    def __init__(self) -> None:
        self._parts: deque[dict[str, Floats]] = deque()
        self._rows = 0

    def observe(self, outcomes: Outcomes) -> None:
        """Take in outcomes of one operation."""
        duration = outcomes.values.get("duration")
        if duration is None:
            return
        counted = np.isfinite(duration)
        for arm in outcomes.arms.values():
            counted &= arm != TREATMENT
        n = int(np.count_nonzero(counted))
        if not n:
            return
        part = {name: column[counted] for name, column in outcomes.values.items()}
        if self._parts and self._parts[-1]["duration"].size < PART_ROWS:
            part = _together([self._parts.pop(), part])
        self._parts.append(part)
        self._rows += n
        while self._rows - self._parts[0]["duration"].size >= ROWS_MAX:
            self._rows -= self._parts.popleft()["duration"].size

    def columns(self, rows_max: int = ROWS_MAX) -> dict[str, Floats]:
        """Return the newest rows as columns of equal length, NaN where a row does not tell of a measure."""
        return {name: column[-rows_max:] for name, column in _together(self._parts).items()}


def _together(parts: Collection[dict[str, Floats]]) -> dict[str, Floats]:
    names = sorted({name for part in parts for name in part})
    return {
        name: np.concatenate([part.get(name, np.full(part["duration"].size, np.nan)) for part in parts])
        for name in names
    }
