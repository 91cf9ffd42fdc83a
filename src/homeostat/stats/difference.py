"""The difference of two arms, from an interval of each.

Works for every confidence sequence here: mean, bounded mean, proportion, quantile. A trial asks whether the
interval leaves out zero; a guardrail, whether its worse end is within the margin (non-inferiority).
"""

import math
from typing import Protocol

from homeostat.core.interval import Interval


class Arm(Protocol):
    """What has an estimate and an interval around it: any confidence sequence."""

    @property
    def estimate(self) -> float:
        """The best single value."""

    def interval(self) -> Interval | None:
        """Return the interval that holds now, None while there is none."""


def difference(treatment: Arm, control: Arm) -> Interval | None:
    """Return the interval of treatment - control, None while one of the arms has none.

    The distances from estimates to ends are added as squares (variance estimates recovery: Zou and Donner,
    Statistics in Medicine 27, 2008). Guarantee: of two independent arms with sequences of the same
    confidence the differences after each record are held together about as often as each arm's value is by
    its sequence; asymptotic, also where the arms' own sequences are exact. Simulated in
    `benchmarks/intervals.py`. Arms that are shaken by the same disturbances are held more often. Does not
    hold where one arm has hardly more than its first look while the other has very many: use `surely`.

    >>> from homeostat.stats.mean_sequence import MeanSequence
    >>> slow, quick = MeanSequence(), MeanSequence()
    >>> slow.extend([10.0, 11.0, 12.0] * 100)
    >>> quick.extend([7.0, 8.0, 9.0] * 100)
    >>> found = difference(quick, slow)
    >>> found.low < -3.0 < found.high < 0.0
    True
    """
    one, other = treatment.interval(), control.interval()
    if one is None or other is None:
        return None
    at, from_ = treatment.estimate, control.estimate
    down = math.hypot(max(at - one.low, 0.0), max(other.high - from_, 0.0))
    up = math.hypot(max(one.high - at, 0.0), max(from_ - other.low, 0.0))
    return Interval(at - from_ - down, at - from_ + up, min(one.confidence, other.confidence))


def surely(treatment: Interval | None, control: Interval | None) -> Interval | None:
    """Return the interval of treatment - control that holds whenever both intervals hold.

    Its confidence is what is left when both risks are added: two at 97.5% give one at 95%. Guarantee: that of
    the two intervals, whatever the arms' sizes and however they depend on one another. About 1.6 times as
    wide as `difference`.

    >>> surely(Interval(5.0, 6.0, 0.975), Interval(1.0, 3.0, 0.975))
    Interval(low=2.0, high=5.0, confidence=0.95)
    """
    if treatment is None or control is None:
        return None
    confidence = max(0.0, round(treatment.confidence + control.confidence - 1.0, 12))
    return Interval(treatment.low - control.high, treatment.high - control.low, confidence)
