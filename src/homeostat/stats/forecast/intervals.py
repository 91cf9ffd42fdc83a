"""Intervals of a forecast, from the errors that the same way of forecasting made in the past."""

import math

import numpy as np
from numpy.typing import NDArray

from homeostat.stats.forecast.path import Floats, Indices

_NEIGHBOURS = 12
_PRIOR = 20.0
_WIDENING = 7.5
_APART_PRIOR = 2.0


def _smoothed(sizes: Floats, neighbours: int) -> Floats:
    """Return the mean of each element and its neighbours to both sides, as far as there are any."""
    sums = np.concatenate(([0.0], np.cumsum(sizes)))
    steps = np.arange(sizes.size)
    first = np.maximum(steps - neighbours, 0)
    last = np.minimum(steps + neighbours + 1, sizes.size)
    found: Floats = (sums[last] - sums[first]) / (last - first)
    return found


def _phase_scale(sizes: Floats, phases: Indices, season: int) -> Floats:
    """Return how large errors are at each phase of the season: 1 on average, and where few are known."""
    sums = np.bincount(phases, sizes, season)
    counts = np.bincount(phases, minlength=season)
    scale = (sums + _PRIOR) / (counts + _PRIOR)
    around = np.concatenate((scale[-1:], scale, scale[:1]))
    found: Floats = (around[:-2] + around[1:-1] + around[2:]) / 3.0
    return found


def _quantiles(values: Floats, probabilities: tuple[float, float]) -> list[float]:
    """Return quantiles between the order statistics, which alone are sorted out."""
    places = [p * (values.size - 1) for p in probabilities]
    below = [int(place) for place in places]
    above = [min(k + 1, values.size - 1) for k in below]
    values = np.partition(values, [*below, *above])
    return [
        float(values[k] + (place - k) * (values[up] - values[k]))
        for place, k, up in zip(places, below, above, strict=True)
    ]


def _shared_bias(standardised: Floats, apart: float) -> float:
    """Return what forecasts are too low by in units of their usual error, as far as that is proven.

    It is the median error, shrunk by how sure its sign is: by the positive part of `1 - 1 / z^2` (James and
    Stein), z being by how many standard errors of `apart` forecasts more errors have one sign than the other.
    """
    excess = 2.0 * np.count_nonzero(standardised > 0.0) / standardised.size - 1.0
    z2 = excess * excess * apart
    return float(np.median(standardised)) * (1.0 - 1.0 / z2) if z2 > 1.0 else 0.0


def error_bounds(errors: Floats, origins: Indices, end: int, season: int, confidence: float) -> Floats:
    """Return what to expect of the errors to come, `(3, horizon)`: their bias, and bounds around that, the
    lower at most 0, the upper at least 0.

    `errors` is `(origins, horizon)`: what came minus what was forecast at each past origin, NaN where nothing
    came; `end` is the origin to forecast from. Errors are brought to one scale by step ahead and by
    phase of the season, and pooled. Where they have mostly one sign, the forecast is biased, by a share
    of their median; around that the bounds are their quantiles, widened for how few forecasts did not
    overlap.

    Guarantee: about the given coverage, averaged over the horizon, of series that go on as they were:
    split conformal prediction (Vovk; Lei et al., JASA 113, 2018), whose exchangeability holds about.
    Bounds of a higher confidence enclose those of a lower one. Does not hold through a change of the
    series' nature, which no interval from the past foresees.
    """
    horizon = errors.shape[1]
    sizes = np.abs(errors)
    known = np.isfinite(sizes)
    kept: NDArray[np.bool_] | slice = slice(None)
    if not known.all():
        kept = known.reshape(-1)
        sizes = np.where(known, sizes, 0.0)
    counts = np.maximum(np.add.reduce(known, axis=0), 1)
    scale = _smoothed(np.add.reduce(sizes, axis=0) / counts, _NEIGHBOURS)
    standardised = errors / np.maximum(scale, np.finfo(np.float64).tiny)
    apart = max((int(origins[-1]) - int(origins[0])) / horizon + 1.0, 1.0)
    bias = _shared_bias(standardised.reshape(-1)[kept], apart)
    expected = bias * scale
    standardised -= bias
    ahead = np.arange(horizon)
    if 1 < season <= errors.size // 8:
        phases = (origins[:, None] + ahead) % season
        by_phase = _phase_scale(np.abs(standardised).reshape(-1)[kept], phases.reshape(-1)[kept], season)
        standardised /= by_phase[phases]
        scale *= by_phase[(end + ahead) % season]
    tail = (1.0 - confidence) / 2.0
    low, high = _quantiles(standardised.reshape(-1)[kept], (tail, 1.0 - tail))
    reach = math.sqrt(1.0 + _WIDENING / (apart + _APART_PRIOR)) * scale
    return np.array((expected, min(low, 0.0) * reach, max(high, 0.0) * reach))
