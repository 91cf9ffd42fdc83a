"""The vocabulary: in how many messages each word was, and the sketch of a text that follows from it."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.words import hashed, words

BUCKETS = 16_384
SKETCH_DIMENSIONS = 384
SKETCH_MODEL = f"words-1/{SKETCH_DIMENSIONS}"
STEM = 5
"""Words count half by their first letters, so that "paint", "painted" and "painting" are related."""

_COUNT_MAX = 65_535
_MIX = 0x2C1B3C6D
_MIX_STEMS = 0x297A2D39
"""CRCs are linear: without being mixed, words and their stems would fall together."""


@dataclass(frozen=True, slots=True)
class Saying:
    """The words of one text: each once, how often, its hash, and how rare it was until then, in nats."""

    words: list[str]
    counts: list[int]
    hashes: NDArray[np.int64]
    rarity: NDArray[np.float64]


class Vocabulary:
    """Counts of messages by hashed word: 32 kB a person, whatever the size of the vocabulary.

    Words that share a bucket count together, so a count is never too low.
    """

    def __init__(self, messages: int = 0, counts: NDArray[np.uint16] | None = None) -> None:
        self.messages = messages
        self.counts = np.zeros(BUCKETS, np.uint16) if counts is None else counts

    def read(self, text: str) -> Saying:
        """Return the words of a text, each with its rarity."""
        found = Counter(words(text))
        hashes = np.array(hashed(found), np.int64)
        return Saying(list(found), list(found.values()), hashes, self.rarity(hashes))

    def rarity(self, hashes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the inverse document frequency of words, in nats: about 0 for what is in every message."""
        found: NDArray[np.float64] = np.log((self.messages + 2.0) / (self.counts_of(hashes) + 1.0))
        return found

    def counts_of(self, hashes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return in how many messages words were, by their hashes; never too few."""
        return np.minimum(self.counts[hashes % BUCKETS].astype(np.int64), self.messages)

    def add(self, saying: Saying) -> None:
        """Count the words of one more message."""
        self.messages += 1
        slots = saying.hashes % BUCKETS
        self.counts[slots] = np.minimum(self.counts[slots], _COUNT_MAX - 1) + np.uint16(1)


def sketch(saying: Saying) -> NDArray[np.float32]:
    """Return the text's vector of length one, all zero where no word tells anything.

    TF-IDF, hashed with signs into `SKETCH_DIMENSIONS` (Weinberger et al. 2009): products of sketches are
    those of the full vectors, plus noise of about 1/sqrt(dimensions).
    """
    if not saying.words:
        return np.zeros(SKETCH_DIMENSIONS, np.float32)
    weights = saying.rarity * [1.0 + math.log(count) if count > 1 else 1.0 for count in saying.counts]
    stems = np.array(hashed([word[:STEM] for word in saying.words]), np.int64)
    hashes = np.concatenate([saying.hashes * _MIX >> 8, stems * _MIX_STEMS >> 8]) & 0xFFFFFFFF
    weighed = np.concatenate([weights, 0.5 * weights]) * (1.0 - 2.0 * (hashes >> 16 & 1))
    row = np.bincount(hashes % SKETCH_DIMENSIONS, weighed, SKETCH_DIMENSIONS)
    length = math.sqrt(float(row @ row))
    return (row / length if length > 0 else row).astype(np.float32)
