"""The evaluator: one quality of a passage, judged as it comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import msgspec

from homeostat.core.errors import InputError
from homeostat.evaluate.passage import Context, Segment


@dataclass(frozen=True, slots=True)
class Validation:
    """What an evaluator was held against before it was shipped, and how well it did.

    `figure` and `baseline` are in the same `measure`; `of` is how many cases they were taken over.
    """

    on: str
    measure: str
    figure: float
    baseline: float
    baseline_is: str
    of: int


MARKS_MAX = 100
"""So many places of a passage are marked at most."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A place that lowers a score: the number of its segment, and what is wrong there, without its words."""

    segment: int
    what: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement: `value` between 0 and 1, where 1 is best, and what it is made of.

    `low` and `high` bound it with 95% confidence where the evaluator knows how sure it is. Raises InputError
    for a value beyond.
    """

    evaluator: str
    value: float
    parts: Mapping[str, float] = MappingProxyType({})
    marks: tuple[Mark, ...] = ()
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise InputError(f"{self.evaluator} scores {self.value!r}, and a score lies between 0 and 1")


class Judging(Protocol):
    """One passage in the making: pieces go in, and at any moment a score comes out."""

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        ...

    def score(self) -> Score | None:
        """Return what holds of all that was read; None where that is too little to say anything."""
        ...


class Evaluator(Protocol):
    """Judges one quality. It computes, keeps nothing between passages, and is safe for threads.

    `name` is that of its metric after `quality.`: `coherence.local`, say.
    """

    name: str
    validation: Validation

    def begin(self, context: Context) -> Judging:
        """Return what will judge one passage."""
        ...


def judged(evaluator: Evaluator, segments: Iterable[Segment], context: Context | None = None) -> Score | None:
    """Return the score of a whole passage."""
    judging = evaluator.begin(context or Context())
    for segment in segments:
        judging.add(segment)
    return judging.score()
