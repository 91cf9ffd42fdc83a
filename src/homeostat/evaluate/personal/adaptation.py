"""Adaptation: whether what a person is told fits them better as time goes on."""

import math

import numpy as np

from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.personal.preferences import Preferences
from homeostat.stats.student import quantile, two_sided

SEGMENTS_MIN = 20
"""Below this no course is told."""

SEGMENTS_MAX = 5_000
"""So many segments are looked at; of more, the last ones."""

BLOCKS_MAX = 32
"""The slope is that of so many block means: neighbours that depend on one another fall into one block."""

_DAY_US = 86_400_000_000


class _Judging:
    __slots__ = ("_fits", "_preferences", "_times_us")

    def __init__(self, preferences: Preferences | None) -> None:
        self._preferences = preferences
        self._fits: list[float] = []
        self._times_us: list[int] = []

    def add(self, segment: Segment) -> None:
        if self._preferences is None or segment.at_us is None:
            return
        touched = self._preferences.touched(segment.text)
        self._fits.append(touched.liked - touched.disliked)
        self._times_us.append(segment.at_us)
        if len(self._fits) > 2 * SEGMENTS_MAX:
            del self._fits[:SEGMENTS_MAX], self._times_us[:SEGMENTS_MAX]

    def score(self) -> Score | None:
        times_us = np.array(self._times_us[-SEGMENTS_MAX:])
        n = len(times_us)
        if n < SEGMENTS_MIN:
            return None
        order = np.argsort(times_us, kind="stable")
        days = (times_us[order] - times_us[order[0]]) / _DAY_US
        fits = np.array(self._fits[-SEGMENTS_MAX:])[order]
        begins = np.unique(np.arange(BLOCKS_MAX) * n // BLOCKS_MAX)
        sizes = np.diff(np.append(begins, n))
        y, t = np.add.reduceat(fits, begins) / sizes, np.add.reduceat(days, begins) / sizes
        apart = t - t.mean()
        spread = float(apart @ apart)
        if not spread:
            return None
        slope = float(apart @ y) / spread
        left = y - y.mean() - slope * apart
        degrees = len(y) - 2
        error = math.sqrt(float(left @ left) / degrees / spread)
        if not error:
            return None
        half = quantile(0.975, degrees) * error
        by_chance = two_sided(slope / error, degrees) / 2
        return Score(
            evaluator=Adaptation.name,
            value=1.0 - by_chance if slope > 0 else by_chance,
            parts={"slope_per_day": slope, "slope_low": slope - half, "slope_high": slope + half},
        )


class Adaptation:
    """How sure it is that fit rises with time: 0.5 where it does neither, towards 1 where it rises.

    One less the one-sided p-value of the slope of fit over days, of at most 32 block means, with Student's t.
    Parts: the slope and its 95% interval. It is one look: read again and again it finds a rise by chance.
    None below 20 segments with a time, without preferences, or where fit never varies. English.
    """

    name = "personal.adaptation"
    validation = Validation(
        on="made of Synthetic-Persona-Chat: 300 lines, ever more of them the person's own, against half of "
        "them at any time",
        measure="area under the ROC curve",
        figure=0.75,
        baseline=0.73,
        baseline_is="mean fit of the second half less that of the first",
        of=1600,
    )

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one history by the preferences of the context."""
        return _Judging(Preferences.of(context))
