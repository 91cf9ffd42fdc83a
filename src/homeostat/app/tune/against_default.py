"""The pick against the default, by measurements made afterwards in pairs, one after the other."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev

from homeostat.app.tune.tuning_file import Bound, Goal, TuningFile
from homeostat.core.interval import Interval
from homeostat.stats.student import quantile

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Effect:
    """How a measure differs between pick and default.

    `change` is relative (-0.2: a fifth lower) where all values are above 0, else a difference in the
    measure's unit; the interval holds for it, None below two pairs.
    """

    measure: str
    lower: bool
    default: float
    pick: float
    change: float
    interval: Interval | None
    relative: bool

    @property
    def better(self) -> bool:
        """Whether the pick is proven to be better."""
        low_is_below = self.interval is not None and self.interval.high < 0
        high_is_above = self.interval is not None and self.interval.low > 0
        return low_is_below if self.lower else high_is_above

    @property
    def worse(self) -> bool:
        """Whether the pick is proven to be worse."""
        low_is_below = self.interval is not None and self.interval.high < 0
        high_is_above = self.interval is not None and self.interval.low > 0
        return high_is_above if self.lower else low_is_below


@dataclass(frozen=True, slots=True)
class Kept:
    """Whether a target holds under the pick: by the mean of the pairs, with the interval of that mean."""

    target: str
    mean: float
    interval: Interval | None
    holds: bool


@dataclass(frozen=True, slots=True)
class Against:
    """The comparison as a whole. `proven`: something better, nothing worse, each target held in the mean."""

    pairs: int
    effects: tuple[Effect, ...]
    targets: tuple[Kept, ...]
    proven: bool


def against_default(
    default: list[dict[str, float]], pick: list[dict[str, float]], tuning: TuningFile
) -> Against:
    """Compare pairs, the same place in both lists measured next to each other.

    Intervals are Student's, of the differences (of logarithms) of the pairs. Guarantee: 95% each where
    these are normal and independent; the pick was chosen on other measurements, so that its luck is not
    counted. With several objectives each has its own 95%.
    """
    effects = tuple(_effect(goal, default, pick) for goal in tuning.goals)
    targets = tuple(_kept(bound, pick) for bound in tuning.bounds)
    proven = (
        any(e.better for e in effects)
        and not any(e.worse for e in effects)
        and all(target.holds for target in targets)
    )
    return Against(len(pick), effects, targets, proven)


def _effect(goal: Goal, default: list[dict[str, float]], pick: list[dict[str, float]]) -> Effect:
    before, after = ([row[goal.measure] for row in rows] for rows in (default, pick))
    relative = min(*before, *after) > 0
    if relative:
        found = _interval([math.log(b / a) for a, b in zip(before, after, strict=True)])
        middle, interval = math.expm1(found[0]), found[1]
        interval = interval and Interval(math.expm1(interval.low), math.expm1(interval.high), CONFIDENCE)
    else:
        middle, interval = _interval([b - a for a, b in zip(before, after, strict=True)])
    return Effect(goal.measure, goal.lower, fmean(before), fmean(after), middle, interval, relative)


def _kept(bound: Bound, pick: list[dict[str, float]]) -> Kept:
    mean, interval = _interval([row[bound.measure] for row in pick])
    return Kept(bound.words, mean, interval, bound.held(mean))


def _interval(values: list[float]) -> tuple[float, Interval | None]:
    """Return the mean and Student's interval of it."""
    mean = fmean(values)
    if len(values) < 2:
        return mean, None
    half = quantile(0.5 + CONFIDENCE / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean, Interval(mean - half, mean + half, CONFIDENCE)
