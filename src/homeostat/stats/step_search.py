"""Where a series of independent values jumps: a rank test for one step, over intervals of all sizes."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from homeostat.stats.normal_scores import normal_scores

Floats = NDArray[np.float64]
Ranks = NDArray[np.integer]

STEP_POINTS_MIN = 3
"""A level has to hold for this many points: one or two odd ones are no change."""

_INTERVAL_MIN = 8
"""The shortest interval searched: in shorter ones no order of ranks is rare enough."""

_ROUNDS_MAX = 20


def threshold(size: int, false_alarms: float) -> float:
    """Return the height which the greatest step of `size` independent values passes in a share of cases.

    Simulated, for sizes of 20 to 10,000 and shares of .02 to .2; it does not depend on the distribution.
    """
    return 3.25 + 0.3 * math.log(size / 100.0) + 0.2 * math.log(0.05 / false_alarms)


def steps(values: Floats, height_min: float) -> list[int]:
    """Return the first indices of new levels of independent `values`, in order.

    Seeded intervals (Kovacs, Li, Buhlmann and Munk, Biometrika 110, 2023) that hold a step above
    `height_min` are taken narrowest first (Baranowski, Chen and Fryzlewicz, "Narrowest-over-threshold
    detection", JRSS B 81, 2019): the narrowest holds one step only. Then each found step is placed anew
    between its neighbours, dropped where it no longer passes, and the gaps are searched, until nothing
    moves. Cost: O(n log n) values sorted.
    """
    ranks, tied = _ranked(values)
    found: list[int] = []
    for start, size, at in _passing(ranks, height_min, tied):
        if not any(start < other < start + size for other in found):
            found.append(at)
    found.sort()
    for _ in range(_ROUNDS_MAX):
        found = _settle(ranks, found, height_min, tied)
        new = [
            at
            for low, high in pairwise((0, *found, values.size))
            for height, at in (_step_between(ranks, low, high, tied),)
            if height > height_min
        ]
        if not new:
            break
        found = sorted({*found, *new})
    return found


def ramp_height(values: Floats) -> float:
    """Return how steep independent `values` are: standard normal where they have no slope."""
    if values.size < _INTERVAL_MIN:
        return 0.0
    return float(np.abs(normal_scores(values[None])[0] @ _weights(values.size)[1]))


@lru_cache(maxsize=64)
def _interval_starts(size: int) -> tuple[tuple[int, NDArray[np.intp]], ...]:
    """Return lengths, halved from `size` on, with starts half a length apart, the last at the end."""
    layers = []
    length = float(size)
    while round(length) >= _INTERVAL_MIN:
        whole = round(length)
        count = max(2 * math.ceil(size / whole) - 1, 1)
        layers.append((whole, np.linspace(0, size - whole, count).round().astype(np.intp)))
        length /= 2.0
    return tuple(layers)


@lru_cache(maxsize=64)
def _weights(size: int) -> tuple[Floats, Floats]:
    """Return what turns the sum of the first k scores into a standard normal value, and a unit line."""
    counts = np.arange(STEP_POINTS_MIN, size - STEP_POINTS_MIN + 1)
    line = np.arange(size) - (size - 1) / 2.0
    return np.sqrt(size / (counts * (size - counts))), line / np.sqrt((line**2).sum())


def _ranked(values: Floats) -> tuple[Ranks, bool]:
    """Return the rank of each value among the different ones, and whether any are equal.

    Ranks sort several times faster than values, and every interval is sorted.
    """
    different, ranks = np.unique(values, return_inverse=True)
    small = different.size <= np.iinfo(np.uint16).max
    return ranks.astype(np.uint16 if small else np.int64), different.size < values.size


def _highest(rows: Ranks, tied: bool) -> tuple[Floats, NDArray[np.intp]]:
    """Return the height of each row's greatest step and the count of values before it.

    A row that a straight line fits better than a step has none: a ramp is no staircase.
    """
    size = rows.shape[1]
    scores = normal_scores(rows, tied=tied)
    weights, line = _weights(size)
    sums = np.cumsum(scores, axis=1)[:, STEP_POINTS_MIN - 1 : size - STEP_POINTS_MIN]
    heights = np.abs(sums) * weights
    best = heights.argmax(axis=1)
    height = heights[np.arange(len(rows)), best]
    return np.where(height > np.abs(scores @ line), height, 0.0), best + STEP_POINTS_MIN


def _passing(ranks: Ranks, height_min: float, tied: bool) -> Iterator[tuple[int, int, int]]:
    """Yield start, size and step of the intervals that pass, narrowest first, then highest first."""
    for size, starts in reversed(_interval_starts(ranks.size)):
        if math.sqrt(size - 1.0) <= height_min:  # no order of ranks is higher
            continue
        rows = np.lib.stride_tricks.sliding_window_view(ranks, size)[starts]
        heights, best = _highest(rows, tied)
        for row in np.argsort(-heights):
            if heights[row] <= height_min:
                break
            yield int(starts[row]), size, int(starts[row] + best[row])


def _step_between(ranks: Ranks, low: int, high: int, tied: bool) -> tuple[float, int]:
    if high - low < 2 * STEP_POINTS_MIN:
        return 0.0, low
    heights, best = _highest(ranks[None, low:high], tied)
    return float(heights[0]), low + int(best[0])


def _settle(ranks: Ranks, found: Sequence[int], height_min: float, tied: bool) -> list[int]:
    """Place each step anew between its neighbours and drop the weakest, until all pass."""
    settled = list(found)
    for _ in range(_ROUNDS_MAX + len(settled)):
        if not settled:
            break
        bounds = (0, *settled, ranks.size)
        placed = [
            _step_between(ranks, low, high, tied) for low, high in zip(bounds, bounds[2:], strict=False)
        ]
        weakest = min(range(len(placed)), key=lambda i: placed[i][0])
        if placed[weakest][0] <= height_min:
            del settled[weakest]
            continue
        moved = sorted({at for _, at in placed})
        if moved == settled:
            break
        settled = moved
    return settled
