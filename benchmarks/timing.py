"""Timing of alternatives side by side: rounds take turns, so that noise of the machine meets all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Run = Callable[[], int]
"""Does some work and returns how many units of it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Nanoseconds a unit: the fastest round, the median and the third quartile.

    The fastest round is the figure, since all that a busy machine does is to add to it.
    """

    best_ns: float
    median_ns: float
    high_ns: float


def side_by_side(
    runs: Mapping[str, Run], rounds: int = 20, clock: Callable[[], int] = time.perf_counter_ns
) -> dict[str, Timing]:
    """Time each of the runs `rounds` times in turn, after one round that does not count.

    `clock=time.process_time_ns` counts the CPU of all threads, for work that goes on in the background.
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(rounds + 1):
        for name, run in runs.items():
            began = clock()
            units = run()
            took = clock() - began
            if round_:
                found[name].append(took / units)
    return {name: _timing(values) for name, values in found.items()}


def _timing(values: list[float]) -> Timing:
    _, median, high = statistics.quantiles(values, n=4)
    return Timing(min(values), median, high)
