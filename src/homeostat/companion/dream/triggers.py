"""Triggers: what a person asked never to meet; memories of it are left out before anything is made of them.

A dream needs some dozen of a person's memories: to leave out many more than speak of a trigger costs nothing.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory
from homeostat.companion.store.telling import COMMON
from homeostat.companion.store.words import Words
from homeostat.companion.turns import KIND as TURN
from homeostat.core.embedder import Embedder
from homeostat.evaluate.emotion.affect import affect_of

NEAR = 3
"""Messages before and after one that speaks of a trigger are of the same matter."""

ALIKE_MIN = 0.18
"""A message whose vector has this cosine with a trigger's may speak of it."""

DOUBTFUL_MIN = 0.1
"""From this cosine on a message is told only where it is glad."""

ALIKE_SHARE = 0.1
"""Of all messages, so many that are nearest to a trigger are left out, whatever their cosine."""

Seqs = NDArray[np.int64]

PREFIX_CHARS = 4
MATCHES_MAX = 2_000

FORMS = (
    "{}",
    "this is about {}",
    "{} happened to me and I was frightened",
    "I remember {}",
    "a memory of {}",
)


@dataclass(frozen=True, slots=True)
class Near:
    """The seqs of messages that may speak of a trigger: those left out, and those told only where glad."""

    out: frozenset[int] = frozenset()
    doubtful: frozenset[int] = frozenset()


class Triggers:
    """The triggers of one person, as stems of words and, with an embedder, as vectors.

    Related words are those of our own lists: `spider` stands for webs as well, and `funeral` for death.
    Without an embedder a trigger that is told in other words is not seen; then memories are told only where
    they are glad, by the words that we know (`spares` refuses all others).
    """

    def __init__(self, triggers: Sequence[str], words: Words, embedder: Embedder | None = None) -> None:
        self.given = tuple(triggers)
        self._words = words
        self._embedder = embedder
        stems: set[str] = set()
        phrases: list[frozenset[str]] = []
        for trigger in triggers:
            own = stems_of(trigger, words)
            stems |= own
            phrases += _related(own, words)
        stems |= {stem for phrase in phrases if len(phrase) == 1 for stem in phrase}
        self._stems = frozenset(stems)
        self._phrases = tuple(phrase for phrase in phrases if len(phrase) > 1)
        self._begins = tuple(stem for stem in stems if len(stem) >= PREFIX_CHARS)

    def __bool__(self) -> bool:
        return bool(self.given)

    def in_text(self, text: str) -> bool:
        """Tell whether a text speaks of a trigger, by its words."""
        if not self.given:
            return False
        found = {stem for term in self._words.of(text) for stem in term.split("\0")}
        if not found.isdisjoint(self._stems) or any(phrase <= found for phrase in self._phrases):
            return True
        return any(stem.startswith(begin) for stem in found for begin in self._begins)

    def spares(self, message: Message, near: "Near") -> bool:
        """Tell whether a message must be left out."""
        if not self.given:
            return False
        doubtful = self._embedder is None or message.seq in near.doubtful
        if message.seq in near.out or (doubtful and affect_of(message.text).valence <= 0.0):
            return True
        return self.in_text(message.text)

    def near(self, memory: Memory) -> "Near":
        """Return which messages may speak of a trigger, or stand next to one that does.

        By vectors it costs the embedding of the triggers, and reading the rows of all messages.
        """
        if not self.given:
            return Near()
        hit: set[int] = set()
        for word in sorted(self._stems):
            hit.update(memory.lexical.match([word], MATCHES_MAX)[0].tolist())
        beside = {seq + step for seq in hit for step in range(-NEAR, NEAR + 1)}
        if self._embedder is None:
            return Near(frozenset(beside))
        alike, doubtful = self._alike(memory, self._embedder)
        return Near(frozenset(beside.union(alike.tolist())), frozenset(doubtful.tolist()))

    def _alike(self, memory: Memory, embedder: Embedder) -> tuple[Seqs, Seqs]:
        seqs, rows = memory.vectors.load(TURN, embedder.model)
        if not len(seqs):
            return seqs, seqs
        vectors = rows.astype(np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        meant = embedder.embed([form.format(trigger) for trigger in self.given for form in FORMS])
        alike = vectors @ meant.T.astype(np.float32)
        best = alike.reshape(len(seqs), len(self.given), len(FORMS)).max(2)
        nearest = best.max(1)
        out = nearest >= ALIKE_MIN
        most = int(ALIKE_SHARE * len(seqs))
        if most:
            bounds = np.partition(best, len(seqs) - most, axis=0)[len(seqs) - most]
            out |= (best >= bounds).any(1)
        return seqs[out], seqs[~out & (nearest >= DOUBTFUL_MIN)]


def stems_of(text: str, words: Words) -> set[str]:
    """Return the telling stems of a trigger; all of them where none is telling."""
    plain = [word for word in text.casefold().split() if word.strip("'’") not in COMMON] or text.split()
    return {stem for word in plain for term in words.of(word) for stem in term.split("\0")}


@cache
def _groups() -> tuple[tuple[str, ...], ...]:
    text = files(__package__).joinpath("related.toml").read_text(encoding="utf-8")
    return tuple(tuple(entry) for entry in tomllib.loads(text)["groups"].values())


def _related(stems: set[str], words: Words) -> Iterable[frozenset[str]]:
    """Yield the stems of the words and phrases that are in a list with one of these."""
    for group in _groups():
        entries = [frozenset(words.of(entry)) for entry in group]
        if any(len(entry) == 1 and not entry.isdisjoint(stems) for entry in entries):
            yield from entries
