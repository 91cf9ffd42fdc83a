"""One measured answer to one question."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Result:
    """A figure, its bar if it has one, and the peer measured in the same run if there is one.

    `ratio` says how many times better than the peer; `low` and `high` are the spread over repetitions.
    """

    question: str
    value: float
    unit: str
    bar: float | None
    better: Literal["lower", "higher"]
    peer: str = ""
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar
