"""The ranker: which of some replies is the likely one, with a probability for each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.mirror.replies.features import (
    BAG,
    FOCUS,
    TURNS_MAX,
    Floats,
    Situation,
    about_rows,
    reply_features,
    situation_features,
    turn_row,
    words_of,
)
from homeostat.core.errors import InputError
from homeostat.evaluate.function_words import FUNCTION_WORDS

KNOWN_FROM = 0.5
"""Below this probability of the best reply the ranker does not claim to know."""

SIGNS = (
    "learned fit",
    "near the last turn",
    "near the last three turns",
    "near what is known",
    "near what is known and asked about",
    "words of the last turn",
    "words of what is known",
    "words of the talk so far",
    "said before in this talk",
    "usual length",
)


class Ranked(msgspec.Struct, frozen=True):
    """A candidate: its place among those given, and its probability if one of them is the reply."""

    place: int
    probability: float
    signs: dict[str, float]


class Ranking(msgspec.Struct, frozen=True):
    """The candidates, the likeliest first; `knows` says whether the first is likely enough to be claimed."""

    ranked: list[Ranked]
    knows: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What was learned: two maps into a common space, what a reply is worth anywhere, the signs' weights."""

    situation: Floats
    reply: Floats
    anywhere: Floats
    nearness: float
    weights: NDArray[np.float64]

    def fit(self, situation: Floats, replies: Floats, rows: Floats) -> NDArray[np.float64]:
        """Return how well each reply answers; `rows` are the replies' vectors or bags."""
        meant = self.reply @ (situation @ self.situation) + self.anywhere
        near = rows @ situation[: rows.shape[1]]
        return (replies @ meant + self.nearness * near).astype(np.float64)


def pack(head: Head, prefix: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays as they are shipped: bytes with a scale a column."""
    arrays: dict[str, NDArray[np.generic]] = {
        f"{prefix}_anywhere": head.anywhere.astype(np.float16),
        f"{prefix}_nearness": np.array(head.nearness),
        f"{prefix}_weights": head.weights.astype(np.float64),
    }
    for name in ("situation", "reply"):
        matrix: Floats = getattr(head, name)
        scale = np.abs(matrix).max(0) / 127
        arrays[f"{prefix}_{name}"] = np.round(matrix / scale).astype(np.int8)
        arrays[f"{prefix}_{name}_scale"] = scale.astype(np.float32)
    return arrays


def unpack(arrays: dict[str, NDArray[np.generic]], prefix: str) -> Head:
    """Return the head from the arrays that `pack` gave."""
    maps = [
        arrays[f"{prefix}_{name}"].astype(np.float32) * arrays[f"{prefix}_{name}_scale"].astype(np.float32)
        for name in ("situation", "reply")
    ]
    anywhere = arrays[f"{prefix}_anywhere"].astype(np.float32)
    nearness, weights = arrays[f"{prefix}_nearness"], arrays[f"{prefix}_weights"]
    return Head(maps[0], maps[1], anywhere, float(nearness.astype(np.float64)), weights.astype(np.float64))


@cache
def shipped(prefix: str) -> Head:
    """Return a head that comes with the package: "vectors" or "words"."""
    with (files(__package__) / "heads.npz").open("rb") as file, np.load(file) as arrays:
        return unpack(dict(arrays), prefix)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities that add up to one over the last axis."""
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True))


def signs(
    head: Head, situation: Situation, replies: Sequence[str], vectors: Floats | None
) -> NDArray[np.float64]:
    """Return what speaks for each reply, shape (replies, SIGNS)."""
    features = np.array(
        [reply_features(text, None if vectors is None else vectors[at]) for at, text in enumerate(replies)]
    )
    meant = situation_features(situation)
    rows = features[:, : BAG if vectors is None else vectors.shape[1]]
    turns = situation.turns[-TURNS_MAX:]
    recent = np.array([turn_row(turn) for turn in turns[-3:]])
    near = rows @ recent.T
    about = about_rows(situation) if len(situation.about) else np.zeros((1, rows.shape[1]), np.float32)
    to_about = rows @ about.T
    focus = np.exp(FOCUS * (about @ recent[-1]))
    words = [_content(text) for text in replies]
    last = _content(turns[-1].text)
    told = frozenset().union(*(_content(text) for text in situation.about))
    talk = frozenset().union(*(_content(turn.text) for turn in turns))
    said = {turn.text for turn in turns}
    usual = np.mean([math.log1p(len(turn.text)) for turn in turns if turn.own] or [math.log1p(40)])
    columns = (
        head.fit(meant, features, rows),
        near[:, -1],
        near.max(1),
        to_about.max(1),
        to_about @ (focus / focus.sum()),
        [_overlap(one, last) for one in words],
        [_overlap(one, told) for one in words],
        [_overlap(one, talk) for one in words],
        [float(text in said) for text in replies],
        [-abs(math.log1p(len(text)) - usual) for text in replies],
    )
    return np.array(columns, np.float64).T


def rank(
    situation: Situation, replies: Sequence[str], vectors: Floats | None = None, head: Head | None = None
) -> Ranking:
    """Rank replies to a situation by a head, the shipped one if none is given.

    With vectors, those of the situation's turns and statements must be there too. Probabilities are for one
    of the replies being the true one. Raises InputError without turns or replies.
    """
    if not situation.turns or not replies:
        raise InputError("ranking needs at least one turn that is answered and one reply")
    head = head or shipped("words" if vectors is None else "vectors")
    found = signs(head, situation, replies, vectors)
    probabilities = softmax(found @ head.weights)
    order = np.argsort(-probabilities, kind="stable")
    ranked = [
        Ranked(
            int(at),
            float(probabilities[at]),
            {sign: round(float(value), 3) for sign, value in zip(SIGNS, found[at], strict=True)},
        )
        for at in order
    ]
    return Ranking(ranked, ranked[0].probability >= KNOWN_FROM)


def _content(text: str) -> frozenset[str]:
    return frozenset(words_of(text)) - FUNCTION_WORDS


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    if not one or not other:
        return 0.0
    return len(one & other) / math.sqrt(len(one) * min(len(other), 4 * len(one)))
