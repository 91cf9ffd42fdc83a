"""The finding: something that happened to a metric, when, and how much of it."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What kind of thing was found."""

    CHANGE = "change point"
    ANOMALY = "anomaly"
    TREND = "trend"
    SEASON = "season"
    CORRELATION = "correlation"


class Course(StrEnum):
    """Whether it is for the better."""

    WORSE = "worse"
    BETTER = "better"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    `at_ns` is when it happened, None for what lasts over the whole; `size` is how large it is relative to
    what was before (0.1 is 10%), None where that makes no sense. `words` tells all of it in one sentence.
    `noticed_ns` is when it became certain while the values came in, None for what was found looking back.
    """

    kind: FindingKind
    title: str
    at_ns: int | None
    at_words: str
    course: Course
    size: float | None
    size_words: str
    words: str
    noticed_ns: int | None = None
