"""The need: how much of a resource will be asked for within a horizon, at a confidence."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.act.controller import Line
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.stats.forecast.selection import forecast
from homeostat.stats.not_known import NotKnown

STEPS_MAX = 48
"""A horizon of more steps is taken in blocks: single points far ahead are not to be foreseen."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a line will come to within `horizon_s`, in its own unit.

    `expected` is the highest point of the forecast; with the chance `confidence` each value within the
    horizon stays below the highest upper end, `peak`. `later` is the highest upper end past the first quarter
    of the horizon: a peak that is passing has a lower one.
    """

    horizon_s: float
    confidence: float
    expected: float
    peak: float
    later: float

    @property
    def words(self) -> str:
        """Such as `10.4 expected within 300 s, at most 13.1 with a chance of 90%`."""
        return (
            f"{self.expected:.3g} expected within {self.horizon_s:g} s, "
            f"at most {self.peak:.3g} with a chance of {self.confidence:.0%}"
        )


def need(line: Line, horizon_s: float, confidence: float = 0.9, scale: float = 1.0) -> Need | NotKnown:
    """Return the need within a horizon from how a line went so far, times `scale`.

    Guarantee: that of `homeostat.stats.forecast` for each value by itself, which is one-sided here. What is
    shorter than a 48th of the horizon is averaged out, so leave room for it. Does not hold through a change
    of what is asked for. Raises InputError for a horizon that is not above 0 or a confidence outside of
    0.5 to 1.
    """
    if not 0.0 < horizon_s < math.inf:
        raise InputError(f"a horizon is a number of seconds above 0, not {horizon_s!r}")
    if not 0.5 < confidence < 1.0:
        raise InputError(f"a confidence lies between 0.5 and 1, not {confidence!r}")
    steps = max(1, math.ceil(horizon_s * SECOND_NS / line.step_ns))
    width = math.ceil(steps / STEPS_MAX)
    blocks = in_blocks(line.values * scale, width)
    ahead = math.ceil(steps / width)
    found = forecast(
        blocks, ahead, seconds_apart=line.step_ns * width / SECOND_NS, confidence=2.0 * confidence - 1.0
    )
    if isinstance(found, NotKnown):
        return found
    floor = 0.0 if not bool((blocks < 0.0).any()) else -math.inf
    high = np.maximum(found.high, floor)
    point = np.maximum(found.point, floor)
    later = high[ahead // 4 :]
    return Need(horizon_s, confidence, float(point.max()), float(high.max()), float(later.max()))


def in_blocks(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the means of blocks of `width` values that end at the end; NaN for what is not known."""
    if width == 1:
        return values
    kept = values[values.size % width :].reshape(-1, width)
    known = np.isfinite(kept)
    sums = np.where(known, kept, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
