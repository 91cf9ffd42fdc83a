"""The verdict: how a statistic stands to its bound, as far as the data can tell."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a statistic stands to its bound; the worst first."""

    VIOLATED = "violated"
    UNKNOWN = "not known yet"
    WITHIN = "within"
    NO_LIMIT = "no limit"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state with what it rests on.

    `value`, `low`, `high` and `bound` are in `unit`; what is not known is None. `method` names the
    interval, `confidence` is that of the interval. `needs` is about how many more values would decide,
    None where that cannot be said. `words` says the state as a person reads it.
    """

    state: State
    words: str
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    unit: str
    method: str
    confidence: float
    n: int
    needs: int | None
