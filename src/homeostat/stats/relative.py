"""The relative effect of two arms: by which share the treatment's value is above or below the control's."""

import math

from homeostat.core.interval import Interval
from homeostat.stats.difference import Arm


def relative(treatment: Arm, control: Arm) -> Interval | None:
    """Return the interval of treatment / control - 1.

    None while one of the arms has no interval, and where the control's reaches zero: nothing can then be
    told relative to it. A ratio is held as long as `difference` of the treatment and so many times the
    control leaves zero in (Fieller, JRSS B 16, 1954; Donner and Zou, Statistics in Medicine 29, 2010): so it
    says "better" or "worse" exactly where `difference` does.

    Guarantee: that of `difference`, whose interval it turns into a ratio: about the confidence of the arms'
    sequences, at all looks together, for independent arms. Simulated in `tests/stats/test_relative.py`: 0 to
    2% of trials ever miss. An end of a relative effect is infinite where the treatment's is. Does not hold
    where `difference` does not (arms of very unequal age): use `surely_relative`. Cost: O(1).

    >>> from homeostat.stats.mean_sequence import MeanSequence
    >>> slow, quick = MeanSequence(), MeanSequence()
    >>> slow.extend([10.0, 11.0, 12.0] * 100)
    >>> quick.extend([7.0, 8.0, 9.0] * 100)
    >>> found = relative(quick, slow)
    >>> round(found.low, 2), round(found.high, 2)
    (-0.29, -0.26)
    """
    one, other = treatment.interval(), control.interval()
    if one is None or other is None or other.low <= 0.0 <= other.high:
        return None
    at, base = treatment.estimate, control.estimate
    confidence = min(one.confidence, other.confidence)
    if base < 0.0:  # the ratio of two numbers is that of their opposites
        at, base = -at, -base
        one, other = _opposite(one), _opposite(other)
    low = _lowest(at, at - one.low, base, base - other.low, other.high - base)
    high = -_lowest(-at, one.high - at, base, base - other.low, other.high - base)
    return Interval(low - 1.0, high - 1.0, confidence)


def surely_relative(treatment: Interval | None, control: Interval | None) -> Interval | None:
    """Return the interval of treatment / control - 1 that holds whenever both intervals hold.

    None where there is none of one of them, or the control's reaches zero. Guarantee: that of the two
    intervals, whatever the arms' sizes and however they depend on one another; both risks are added.

    >>> surely_relative(Interval(5.0, 6.0, 0.975), Interval(2.0, 4.0, 0.975))
    Interval(low=0.25, high=2.0, confidence=0.95)
    """
    if treatment is None or control is None or control.low <= 0.0 <= control.high:
        return None
    confidence = max(0.0, round(treatment.confidence + control.confidence - 1.0, 12))
    if control.high < 0.0:
        treatment, control = _opposite(treatment), _opposite(control)
    low = treatment.low / (control.high if treatment.low > 0.0 else control.low)
    high = treatment.high / (control.low if treatment.high > 0.0 else control.high)
    return Interval(low - 1.0, high - 1.0, confidence)


def _lowest(at: float, down: float, base: float, below: float, above: float) -> float:
    """Return the smallest ratio r for which at - r * base is not surely positive.

    That is the root of at - r * base = hypot(down, r * side), where `side` is the control's distance to its
    upper end for a positive r, to its lower end (nearer to zero than the control) for a negative one.
    """
    if down == math.inf:
        return -math.inf
    side = above if at > down else below
    if side == math.inf:
        return 0.0
    left = (at - down) * (at + down)
    root = math.sqrt(max((at * side) ** 2 + (down * base) ** 2 - (down * side) ** 2, 0.0))
    if at > 0.0:
        return left / (at * base + root)
    return (at * base - root) / ((base - side) * (base + side))


def _opposite(found: Interval) -> Interval:
    return Interval(-found.high, -found.low, found.confidence)
