"""Features of replies and of what they answer: vectors of fixed size, with or without an embedder."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.mirror.voice.plain import WORD
from homeostat.evaluate.function_words import FUNCTION_WORDS

BAG = 512
BAG_BESIDE_VECTORS = 256
OPENINGS = 128
PLACES = 13
FADING = 0.7
"""A turn counts so much less than the one after it."""

FOCUS = 6.0
"""How sharply what is known of the person is narrowed to what the last turn is about."""

CHARS_MAX = 1_000
"""Of a turn so much is looked at."""

TURNS_MAX = 30
"""So many turns before the reply are looked at."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_COMMON = 0.3
"""What a function word weighs beside another."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said, and whether the person said it whose reply is looked for; `vector` is its embedding."""

    text: str
    own: bool
    vector: Floats | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What a reply answers: the turns so far, the last one last, and what is known of the person.

    `about` are statements by or about the person, their vectors in `about_vectors` of shape (n, d).
    """

    turns: Sequence[Turn]
    about: Sequence[str] = ()
    about_vectors: Floats | None = None


def words_of(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return WORD.findall(text[:CHARS_MAX].lower())


def bag(words: Sequence[str], size: int) -> Floats:
    """Return the words hashed to a vector of length one."""
    found = np.zeros(size, np.float32)
    for word in set(words):
        found[crc32(word.encode("utf-8", "replace")) % size] += _COMMON if word in FUNCTION_WORDS else 1.0
    length = float(np.linalg.norm(found))
    return found / length if length else found


def opening(words: Sequence[str]) -> Floats:
    """Return the first one, two and three words, hashed."""
    found = np.zeros(OPENINGS, np.float32)
    for count in range(1, min(3, len(words)) + 1):
        found[crc32(" ".join(words[:count]).encode("utf-8", "replace")) % OPENINGS] += 1.0
    return found


def marks(text: str) -> Floats:
    """Return whether it asks at its end or anywhere, whether it exclaims, and how long it is."""
    asks = text.rstrip(" \"'").endswith("?")
    return np.array([asks, "?" in text, "!" in text, np.log1p(min(len(text), CHARS_MAX)) / 5], np.float32)


def reply_features(text: str, vector: Floats | None) -> Floats:
    """Return the features of a reply, its vector or bag of words first."""
    words = words_of(text)
    if vector is None:
        return np.concatenate((bag(words, BAG), opening(words), marks(text)))
    return np.concatenate((vector, bag(words, BAG_BESIDE_VECTORS), opening(words), marks(text)))


def situation_features(situation: Situation) -> Floats:
    """Return the features of what is answered: turns, what is known, openings, place and marks."""
    turns = situation.turns[-TURNS_MAX:]
    last = turns[-1]
    rows = np.array([turn_row(turn) for turn in turns])
    fading = FADING ** np.arange(len(turns))[::-1]
    recent = (rows * (fading / fading.sum())[:, None]).sum(0)
    ending = words_of(_SENTENCE.split(last.text[-CHARS_MAX:].strip())[-1])
    place = np.zeros(PLACES, np.float32)
    place[min(len(situation.turns), PLACES - 1)] = 1.0
    whole = opening(words_of(last.text))
    parts = (rows[-1], recent, known(situation, rows[-1]), opening(ending), whole, place, marks(last.text))
    return np.concatenate(parts).astype(np.float32)


def turn_row(turn: Turn) -> Floats:
    """Return the turn's vector, or its bag of words."""
    return bag(words_of(turn.text), BAG) if turn.vector is None else turn.vector


def about_rows(situation: Situation) -> Floats:
    """Return a row for each statement about the person, shape (n, d)."""
    if situation.about_vectors is not None:
        return situation.about_vectors
    return np.array([bag(words_of(text), BAG) for text in situation.about], np.float32)


def known(situation: Situation, last: Floats) -> Floats:
    """Return what is known of the person, narrowed to what the last turn is about."""
    if not len(situation.about):
        return np.zeros_like(last)
    rows = about_rows(situation)
    focus = np.exp(FOCUS * (rows @ last))
    found: Floats = (rows * (focus / focus.sum())[:, None]).sum(0)
    return found
