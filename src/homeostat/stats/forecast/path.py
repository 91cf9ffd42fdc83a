"""What all forecasting methods have in common: the forecasts that they would have made in the past.

A method is a function `(values, origins, horizon) -> paths`. Row `i` of the paths, of shape
`(len(origins), horizon)`, forecasts `values[o], values[o + 1], ...` for `o = origins[i]` from
`values[:o]` alone, its parameters included; origins are distinct. So one call gives the forecast (the
origin at the end) together with the errors that the same method made before, which is what choosing and
intervals rest on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Method = Callable[[Floats, Indices, int], Floats]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next values of a series, each with an interval: three arrays of shape `(horizon,)`.

    `weights` says what each method had to do with it, by name; they sum to 1. `seasons` are the season
    lengths in samples that were used. `origins` counts the past forecasts that the intervals rest on.
    """

    point: Floats
    low: Floats
    high: Floats
    confidence: float
    seasons: tuple[int, ...]
    weights: tuple[tuple[str, float], ...]
    origins: int


def same_phase(origins: Indices, horizon: int, season: int) -> Indices:
    """Return, for each origin and step ahead, the last index before the origin with the step's phase."""
    found: Indices = origins[:, None] - season + np.arange(horizon) % season
    return found


def repeated(profile: Floats, n: int) -> Floats:
    """Return a profile again and again, `n` values of it."""
    return np.concatenate([profile] * -(-n // profile.size))[:n]


def actual(values: Floats, origins: Indices, horizon: int) -> Floats:
    """Return what came after each origin, NaN where the series had ended."""
    padded = np.concatenate((values, np.full(horizon, np.nan)))
    found: Floats = padded[origins[:, None] + np.arange(horizon)]
    return found
