"""Change points: where the level of a series jumps, or its slope turns, and is more than noise."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.stats.autoregression import phi_of_differences, phi_of_residuals, whiten
from homeostat.stats.step_location import step_location
from homeostat.stats.step_search import STEP_POINTS_MIN, steps, threshold

Floats = NDArray[np.float64]
Kind = Literal["level", "slope"]

POINTS_MIN = 8
"""Below this number of points nothing is told."""

POINTS_MAX = 20_000
"""Longer series are reduced to at most this number of block medians: a change is then placed to a block."""

PHI_SLOPE = 0.8
"""Above this autocorrelation about the levels found, levels do not describe a series: slopes do."""

_CAUTION: dict[Kind, float] = {"level": 0.6, "slope": 1.0}
"""Standard errors added to the autocorrelation, so that its own noise does not make false alarms. Differences
of a trending series have a longer memory than AR(1) more often, and no bar on the delay asks for power."""

_SLOPE_SHARE = 0.4
"""The share of the false alarms that the second search, for slopes, may add."""

_PHI_ROUNDS = 3

_PHI_SAME = 0.5
"""Standard errors within which a new estimate of the autocorrelation is not worth another search."""

_TIED_SHARE = 0.5
"""With fewer different values than this share, autocorrelation raises the threshold instead of being taken
off: among few values, the remainder after each odd one would rank below all others."""


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A change between two stretches of a series.

    `index` is the first point of the new level, or the corner where the slope turns; `low` and `high` hold it
    with at least 95%. `before` and `after` are the medians of the two stretches: of the values for a
    level, of the rise a point for a slope.
    """

    index: int
    low: int
    high: int
    kind: Kind
    before: float
    after: float


def change_points(values: ArrayLike, false_alarms: float = 0.05) -> tuple[ChangePoint, ...]:
    """Return the changes of a series of equally spaced `values`, in order; indices are those of `values`.

    The noise may have any distribution, heavy tails included (a rank test), and the memory of AR(1), which
    is estimated and taken off. A level has to hold for three points: spikes are ignored. A ramp is not
    told as a staircase. Where the levels found leave an autocorrelation above `PHI_SLOPE` (a
    trending series, a random walk), the same search runs on the differences, and what it finds are
    turns of the slope. Values that are not finite are left out.

    Guarantee: a series without a change has one told with a probability of about `false_alarms`,
    whatever its length: simulated at .05, 1 to 4% for normal, lognormal, t3 and AR(1) at 0.5 noise, 5 to 8%
    for AR(1) at 0.8, from 30 points on. A step of two standard deviations is told, half of the time, once
    four points of the new level are in. Cost: O(n log n); 0.5 ms at 100 points, 14 ms at
    10,000.
    Does not hold when it is looked at after each new point (`change_monitor` is for that), nor for
    seasons, which are to be taken off first, nor for changes of the spread alone.

    Raises ValueError where `values` is not one series, or `false_alarms` not between 0 and 1.

    >>> [(c.index, c.kind, c.before, c.after) for c in change_points([5, 6, 7] * 8 + [9, 10, 11] * 8)]
    [(24, 'level', 6.0, 10.0)]
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise ValueError(f"values must be one series, not of shape {series.shape}")
    if not 0.0 < false_alarms < 1.0:
        raise ValueError(f"false_alarms must lie between 0 and 1, not {false_alarms}")
    kept = np.flatnonzero(np.isfinite(series))
    finite = series[kept]
    if finite.size < POINTS_MIN or finite.min() == finite.max():
        return ()
    places, reduced = _block_medians(finite)
    kind: Kind = "level"
    found, phi = _levels(reduced, threshold(reduced.size, false_alarms), _CAUTION[kind])
    if phi > PHI_SLOPE:
        kind, reduced = "slope", np.diff(reduced)
        height_min = threshold(reduced.size, false_alarms * _SLOPE_SHARE)
        found, phi = _levels(reduced, height_min, _CAUTION[kind])
        reduced /= -(-finite.size // POINTS_MAX)
    return _described(kind, reduced, found, phi, kept[places])


def _block_medians(values: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return the index of the first value of each block, and the block's median."""
    size = -(-values.size // POINTS_MAX)
    if size == 1:
        return np.arange(values.size), values
    whole = values.size // size * size
    return np.arange(0, whole, size), np.median(values[:whole].reshape(-1, size), axis=1)


def _levels(values: Floats, height_min: float, caution: float) -> tuple[list[int], float]:
    """Return the steps of a series with AR(1) noise, and the autocorrelation about the levels.

    Steps and autocorrelation are found in turns, each given the other. The start is the smaller of two
    estimates that err upwards: one on trends, the other on steps.
    """
    scale = float(np.abs(values).max())
    values = values / scale if scale > 0.0 else values
    few_values = np.unique(values).size < _TIED_SHARE * values.size
    phi = min(phi_of_differences(values), phi_of_residuals(values - np.median(values), 1))
    found: list[int] = []
    for turn in range(_PHI_ROUNDS):
        before = found
        if few_values:
            found = steps(values, height_min * math.sqrt((1.0 + phi) / (1.0 - phi)))
        else:
            found = steps(whiten(values, phi), height_min)
        if turn and found == before:
            break
        previous, phi = phi, phi_of_residuals(_residuals(values, found), len(found) + 1, caution)
        if abs(phi - previous) * math.sqrt(values.size) < _PHI_SAME:
            break
    return found, phi


def _residuals(values: Floats, found: list[int]) -> Floats:
    left = values.copy()
    for low, high in pairwise((0, *found, values.size)):
        left[low:high] -= np.median(values[low:high])
    return left


def _described(
    kind: Kind, values: Floats, found: list[int], phi: float, places: NDArray[np.intp]
) -> tuple[ChangePoint, ...]:
    innovations = whiten(values, phi)
    bounds = (0, *found, values.size)
    changes = []
    for low, at, high in zip(bounds, bounds[1:], bounds[2:], strict=False):
        placed = step_location(innovations[low:high], phi, at - low, STEP_POINTS_MIN)
        first, index, last = (int(places[low + i]) for i in placed)
        changes.append(
            ChangePoint(
                index, first, last, kind, float(np.median(values[low:at])), float(np.median(values[at:high]))
            )
        )
    return tuple(changes)
