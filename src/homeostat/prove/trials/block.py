"""The block: what ended in a stretch of time, summed up when it is over."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from homeostat.core.objective import Measure
from homeostat.core.plant import Outcomes

DURATION, ERRORS, THROUGHPUT = "duration", "errors", "throughput"

BEYOND_MIN = 2
"""Values of a block that must lie beyond a quantile, as a rule, for it to be told."""


def requests_among(outcomes: Outcomes, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of some rows are requests; those without a duration are late outcomes of others."""
    duration = outcomes.values.get(DURATION)
    return rows if duration is None else rows & ~np.isnan(duration)


@dataclass(slots=True)
class Block:
    """The values of a stretch of time by the name of their measure, its requests, and how many failed."""

    requests: int = 0
    errors: int = 0
    columns: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)

    def take(self, outcomes: Outcomes, rows: NDArray[np.bool_], names: frozenset[str]) -> None:
        """Take some rows of outcomes, of which only the named measures count."""
        whole = requests_among(outcomes, rows)
        self.requests += int(np.count_nonzero(whole))
        failed = outcomes.values.get(ERRORS)
        if failed is not None:
            self.errors += int(np.count_nonzero(whole & (failed > 0.0)))
        for name in names:
            column = outcomes.values.get(name)
            if column is not None:
                values = column[rows & ~np.isnan(column)]
                if values.size:
                    self.columns.setdefault(name, []).append(values)

    def summary(self, measure: Measure, seconds: float) -> tuple[float, float] | None:
        """Return the block's number for a measure and what it rests on, None where that is too little.

        The number is a mean, a quantile, or requests a second; it rests on values or on seconds.
        """
        if measure.name == THROUGHPUT:
            return self.requests / seconds, seconds
        chunks = self.columns.get(measure.name)
        if not chunks:
            return None
        values = np.concatenate(chunks)
        quantile = measure.summary.quantile
        if quantile is None:
            return float(values.mean()), float(values.size)
        if values.size * min(quantile, 1.0 - quantile) < BEYOND_MIN - 1e-9:
            return None
        return float(np.quantile(values, quantile)), float(values.size)
