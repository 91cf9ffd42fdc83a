"""The models of the statsforecast package behind the signature of `forecast`: the extra `forecast`."""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from homeostat.core.errors import NotAvailable
from homeostat.stats.forecast.gaps import filled
from homeostat.stats.forecast.path import Forecast
from homeostat.stats.not_known import NotKnown
from homeostat.stats.season_length import season_lengths

_CYCLES_MIN = 2
_SAMPLES_MIN = 16


def _models() -> Any:
    """Import the package at its first use: it takes seconds, and is not part of the default install."""
    try:
        return importlib.import_module("statsforecast.models")
    except ImportError as error:
        raise NotAvailable("statsforecast is not installed: pip install 'homeostat[forecast]'") from error


def statsforecast_forecast(
    values: ArrayLike,
    horizon: int,
    *,
    seasons: Sequence[int] | None = None,
    seconds_apart: float | None = None,
    confidence: float = 0.95,
) -> Forecast | NotKnown:
    """Forecast as `homeostat.stats.forecast.selection.forecast` does, by MSTL over AutoETS.

    The seasons are taken out by MSTL (Bandara, Hyndman and Bergmeir, 2021) and the rest is forecast by
    AutoETS, whose intervals assume normal errors and its model to be true. Cost: 10 to 500 ms a series.
    Raises NotAvailable where statsforecast is not installed.
    """
    models = _models()
    given = np.asarray(values, dtype=np.float64).reshape(-1)
    y = filled(given, tuple(seasons or ()))
    if isinstance(y, NotKnown):
        return y
    if y.size < _SAMPLES_MIN:
        return NotKnown(f"{y.size} values are too few to forecast: {_SAMPLES_MIN} are needed")
    if seasons is None:
        seasons = [s.length for s in season_lengths(y, seconds_apart)]
    lengths = tuple(m for m in sorted(set(seasons)) if m > 1 and _CYCLES_MIN * m < y.size)
    trend = models.AutoETS(model="ZZN")
    model = models.MSTL(season_length=list(lengths), trend_forecaster=trend) if lengths else trend
    level = 100.0 * confidence
    found = model.forecast(y=y, h=horizon, level=[level])
    keys = sorted(key for key in found if key != "mean")
    high, low = (np.asarray(found[key], dtype=np.float64) for key in keys)
    point = np.asarray(found["mean"], dtype=np.float64)
    return Forecast(point, low, high, confidence, lengths, (("statsforecast", 1.0),), 0)
