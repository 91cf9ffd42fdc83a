"""The gathered: the pieces of a passage that an endpoint is asked about once, when its score is wanted."""

from collections.abc import Callable

from homeostat.evaluate.evaluator import Score
from homeostat.evaluate.passage import Segment

Ask = Callable[[tuple[Segment, ...]], Score]


class Gathered:
    """One passage in the making. Its score costs a question each time that there is more to read.

    Without anybody to ask it says nothing.
    """

    __slots__ = ("_ask", "_score", "_segments")

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask
        self._segments: list[Segment] = []
        self._score: Score | None = None

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        self._segments.append(segment)
        self._score = None

    def score(self) -> Score | None:
        """Return what the endpoint says of all so far; None without words. Raises NotAvailable."""
        ask, known = self._ask, self._score is not None
        if ask is not None and not known and any(segment.text.strip() for segment in self._segments):
            self._score = ask(tuple(self._segments))
        return self._score
