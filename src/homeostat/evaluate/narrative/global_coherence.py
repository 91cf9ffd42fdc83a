"""Global coherence: whether each segment stands at its place in the whole."""

from collections import deque
from functools import cache

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder
from homeostat.evaluate.evaluator import Mark, Score, Validation
from homeostat.evaluate.narrative.order import Order, Placed, order_for
from homeostat.evaluate.passage import Context, Segment

SEGMENTS_MIN = 4
WINDOW = 40
"""So many of the last segments are held against all places among them."""

BETTER_MIN = 2.5
"""From these log odds on another place is so much better that the segment is marked: of the turns of persona
chats 1 in 55 is, of those that were moved 7 in 8."""


class GlobalCoherence:
    """The share of other places at which segments would fit less well, on average: .5 where order is chance.

    Each of the last 40 segments is put to every place among them, and all that stands beside it there is
    weighed as local coherence does. Marks are of segments that fit elsewhere much better, the plainest
    first. Learned from talks: of prose it says little, see decision 0080. English. None for fewer than four
    segments. Cost: a score takes half a ms for 10 segments and 8 ms for 40, beside 40 us a sentence.
    """

    name = "coherence.global"
    validation = Validation(
        on="LoCoMo: sessions of two people, whole, words alone; each turn put at every place",
        measure="the place that fits best is its own",
        figure=0.714,
        baseline=0.21,
        baseline_is="words that neighbouring turns share, by their rarity",
        of=2760,
    )

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._order = order_for(embedder)
        self._embedder = embedder

    def begin(self, context: Context) -> "GlobalJudging":
        """Return what will judge one passage."""
        return GlobalJudging(self._order, self._embedder, english=context.language.startswith("en"))


class GlobalJudging:
    """Keeps the last segments, and the number of those before them."""

    def __init__(self, order: Order, embedder: Embedder | None, *, english: bool) -> None:
        self._order = order
        self._embedder = embedder
        self._english = english
        self._last: deque[Placed] = deque((order.start(),), maxlen=WINDOW + 1)
        self._segments = 0

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        if self._english:
            self._last.append(self._order.placed(segment.text, self._embedder))
            self._segments += 1

    def score(self) -> Score | None:
        """Return how well segments stand at their places."""
        n = len(self._last) - 1
        if n < SEGMENTS_MIN:
            return None
        fits = fits_at_places(self._order, list(self._last))
        own = np.diagonal(fits)
        worse = (fits < own[:, None]).sum(axis=1) / (n - 1)
        better = fits.max(axis=1) - own
        first = self._segments - n
        marks = [
            Mark(first + int(at), "fits elsewhere much better")
            for at in np.argsort(-better)
            if better[at] >= BETTER_MIN
        ]
        half = 1.96 * float(worse.std()) / (n - 1) ** 0.5
        value = float(worse.mean())
        return Score(
            evaluator=GlobalCoherence.name,
            value=value,
            parts={"at_its_place": float((better <= 0).mean())},
            marks=tuple(marks),
            low=max(value - half, 0.0),
            high=min(value + half, 1.0),
        )


def fits_at_places(order: Order, segments: list[Placed]) -> NDArray[np.float64]:
    """Return how well each segment fits at each place: the sum of all ties of that order, up to a constant.

    The first of the segments stays where it is: the start, or what stands before the others.
    """
    n = len(segments)
    ties = order.ties(segments)
    orders = all_places(n - 1)
    reach = min(order.reach, n - 1)
    return np.asarray(
        sum(ties[orders[..., : -k - 1], orders[..., k + 1 :], k].sum(axis=-1) for k in range(reach))
    )


@cache
def all_places(n: int) -> NDArray[np.uint8]:
    """Return for each segment and each place the whole order, shape (n, n, n + 1); 0 stands first."""
    found = np.zeros((n, n, n + 1), np.uint8)
    for segment in range(n):
        rest = [other + 1 for other in range(n) if other != segment]
        for place in range(n):
            found[segment, place, 1:] = [*rest[:place], segment + 1, *rest[place:]]
    return found
