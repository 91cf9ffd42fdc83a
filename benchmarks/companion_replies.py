"""Which reply is the likely one? The mirror's ranker on Synthetic-Persona-Chat, in five folds of talks.

    python -m benchmarks.companion_replies CSV TABLE    learns from all talks and writes the shipped table
    python -m benchmarks.companion_replies CSV          ranks replies of other talks by that table

The data are of Jandaghi and others (Google), CC-BY-4.0: conversations of two personas, made by a model and
checked by people. The true reply stands among 20; the others are replies of other conversations.
"""

import csv
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.companion.mirror.replies.features import (
    BAG,
    TURNS_MAX,
    Floats,
    Situation,
    Turn,
    reply_features,
    situation_features,
)
from homeostat.companion.mirror.replies.ranker import SIGNS, Head, pack, shipped, signs, softmax, unpack

FOLDS = 5
CANDIDATES = 20
RANK = {"vectors": 32, "words": 32}
EPOCHS = 12
BATCH = 256
STEP = 2e-3
DECAY = 1e-2
NEARNESS = {"vectors": 8.0, "words": 4.0}
ASKED = 1_200
"""Replies that are looked for in each fold."""

_TURN = re.compile(r"^User (\d): ?(.*)$")

Embed = Callable[[Sequence[str]], Floats]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Talk:
    """A conversation: what each of two says of themselves, and who said what."""

    personas: tuple[list[str], list[str]]
    turns: list[tuple[int, str]]

    def replies(self) -> list[int]:
        """Return the places of turns that answer the other."""
        return [at for at in range(1, len(self.turns)) if self.turns[at][0] != self.turns[at - 1][0]]


def talks(path: Path) -> list[Talk]:
    """Return the conversations of a file; lines without a speaker go on with the turn before."""
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for first, second, text in list(csv.reader(file))[1:]:
            turns: list[tuple[int, str]] = []
            for line in text.split("\n"):
                match = _TURN.match(line.strip())
                if match:
                    turns.append((int(match[1]) - 1, match[2].strip()))
                elif turns and line.strip():
                    turns[-1] = (turns[-1][0], f"{turns[-1][1]} {line.strip()}")
            lines = (
                [one.strip() for one in persona.split("\n") if one.strip()] for persona in (first, second)
            )
            found.append(Talk((next(lines), next(lines)), [turn for turn in turns if turn[1]]))
    return found


class Texts:
    """All texts once: their vectors, if there is an embedder, and their features as replies."""

    def __init__(self, all_talks: Sequence[Talk], embed: Embed | None) -> None:
        every = {text for talk in all_talks for text in (*talk.personas[0], *talk.personas[1])}
        every.update(text for talk in all_talks for _, text in talk.turns)
        self.texts = sorted(every)
        self.place = {text: at for at, text in enumerate(self.texts)}
        self.vectors = None if embed is None else embed(self.texts)
        self.features = np.array([reply_features(text, self.vector(text)) for text in self.texts])
        self.width = BAG if self.vectors is None else self.vectors.shape[1]

    def vector(self, text: str) -> Floats | None:
        """Return a text's vector."""
        return None if self.vectors is None else np.asarray(self.vectors[self.place[text]])

    def situation(self, talk: Talk, at: int) -> Situation:
        """Return what the turn at a place answers."""
        speaker = talk.turns[at][0]
        turns = talk.turns[:at]
        about = talk.personas[speaker]
        told = None if self.vectors is None else self.vectors[[self.place[text] for text in about]]
        first = max(len(turns) - TURNS_MAX, 0)
        held = [
            Turn(text, who == speaker, self.vector(text) if number >= first else None)
            for number, (who, text) in enumerate(turns)
        ]
        return Situation(held, about, told)


def learn_head(known: Texts, taught: Sequence[Talk], kind: str) -> Head:
    """Learn the two maps: a softmax over each reply among the others of its batch, by Adam with decay."""
    rng = np.random.default_rng(0)
    asked = [(talk, at) for talk in taught for at in talk.replies()]
    meant = np.array([situation_features(known.situation(talk, at)) for talk, at in asked])
    true = np.array([known.place[talk.turns[at][1]] for talk, at in asked])
    rank = RANK[kind]
    held = [
        (rng.normal(size=(meant.shape[1], rank)) * 0.3 / np.sqrt(meant.shape[1])).astype(np.float32),
        (rng.normal(size=(known.features.shape[1], rank)) * 0.3 / np.sqrt(known.width)).astype(np.float32),
        np.zeros(known.features.shape[1], np.float32),
    ]
    momentum, power = [np.zeros_like(one) for one in held], [np.zeros_like(one) for one in held]
    nearness, steps = NEARNESS[kind], 0
    for epoch in range(EPOCHS):
        step = STEP * (1 - epoch / EPOCHS) + 1e-4
        order = rng.permutation(len(asked))
        for begin in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[begin : begin + BATCH]
            steps += 1
            slopes, slope = gradients(
                held, nearness, meant[batch], known.features[true[batch]], true[batch], known.width
            )
            nearness -= 5 * step * slope
            for at, gradient in enumerate(slopes):
                momentum[at] = 0.9 * momentum[at] + 0.1 * gradient
                power[at] = 0.999 * power[at] + 0.001 * gradient * gradient
                size = np.sqrt(power[at] / (1 - 0.999**steps)) + 1e-8
                held[at] -= step * (momentum[at] / (1 - 0.9**steps) / size + 10 * DECAY * held[at])
    return Head(held[0], held[1], held[2], nearness, np.zeros(len(SIGNS)))


def gradients(
    held: Sequence[Floats],
    nearness: float,
    meant: Floats,
    replies: Floats,
    true: NDArray[np.int64],
    width: int,
) -> tuple[list[Floats], float]:
    """Return the slopes of the batch's mean surprise; equal replies are no wrong ones."""
    asked, answered = meant @ held[0], replies @ held[1]
    near = meant[:, :width] @ replies[:, :width].T
    scores = asked @ answered.T + (replies @ held[2])[None] + nearness * near
    same = true[:, None] == true[None]
    np.fill_diagonal(same, False)
    wrong = softmax(np.where(same, -1e9, scores).astype(np.float64)).astype(np.float32)
    np.fill_diagonal(wrong, wrong.diagonal() - 1)
    wrong /= np.float32(len(true))
    slopes = [meant.T @ (wrong @ answered), replies.T @ (wrong.T @ asked), replies.T @ wrong.sum(0)]
    return slopes, float((wrong * near).sum())


def asked_of(known: Texts, head: Head, some: Sequence[Talk], others: Sequence[Talk], seed: int) -> Doubles:
    """Return the signs of the candidates, the true one first, shape (replies, CANDIDATES, SIGNS)."""
    rng = np.random.default_rng(seed)
    asked = [(talk, at) for talk in some for at in talk.replies()]
    pool = [talk for talk in others if len(talk.turns) > 1]
    rows = []
    for number in rng.permutation(len(asked))[:ASKED]:
        talk, at = asked[int(number)]
        replies = [talk.turns[at][1]]
        while len(replies) < CANDIDATES:
            other = pool[int(rng.integers(len(pool)))]
            text = other.turns[int(rng.integers(1, len(other.turns)))][1]
            if other is not talk and text not in replies:
                replies.append(text)
        vectors = None if known.vectors is None else known.vectors[[known.place[text] for text in replies]]
        rows.append(signs(head, known.situation(talk, at), replies, vectors))
    return np.array(rows)


def learn_weights(found: Doubles) -> Doubles:
    """Return the weights of the signs: a softmax regression, by Newton's method."""
    scale = found.reshape(-1, found.shape[-1]).std(0) + 1e-9
    rows = found / scale
    weights = np.zeros(rows.shape[-1])
    for _ in range(30):
        p = softmax(rows @ weights)
        mean = (p[..., None] * rows).sum(1)
        slope = (mean - rows[:, 0]).mean(0) + 1e-3 * weights
        bend = np.einsum("nc,ncd,nce->de", p, rows, rows) / len(rows) - mean.T @ mean / len(rows)
        move = np.linalg.solve(bend + 1e-3 * np.eye(len(weights)), slope)
        weights -= move
        if np.abs(move).max() < 1e-8:
            break
    return np.asarray(weights / scale)


def learn(known: Texts, taught: Sequence[Talk], every: Sequence[Talk], kind: str) -> Head:
    """Learn the maps from nine tenths, and from what they make of the rest what each sign weighs."""
    head = learn_head(known, [talk for number, talk in enumerate(taught) if number % 10], kind)
    head = rounded(head)
    return replace(head, weights=learn_weights(asked_of(known, head, taught[::10], every, seed=1)))


def rounded(head: Head) -> Head:
    """Return the head as it is shipped."""
    return unpack(pack(head, "x"), "x")


def evaluate(data: Path, embed: Embed | None) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return the probability of each first candidate, and whether it was the true one, over all folds."""
    every = talks(data)
    kind = "words" if embed is None else "vectors"
    known = Texts(every, embed)
    sure, right = [], []
    for fold in range(FOLDS):
        taught = [talk for number, talk in enumerate(every) if number % FOLDS != fold]
        head = learn(known, taught, taught, kind)
        p = softmax(asked_of(known, head, every[fold::FOLDS], every[fold::FOLDS], seed=2) @ head.weights)
        sure.append(p.max(1))
        right.append((p[:, :1] > p[:, 1:]).all(1))
    return np.concatenate(sure), np.concatenate(right)


def run(data: Path | None) -> list[Result]:
    """Measure hits among 20 with and without vectors, calibration, and what is right of what is claimed."""
    path = data / "persona" / "synthetic_persona_chat_valid.csv" if data else Path("/nonexistent")
    if not path.is_file():
        return []
    results = []
    for kind, embed, bar in (("MiniLM", minilm(), 70.0), ("words alone", None, None)):
        if kind == "MiniLM" and embed is None:
            continue
        sure, right = evaluate(path, embed)
        claimed = sure >= 0.5
        note = (
            "published on Persona-Chat, another set: KV memory 55.1, TransferTransfo 80.7; claims to know "
            f"{claimed.mean():.0%}, of which right {right[claimed].mean():.1%}"
        )
        results.append(
            Result(f"reply ranking, {kind}, hits@1 of 20", 100 * right.mean(), "%", bar, "higher", note=note)
        )
        at = np.minimum((sure * 10).astype(int), 9)
        error = sum(abs((right - sure)[at == cell].sum()) for cell in range(10)) / len(right)
        results.append(Result(f"reply ranking, {kind}, calibration error", float(error), "", 0.05, "lower"))
    return results


def minilm() -> Embed | None:
    """Return the MiniLM of this machine, None where it is not built."""
    from homeostat.core.errors import NotAvailable
    from homeostat.runtime.embed.minilm import MiniLm
    from homeostat.testing.bare_host import BareHost

    try:
        return MiniLm(BareHost()).embed
    except NotAvailable:
        return None


def judge(every: Sequence[Talk]) -> None:
    """Print what the shipped table makes of these conversations."""
    for kind, embed in (("vectors", minilm()), ("words", None)):
        found = asked_of(Texts(every, embed), shipped(kind), every, every, seed=3)
        p = softmax(found @ shipped(kind).weights)
        hits = (p[:, :1] > p[:, 1:]).all(1)
        print(
            f"{kind}: hits@1 of {CANDIDATES} {hits.mean():.1%} of {len(found)}, claimed {p.max(1).mean():.1%}"
        )


def main() -> None:
    """Learn from all conversations and write the table, or rank the replies of others by it."""
    every = talks(Path(sys.argv[1]))
    if len(sys.argv) == 2:
        judge(every)
        return
    arrays: dict[str, Any] = {}
    for kind, embed in (("vectors", minilm()), ("words", None)):
        head = learn(Texts(every, embed), every, every, kind)
        arrays |= pack(head, kind)
        print(kind, head.nearness, dict(zip(SIGNS, head.weights.round(2).tolist(), strict=True)))
    np.savez_compressed(sys.argv[2], **arrays)


if __name__ == "__main__":
    main()
