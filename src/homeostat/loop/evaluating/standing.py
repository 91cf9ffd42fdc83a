"""The standing: what an evaluator has said of an operation so far, with its interval."""

import threading

import msgspec

from homeostat.core.interval import Interval
from homeostat.core.losses import Losses
from homeostat.stats.bounded_mean_sequence import BoundedMeanSequence

SERIES_MAX = 1_000
"""Pairs of an operation and an evaluator that have a running mean."""


class Standing(msgspec.Struct, frozen=True):
    """The mean of all judgements since the start; `interval` holds it at every look, from 100 of them on."""

    operation: str
    evaluator: str
    n: int
    mean: float
    interval: Interval | None


class Standings:
    """Running means by operation and evaluator. Any thread may add."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._lock = threading.Lock()
        self._means: dict[tuple[str, str], BoundedMeanSequence] = {}

    def add(self, operation: str, evaluator: str, value: float) -> None:
        """Take one judgement, between 0 and 1."""
        with self._lock:
            mean = self._means.get((operation, evaluator))
            if mean is None:
                if len(self._means) >= SERIES_MAX:
                    self._losses.add("evaluate.standings_over_limit")
                    return
                mean = self._means[operation, evaluator] = BoundedMeanSequence(0.0, 1.0)
            mean.add(value)

    def all(self) -> tuple[Standing, ...]:
        """Return all of them by operation."""
        with self._lock:
            return tuple(
                Standing(operation, evaluator, mean.n, mean.estimate, mean.interval())
                for (operation, evaluator), mean in sorted(self._means.items())
            )
