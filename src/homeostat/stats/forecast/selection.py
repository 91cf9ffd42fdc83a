"""The forecast: several methods, weighed by the errors that each would have made, with an interval."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from homeostat.stats.forecast.ets import ets, start
from homeostat.stats.forecast.gaps import filled
from homeostat.stats.forecast.intervals import error_bounds
from homeostat.stats.forecast.path import Floats, Forecast, Indices, Method, actual
from homeostat.stats.forecast.seasonal_naive import seasonal_naive
from homeostat.stats.forecast.theta import theta
from homeostat.stats.not_known import NotKnown
from homeostat.stats.season_length import season_lengths

SAMPLES_MAX = 2_048
"""Only this many of the last values are looked at, which bounds the cost."""

ORIGINS_MAX = 24
ORIGINS_MIN = 6
"""Fewer past forecasts than this say too little about the errors to come."""

_SHARPNESS = 4.0
"""A method's weight falls with this power of its mean absolute error."""


def methods(seasons: tuple[int, ...]) -> dict[str, Method]:
    """Return the methods that are asked for a series of these seasons, by name."""
    found: dict[str, Method] = {}
    for m in seasons or (1,):
        found[f"seasonal naive {m}" if m > 1 else "naive"] = partial(seasonal_naive, season=m)
    longest = max(seasons, default=1)
    found[f"theta {longest}" if longest > 1 else "theta"] = partial(theta, season=longest)
    name = " ".join(["ets", *map(str, seasons)])
    found[name] = partial(ets, seasons=seasons)
    return found


def _weights(sizes: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the methods at each past origin, and for the forecast itself.

    `sizes` is `(methods, origins)`, the mean absolute error of each. A past origin's weights leave its own
    errors out: otherwise these would be too small, and so would the interval.
    """
    total = sizes.sum(axis=1, keepdims=True)
    sums = np.concatenate((total - sizes, total), axis=1)
    best = sums.min(axis=0)
    ratio = np.where(sums > 0.0, best / np.maximum(sums, np.finfo(np.float64).tiny), 1.0)
    weights = ratio**_SHARPNESS
    weights /= weights.sum(axis=0)
    return weights[:, :-1], weights[:, -1]


def _mean_sizes(errors: Floats) -> Floats:
    """Return the mean absolute error of each method at each origin, over what was measured."""
    sizes = np.abs(errors)
    known = np.isfinite(sizes[0])
    found: Floats
    if known.all():
        found = np.add.reduce(sizes, axis=2) / sizes.shape[2]
        return found
    found = np.where(known, sizes, 0.0).sum(axis=2) / np.maximum(known.sum(axis=1), 1)
    return found


def _usable(seasons: Sequence[int], n: int, horizon: int) -> tuple[int, ...]:
    """Return the seasons that leave enough of the series to forecast in hindsight, shortest first."""
    return tuple(m for m in sorted(set(seasons)) if m > 1 and n - horizon - start((m,)) >= ORIGINS_MIN)


def _origins(n: int, horizon: int, seasons: tuple[int, ...]) -> Indices:
    """Return the past origins, evenly spread, and the end of the series as the last."""
    first, last = start(seasons) + 1, n - horizon
    count = min(ORIGINS_MAX, last - first + 1)
    past = first + np.arange(count) * (last - first) // max(count - 1, 1)
    return np.append(past, n)


def forecast(
    values: ArrayLike,
    horizon: int,
    *,
    seasons: Sequence[int] | None = None,
    seconds_apart: float | None = None,
    confidence: float = 0.95,
) -> Forecast | NotKnown:
    """Forecast the next `horizon` values of an evenly sampled series, each with an interval.

    `seasons` are lengths in samples; left out, they are found (`season_lengths`, which asks for day
    and week by name where `seconds_apart` is given). Values that are not finite are gaps: they are filled
    from their neighbours and their season, and nothing is measured at them. The forecast is the mean of
    the methods, weighted by how well each would have forecast this series from up to 24 past origins,
    corrected for what that was mostly too low or too high by.

    Guarantee: intervals as `error_bounds`; shifting or scaling the values does so to the forecast.
    On series that have too little behind them the answer is `NotKnown`, with the reason.
    Cost: below 1 ms for 1,000 values and 48 steps; only the last 2,048 values are looked at.
    Does not hold where the series changes its nature, nor for trends that bend (see `growth`).
    Raises ValueError for a horizon below 1 or a confidence outside (0, 1).
    """
    if horizon < 1:
        raise ValueError(f"the horizon must be at least 1 step, not {horizon}")
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"the confidence must lie between 0 and 1, not {confidence}")
    given = np.asarray(values, dtype=np.float64).reshape(-1)[-SAMPLES_MAX:]
    given = np.where(np.isfinite(given), given, np.nan)
    y = filled(given, tuple(seasons or ()))
    if isinstance(y, NotKnown):
        return y
    if y.size - horizon - start(()) < ORIGINS_MIN:
        needed = horizon + start(()) + ORIGINS_MIN
        return NotKnown(f"{y.size} values are too few to forecast {horizon} ahead: {needed} are needed")
    if seasons is None:
        seasons = [s.length for s in season_lengths(y, seconds_apart)]
    lengths = _usable(seasons, y.size, horizon)
    origins = _origins(y.size, horizon, lengths)
    asked = methods(lengths)
    paths = np.array([method(y, origins, horizon) for method in asked.values()])
    errors = actual(given, origins[:-1], horizon) - paths[:, :-1]
    before, now = _weights(_mean_sizes(errors))
    blended = (before[:, :, None] * errors).sum(axis=0)
    season = lengths[0] if lengths else 1
    bias, below, above = error_bounds(blended, origins[:-1], y.size, season, confidence)
    point = now @ paths[:, -1] + bias
    return Forecast(
        point,
        point + below,
        point + above,
        confidence,
        lengths,
        tuple(zip(asked, now.tolist(), strict=True)),
        origins.size - 1,
    )
