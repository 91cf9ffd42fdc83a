"""Missing turns: the task on which the ranking of candidates was learned, and is measured.

A turn is taken out of a talk. Its speaker, the up to three turns of the same session before it and after it,
and 20 candidates are given: the turn and 19 others that the same person said in the same talk (a pair's
whole history), further than three turns away and not of the same words. The 19 are drawn

- `any`: at random from all of those. The published anchor (63.7%) is what cosines with the turn before and
  after give on this draw: they are in the same run as the peer.
- `nearest`: at random from the 40 of them whose vectors are nearest to the turns before and after, which
  makes the best trait useless by design.

All of a talk's turns are taken out in turn, but for its first and last. What a candidate's own neighbours in
the talk are is never used, and all 20 are left out of what the ranking learns of the person ("replies at like
moments", "near to anything"). How rare words are is counted over the talk with all 20 in it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.archaeology.reconstruction.likeliest import likeliest_by_meaning
from homeostat.companion.archaeology.reconstruction.moments import (
    MOMENTS_MAX,
    Past,
    alike,
    near_anything,
    replies,
)
from homeostat.companion.archaeology.reconstruction.ranking import confidence
from homeostat.companion.archaeology.reconstruction.surroundings import REACH, Rarity, Surroundings, Turn
from homeostat.companion.archaeology.reconstruction.traits import traits
from homeostat.companion.message import Message
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.rows import to_rows

Floats = NDArray[np.float64]
Draw = Literal["any", "nearest"]
CANDIDATES = 20
NEAREST = 40
SEED = 7
ALIKE = 0.5
_SESSION = re.compile(r"session_(\d+)")
_LINE = re.compile(r"\[\d\d:\d\d\] <([^>]+)> (.*)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True, slots=True)
class Talk:
    """Turns in order: texts, who said them, in which session."""

    texts: list[str]
    speakers: NDArray[np.str_]
    sessions: NDArray[np.int64]
    past: Past
    vectors: NDArray[np.float32] | None

    def around(self, at: int) -> Surroundings:
        """Return what stands around a turn."""
        sides = []
        for step in (-1, 1):
            places = [at + step * k for k in range(1, REACH + 1)]
            sides.append([p for p in places if self._beside(at, p)])
        voices = {str(self.speakers[p]) for p in (at, *sides[0], *sides[1])}
        before, after = (tuple(self.turn(p) for p in side) for side in sides)
        return Surroundings(before, after, crowd=len(voices) > 2)

    def _beside(self, at: int, place: int) -> bool:
        return 0 <= place < len(self.texts) and bool(self.sessions[place] == self.sessions[at])

    def turn(self, at: int) -> Turn:
        """Return one turn."""
        return Turn(self.texts[at], None if self.vectors is None else self.vectors[at])

    def rarity(self) -> Rarity:
        """Return how rare words are in this talk."""
        held = Counter(w for t in self.texts for w in set(_WORD.findall(t.lower().replace("\u2019", "'"))))
        most = len(self.texts) + 1.0

        def rarity(words: Sequence[str]) -> Floats:
            return np.array([np.log(most / (held[w] + 0.5)) for w in words])

        return rarity


def talk(texts: list[str], speakers: list[str], sessions: list[int], embedder: Embedder | None) -> Talk:
    """Return a talk with its vectors, rounded as they are kept."""
    vectors = None if embedder is None else embedder.embed(texts)
    rows = np.empty((len(texts), 0), np.int8) if vectors is None else to_rows(vectors)
    past = Past(np.arange(len(texts)), rows)
    return Talk(
        texts,
        np.array(speakers),
        np.array(sessions),
        past,
        None if vectors is None else past.vectors(past.seqs),
    )


def locomo(path: Path, embedder: Embedder | None) -> list[Talk]:
    """Return LoCoMo's talks: the words of the turns alone."""
    found = []
    for sample in json.loads(path.read_text(encoding="utf-8")):
        told = sample["conversation"]
        sessions = sorted(int(m[1]) for key in told if (m := _SESSION.fullmatch(key)))
        turns = [(turn, s) for s in sessions for turn in told[f"session_{s}"]]
        texts = [turn["text"] for turn, _ in turns]
        found.append(talk(texts, [turn["speaker"] for turn, _ in turns], [s for _, s in turns], embedder))
    return found


def irc(folder: Path, embedder: Embedder | None, logs: int) -> list[Talk]:
    """Return some logs of a channel, each as one talk."""
    found = []
    for path in sorted(folder.glob("*.txt"))[:logs]:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        said = [m for line in lines if (m := _LINE.match(line))]
        found.append(talk([m[2] for m in said], [m[1] for m in said], [0] * len(said), embedder))
    return found


def gaps(one: Talk, draw: Draw, seed: int = SEED) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each turn that is taken out, and the 20 candidates, that turn first."""
    rng = np.random.default_rng(seed)
    for at in range(1, len(one.texts) - 1):
        same = np.flatnonzero(one.speakers == one.speakers[at])
        others = np.array([p for p in same if abs(p - at) > REACH and one.texts[p] != one.texts[at]])
        if others.size < NEAREST:
            continue
        if draw == "nearest":
            assert one.vectors is not None
            near = one.vectors[others] @ (one.vectors[at - 1] + one.vectors[at + 1])
            others = others[np.argsort(-near)[:NEAREST]]
        yield at, np.concatenate(([at], rng.permutation(others)[: CANDIDATES - 1]))


def told(one: Talk, draw: Draw) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the traits of all candidates of all gaps, the true turn first, and which gaps are in a crowd.

    The traits have the shape (gaps, 20, traits).
    """
    rarity = one.rarity()
    found, crowds = [], []
    for at, candidates in gaps(one, draw):
        around = one.around(at)
        near_all = replied = None
        if one.vectors is not None:
            kept = np.ones(len(one.texts), dtype=bool)
            kept[candidates] = False
            own = one.speakers == one.speakers[at]
            near_all = near_anything(one.vectors[candidates], one.past, np.flatnonzero(kept & ~own))
            like = np.where(kept & own, alike(one.past, around), -np.inf)
            moments = np.argsort(-like)[:MOMENTS_MAX]
            replied = replies(one.past, around, moments[np.isfinite(like[moments])])
        turns = [one.turn(int(p)) for p in candidates]
        found.append(traits(around, turns, rarity, near_all, replied))
        crowds.append(around.crowd)
    return np.array(found), np.array(crowds)


def rebuilt(one: Talk, every: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Take every so manyth turn out and reconstruct it from all others, by meaning.

    Return the confidence of each, and whether the likeliest means about what was said (a cosine of .5).
    """
    assert one.vectors is not None
    rarity = one.rarity()
    sure, right = [], []
    for at in range(1, len(one.texts) - 1, every):
        own = one.speakers == one.speakers[at]

        def read(seqs: Sequence[int], own: NDArray[np.bool_] = own) -> list[Message]:
            return [
                Message(id=str(seq), text=one.texts[seq], at_us=0, seq=seq, own=bool(own[seq]))
                for seq in seqs
            ]

        past = Past(np.delete(one.past.seqs, at), np.delete(one.past.rows, at, axis=0))
        apart = (range(at - REACH, at + REACH + 1),)
        ranked = likeliest_by_meaning(one.around(at), past, apart, read, rarity)
        if ranked.messages:
            sure.append(confidence(ranked.rows[0], "meaning"))
            right.append(float(one.vectors[ranked.messages[0].seq] @ one.vectors[at]) >= ALIKE)
    return np.array(sure), np.array(right)
