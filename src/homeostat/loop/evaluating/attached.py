"""The attached: an evaluator of an operation, and how much of what is said there it judges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from homeostat.evaluate.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Attached:
    """An evaluator that judges a share `rate` of texts.

    It is made when it is first due, since that may load a model. One `elsewhere` waits for an answer from
    another machine, so that it has a lane of its own. `beside` names the evaluator whose judgements of the
    same texts it is held against.
    """

    name: str
    rate: float
    evaluator: Callable[[], Evaluator]
    elsewhere: bool = False
    beside: str = ""


class Due(NamedTuple):
    """Those that judge one text: here, and on other machines."""

    here: tuple[Attached, ...]
    elsewhere: tuple[Attached, ...]

    @property
    def beside(self) -> dict[str, str]:
        """Return who is held against whom."""
        return {one.name: one.beside for one in (*self.here, *self.elsewhere) if one.beside}


@dataclass(frozen=True, slots=True)
class Attachments:
    """All that are attached to one operation, and the largest of their rates."""

    all: tuple[Attached, ...]
    rate_max: float

    @classmethod
    def of(cls, attached: Sequence[Attached]) -> Self:
        """Put together what is attached to one operation."""
        return cls(tuple(attached), max(one.rate for one in attached))

    @property
    def names(self) -> frozenset[str]:
        """The names of all."""
        return frozenset(one.name for one in self.all)

    def due(self, draw: float) -> Due:
        """Return those that judge a text, by one draw from 0 to 1.

        What is judged at a low rate is judged by all with a higher one: so their scores can be paired.
        """
        due = [one for one in self.all if draw < one.rate]
        return Due(tuple(one for one in due if not one.elsewhere), tuple(one for one in due if one.elsewhere))
