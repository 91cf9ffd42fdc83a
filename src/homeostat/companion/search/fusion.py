"""Fusion: from evidence of several kinds to one score a memory, each part of which can be shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

LEADERS = 10
"""Lexical scores are measured in the mean of the best ten: BM25 has no scale of its own."""

WINDOW = 3
"""Turns in a window: one, and those before it in its talk."""

ALIKE = 0.2
"""What the cosine of two neighbouring turns is about, which tells the length of their sum."""

GRACE_US = 7 * 86_400 * 1_000_000
"""People speak of what happened for a week: then a memory gains half of what one of the time itself does."""

BROADER_SPEAKER = 1.7
"""How much more it counts who said it, for a question that may mean several things of one person."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts."""

    lexical: float
    turn: float
    window: float
    speaker: float
    time: float
    asks: float
    before: float
    after: float
    hop: float
    link: float
    kind: float
    word: float
    tells: float


def z_scored(values: Scores, here: NDArray[np.bool_]) -> Scores:
    """Return by how many standard deviations each value is above the mean; 0 where none is here.

    >>> z_scored(np.array([1, 3, 9], np.float32), np.array([True, True, False]))
    array([-1.,  1.,  0.], dtype=float32)
    """
    known = values if here.all() else values[here]
    if not len(known):
        return np.zeros_like(values)
    scored: Scores = values - known.mean()
    above = scored if known is values else scored[here]
    spread = math.sqrt(float(np.dot(above, above)) / len(above))
    if spread < 1e-6:
        return np.zeros_like(values)
    scored *= np.float32(1 / spread)
    if known is not values:
        scored[~here] = 0.0
    return scored


def windowed(
    cosines: Scores, here: NDArray[np.bool_], before: NDArray[np.int32]
) -> tuple[Scores, NDArray[np.bool_]]:
    """Return the cosines of a question with windows, from those with turns, and which windows there are.

    A window is the sum of its turns, of those that have a row (are `here`). Its length is reckoned, not read:
    neighbours are taken to be alike by `ALIKE`. Costs some sums over all places, and no vector.
    """
    shared = np.append(np.where(here, cosines, np.float32(0)), np.float32(0))
    there = np.append(here, [False])  # the last place is that of no turn, -1
    total, turns = shared[:-1].copy(), there[:-1].astype(np.float32)
    place, further = before, np.append(before, np.int32(-1))
    for _ in range(WINDOW - 1):
        total += shared[place]
        turns += there[place]
        place = further[place]
    total /= np.sqrt(np.maximum(turns * (1 + ALIKE * (turns - 1)), 1))
    return total, turns > 0


def leading(scores: Scores) -> Scores:
    """Return lexical scores, the best first, in units of the mean of the best ten."""
    mean = float(scores[:LEADERS].mean()) if len(scores) else 0.0
    return scores * np.float32(1 / mean) if mean > 0 else np.zeros_like(scores)


def neighbouring(scores: Scores, before: NDArray[np.int32], weights: Weights) -> Scores:
    """Return what each turn gains from the one before it and the one after it in its talk."""
    shared = np.append(scores, np.float32(0))  # the last place is that of no turn, -1
    gained = np.zeros_like(shared)
    gained[before] = np.float32(weights.after) * scores
    gained[:-1] += np.float32(weights.before) * shared[before]
    return gained[:-1]


def timely(at_us: NDArray[np.int64], spans: Sequence[tuple[int, int]]) -> Scores:
    """Return 1 for what was said in one of the spans, 1/2 in the week after, else 0."""
    found = np.zeros(len(at_us), np.float32)
    for begin, end in spans:
        inside = (at_us >= begin) & (at_us < end)
        soon = (at_us >= end) & (at_us < end + GRACE_US)
        np.maximum(found, inside + np.float32(0.5) * soon, out=found)
    return found


def best(scores: Scores, k: int) -> NDArray[np.intp]:
    """Return the places of the `k` best scores, the best first, earlier places first among equals.

    What is minus infinity is not among them.
    """
    places = np.flatnonzero(scores > -np.inf)
    found = scores[places]
    if 0 < k < len(found):
        some = np.flatnonzero(found >= np.partition(found, len(found) - k)[len(found) - k])
        places, found = places[some], found[some]
    ordered: NDArray[np.intp] = places[np.argsort(-found, kind="stable")][: max(k, 0)]
    return ordered


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for each memory, by kind; the sum is its score."""

    parts: dict[str, Scores]

    def total(self, found: NDArray[np.bool_]) -> Scores:
        """Return the scores, minus infinity for what is not to be found."""
        total = np.where(found, np.float32(0), np.float32(-np.inf))
        for scores in self.parts.values():
            total += scores
        return total

    def of(self, place: int) -> dict[str, float]:
        """Return what the score of one memory is made of; what adds nothing is left out."""
        shares = {kind: round(float(scores[place]), 6) for kind, scores in self.parts.items()}
        return {kind: share for kind, share in shares.items() if share}
