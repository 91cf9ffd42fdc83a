"""Local coherence: whether each segment follows from those just before it."""

import math
from collections import deque

from homeostat.core.embedder import Embedder
from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.narrative.order import Order, Placed, order_for
from homeostat.evaluate.passage import Context, Segment

SEGMENTS_MIN = 3

_TOLD = math.log(9.0)
"""The log odds of what a talk is worth that is like the median of those learned from: .9."""


class LocalCoherence:
    """How well each segment follows the six before it: .5 as in shuffled talk, .9 as in talk that was told.

    What asks for an answer is held against what comes next, and words against those said just before; who
    speaks and when is not looked at. Learned from talks: of prose it says little more than chance does
    (docs/explanation/coherence.md). With MiniLM what texts mean counts as well; with another embedder words
    alone. English. None for fewer than three segments. Cost: some 40 us a sentence without an embedder.
    """

    name = "coherence.local"
    validation = Validation(
        on="LoCoMo: sessions of two people, whole, words alone; each two neighbouring turns swapped",
        measure="the score prefers the order as it was",
        figure=0.923,
        baseline=0.559,
        baseline_is="words that neighbouring turns share, by their rarity",
        of=2632,
    )

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._order = order_for(embedder)
        self._embedder = embedder

    def begin(self, context: Context) -> "LocalJudging":
        """Return what will judge one passage."""
        return LocalJudging(self._order, self._embedder, english=context.language.startswith("en"))


class LocalJudging:
    """Holds each segment against those before it; keeps these and sums."""

    def __init__(self, order: Order, embedder: Embedder | None, *, english: bool) -> None:
        self._order = order
        self._embedder = embedder
        self._english = english
        self._before: deque[Placed] = deque((order.start(),), maxlen=order.reach)
        self._segments = self._unlikely = 0
        self._sum = 0.0
        self._squares = 0.0
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        if not self._english:
            return
        one = self._order.placed(segment.text, self._embedder)
        fit = self._order.fit(self._before, one)
        self._before.appendleft(one)
        self._sum += fit
        self._squares += fit * fit
        if self._segments and fit < self._order.unlikely:
            self._unlikely += 1
            if len(self._marks) < MARKS_MAX:
                self._marks.append(Mark(self._segments, "does not follow from what stands before it"))
        self._segments += 1

    def score(self) -> Score | None:
        """Return how well segments follow; its interval takes them as independent."""
        n = self._segments
        if n < SEGMENTS_MIN:
            return None
        mean = self._sum / n
        half = 1.96 * math.sqrt(max(self._squares / n - mean * mean, 0.0) / (n - 1))
        return Score(
            evaluator=LocalCoherence.name,
            value=self._worth(mean),
            parts={"fit": mean, "unlikely": self._unlikely / n},
            marks=tuple(self._marks),
            low=self._worth(mean - half),
            high=self._worth(mean + half),
        )

    def _worth(self, fit: float) -> float:
        order = self._order
        return 1.0 / (1.0 + math.exp(-_TOLD * (fit - order.shuffled) / (order.told - order.shuffled)))
