"""The levels of a series with autocorrelated noise: where they begin, and the memory left about them."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from homeostat.stats.autoregression import phi_of_differences, phi_of_residuals, whiten
from homeostat.stats.step_search import steps

Floats = NDArray[np.float64]

_PHI_ROUNDS = 3

_PHI_SAME = 0.5
"""Standard errors within which a new estimate of the autocorrelation is not worth another search."""

_TIED_SHARE = 0.5
"""With fewer different values than this share, autocorrelation raises the threshold instead of being taken
off: among few values, the remainder after each odd one would rank below all others."""


def levels(values: Floats, height_min: float, caution: float) -> tuple[list[int], float]:
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
        previous, phi = phi, phi_of_residuals(residuals(values, found), len(found) + 1, caution)
        if abs(phi - previous) * math.sqrt(values.size) < _PHI_SAME:
            break
    return found, phi


def residuals(values: Floats, found: list[int]) -> Floats:
    """Return what is left of a series when the median of each level is taken off."""
    left = values.copy()
    for low, high in pairwise((0, *found, values.size)):
        left[low:high] -= np.median(values[low:high])
    return left
