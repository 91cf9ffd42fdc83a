"""The interval: where an unknown number lies, as far as the data can tell."""

import msgspec


class Interval(msgspec.Struct, frozen=True, gc=False):
    """A closed interval for an unknown number, at a confidence level."""

    low: float
    high: float
    confidence: float
