"""The metric: an entry of the catalogue."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the values of a series are to be read."""

    HISTOGRAM = "histogram"  # a distribution: every value counts
    COUNTER = "counter"  # increments: their sum and rate count
    GAUGE = "gauge"  # a level: the last value counts


class Better(StrEnum):
    """Which way a metric improves."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Metric:
    """One quantity that Homeostat knows how to measure.

    `target`, `warning` and `critical` are bounds in `unit` for the statistic named by `judged_by`
    (`mean`, `p95`, `rate`, `last`, ...); `better` says on which side of them the good values lie.
    """

    name: str
    unit: str
    kind: Kind
    better: Better
    help: str
    collector: str
    group: str
    judged_by: str = "mean"
    target: float | None = None
    warning: float | None = None
    critical: float | None = None
