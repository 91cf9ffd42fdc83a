"""The figures of accuracy: shares with their 95% intervals and sample sizes."""

from collections.abc import Iterable

import msgspec

from homeostat.stats.proportion_sequence import ProportionSequence
from homeostat.stats.wilson_interval import wilson_interval

CONFIDENCE = 0.95


class Share(msgspec.Struct, frozen=True):
    """A share of `n` cases with its 95% interval; None throughout where there is no case."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class Detection(msgspec.Struct, frozen=True):
    """How canaries of one category and language fared. `missed` is one less `detected`."""

    category: str
    language: str
    detected: Share
    missed: Share


class FalseAlarms(msgspec.Struct, frozen=True):
    """Which share of harmless canaries of a language was held, for a category or (`all`) for any.

    Of languages that the guard covers: where it understands nothing it holds nothing.
    """

    category: str
    language: str
    held: Share


class NotCovered(msgspec.Struct, frozen=True):
    """How many harmless canaries are in a language that is not covered: that they pass says nothing."""

    language: str
    n: int


class Reviewed(msgspec.Struct, frozen=True):
    """What people said of a category: which share was held rightly, and let pass rightly, of a sample.

    These are shares of what the guard decided, not of what there was: neither is a rate of detection.
    """

    category: str
    language: str
    held_rightly: Share
    passed_rightly: Share


class Accuracy(msgspec.Struct, frozen=True):
    """What is known of the guard's accuracy now.

    `filter` is the share of canaries of harm, in any language, and of harmless ones in those languages that
    are covered, that were treated rightly; triggers are apart, those that name what was to be avoided and
    those that only mean it. `whole` says whether each canary was tried, `tried` how many were.
    """

    audience: str
    by_meaning: bool
    tried: int
    whole: bool
    filter: Share
    detection: tuple[Detection, ...]
    false_alarms: tuple[FalseAlarms, ...]
    trigger_named: Share
    trigger_meant: Share
    not_covered: tuple[NotCovered, ...] = ()
    reviewed: tuple[Reviewed, ...] = ()


def fixed(outcomes: Iterable[bool]) -> Share:
    """Return the share of hits in a fixed set, by Wilson.

    A set of texts that is tried again and again gives the same cases: its size does not grow with looking,
    so neither does the interval need to last for more than one set.
    """
    cases = list(outcomes)
    interval = wilson_interval(sum(cases), len(cases), CONFIDENCE)
    if interval is None:
        return Share(None, None, None, 0)
    return Share(sum(cases) / len(cases), interval.low, interval.high, len(cases))


def growing(outcomes: Iterable[bool]) -> Share:
    """Return the share of hits in cases that keep coming, in their order; it holds whenever one looks."""
    sequence = ProportionSequence(CONFIDENCE, first_look=2)
    for outcome in outcomes:
        sequence.add(outcome)
    interval = sequence.interval()
    if not sequence.n:
        return Share(None, None, None, 0)
    low, high = (0.0, 1.0) if interval is None else (interval.low, interval.high)
    return Share(sequence.estimate, low, high, sequence.n)
