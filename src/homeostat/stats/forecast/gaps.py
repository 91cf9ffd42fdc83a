"""Gaps of a series, filled so that a method which needs every value can run."""

import numpy as np

from homeostat.stats.forecast.path import Floats
from homeostat.stats.not_known import NotKnown

MISSING_MAX = 0.25
"""With a larger share of the values missing there is no forecast."""

MAGNITUDE_MAX = 1e100
"""Larger values have squares that overflow."""


def filled(values: Floats, seasons: tuple[int, ...] = ()) -> Floats | NotKnown:
    """Return the values with those that are not finite put in; the same array where none is missing.

    A gap is bridged by a line between its ends, on top of the median of each phase of the longest season.
    Values missing at the end are NotKnown where they are more than a tenth of the series, as is a series
    of which more than a quarter is missing, or which holds magnitudes beyond 1e100.
    """
    known = np.isfinite(values)
    largest = float(np.max(np.abs(values), initial=0.0, where=known))
    if largest > MAGNITUDE_MAX:
        return NotKnown(f"values up to {largest:.3g} are too large: {MAGNITUDE_MAX:g} is the most")
    if known.all():
        return values
    n = values.size
    if known.sum() < (1.0 - MISSING_MAX) * n:
        return NotKnown(f"{n - int(known.sum())} of {n} values are missing: at most a quarter may be")
    if not known[n - max(n // 10, 1) :].any():
        return NotKnown("the last tenth of the values is missing: a forecast needs what happened last")
    profile = np.zeros(n)
    season = max((m for m in seasons if 2 * m <= n), default=1)
    if season > 1:
        padded = np.full(-(-n // season) * season, np.nan)
        padded[:n] = np.where(known, values, np.nan)
        table = padded.reshape(-1, season)
        phases = np.flatnonzero(np.isfinite(table).any(axis=0))
        profile = np.resize(
            np.interp(np.arange(season), phases, np.nanmedian(table[:, phases], axis=0), period=season), n
        )
    index = np.arange(n)
    bridged: Floats = profile + np.interp(index, index[known], (values - profile)[known])
    return np.where(known, values, bridged)
