"""Loci: the small clusters of like memories that rooms are made of."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

HALL = 0
"""The locus, and the room, of what says nothing by which it could be placed."""

WORDS_MAX = 32
WORDS_KEPT = 16

SIZE_FIRST = 32

_NEVER = np.float32(-9.0)


@dataclass(slots=True)
class Loci:
    """Up to `capacity` loci by their number. A locus is the sum of its memories' unit vectors.

    `count` is the number of memories, 0 for a number that is free; `room` the room that it belongs to;
    `place` where it stands from the middle of its room; `words` what is said there, with weights; `used` how
    many there are, the hall's aside.
    """

    dimensions: int
    capacity: int
    sums: NDArray[np.float32] = field(init=False)
    count: NDArray[np.int64] = field(init=False)
    room: NDArray[np.int32] = field(init=False)
    place: NDArray[np.float32] = field(init=False)
    words: list[dict[str, float]] = field(init=False)
    _scale: NDArray[np.float32] = field(init=False)
    _bias: NDArray[np.float32] = field(init=False)
    used: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        size = min(SIZE_FIRST, self.capacity + 1)
        self.sums = np.zeros((size, self.dimensions), np.float32)
        self.count = np.zeros(size, np.int64)
        self.room = np.zeros(size, np.int32)
        self.place = np.zeros((size, 3), np.float32)
        self.words = [{} for _ in range(size)]
        self._scale = np.zeros(size, np.float32)
        self._bias = np.full(size, _NEVER, np.float32)

    def reserve(self, size: int) -> None:
        """Have numbers below `size`, in steps that double: who said little takes little memory."""
        more = min(max(size, 2 * len(self.count)), self.capacity + 1) - len(self.count)
        if size <= len(self.count) or more <= 0:
            return
        self.sums = np.concatenate([self.sums, np.zeros((more, self.dimensions), np.float32)])
        self.count = np.concatenate([self.count, np.zeros(more, np.int64)])
        self.room = np.concatenate([self.room, np.zeros(more, np.int32)])
        self.place = np.concatenate([self.place, np.zeros((more, 3), np.float32)])
        self.words += [{} for _ in range(more)]
        self._scale = np.concatenate([self._scale, np.zeros(more, np.float32)])
        self._bias = np.concatenate([self._bias, np.full(more, _NEVER, np.float32)])

    def nearest(self, row: NDArray[np.float32]) -> tuple[int, float]:
        """Return the locus most like a unit vector, and the cosine; (HALL, -1) where there is none."""
        cosines = self.sums @ row
        cosines *= self._scale
        cosines += self._bias
        best = int(cosines.argmax())
        return (best, float(cosines[best])) if self._bias[best] == 0 else (HALL, -1.0)

    def found(self, room: int, place: NDArray[np.float32]) -> int:
        """Take a free number for a new locus, which must get a memory at once; there must be one."""
        if self.used + 1 == len(self.count):
            self.reserve(len(self.count) + 1)
        locus = int(np.argmax(self._bias[1:] != 0)) + 1
        self.room[locus] = room
        self.place[locus] = place
        return locus

    def add(self, locus: int, row: NDArray[np.float32]) -> None:
        """Add a memory's unit vector."""
        self.count[locus] += 1
        if locus == HALL:
            return
        self.set(locus, self.sums[locus] + row, int(self.count[locus]))

    def set(self, locus: int, total: NDArray[np.float32], count: int) -> None:
        """Say what a locus comes to: the sum of its memories' vectors, and their number."""
        self.sums[locus] = total
        self.count[locus] = count
        length = math.sqrt(float(total @ total))
        self._scale[locus] = 1.0 / length if length > 0 else 0.0
        if self._bias[locus] != 0:
            self._bias[locus] = 0
            self.used += 1

    def means(self, loci: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the mean vectors of loci in 16 bits, as they are kept: the upper half of float32, rounded.

        Their directions are right to 1 in 500, and numpy makes them ten times as fast as float16.
        """
        counts = np.maximum(self.count[loci], 1).astype(np.float32)
        bits = (self.sums[loci] / counts[:, None]).view(np.uint32)
        return ((bits + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint16)

    def restore(self, loci: NDArray[np.int64], means: NDArray[np.uint16], counts: NDArray[np.int64]) -> None:
        """Say what loci come to, by the means that were kept; those with a count of 0 stay free."""
        self.count[loci] = counts
        there = (counts > 0) & (loci != HALL)
        loci, means, counts = loci[there], means[there], counts[there]
        floats = (means.astype(np.uint32) << np.uint32(16)).view(np.float32)
        sums = floats * counts.astype(np.float32)[:, None]
        self.sums[loci] = sums
        lengths = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        self._scale[loci] = 1.0 / np.maximum(lengths, np.float32(1e-12))
        self._bias[loci] = 0
        self.used = int(np.count_nonzero(self._bias == 0))

    def direction(self, locus: int) -> NDArray[np.float32]:
        """Return the unit vector that is most like the memories there."""
        found: NDArray[np.float32] = self.sums[locus] * self._scale[locus]
        return found

    def alive(self) -> NDArray[np.int64]:
        """Return the numbers that are in use, the hall's aside."""
        return np.flatnonzero(self._bias == 0)

    def merge(self, kept: int, gone: int) -> NDArray[np.float32]:
        """Put the memories of one locus to another of the same room; the number that is gone is free again.

        Return the place between the two where they should stand.
        """
        share = np.float32(self.count[gone] / max(self.count[gone] + self.count[kept], 1))
        place: NDArray[np.float32] = self.place[kept] + share * (self.place[gone] - self.place[kept])
        for word, weight in self.words[gone].items():
            self.words[kept][word] = self.words[kept].get(word, 0.0) + weight
        self.prune(kept)
        total = self.sums[kept] + self.sums[gone]
        count = int(self.count[kept] + self.count[gone])
        self.drop(gone)
        self.set(kept, total, count)
        return place

    def drop(self, locus: int) -> None:
        """Free a number."""
        self.sums[locus] = 0
        self.count[locus] = 0
        self.words[locus] = {}
        self._scale[locus] = 0
        if self._bias[locus] == 0:
            self._bias[locus] = _NEVER
            self.used -= 1

    def say(self, locus: int, weights: dict[str, float]) -> None:
        """Count words that are said there; of many, those are kept that weigh most."""
        held = self.words[locus]
        for word, weight in weights.items():
            held[word] = held.get(word, 0.0) + weight
        if len(held) > WORDS_MAX:
            self.prune(locus)

    def prune(self, locus: int) -> None:
        """Keep the words that weigh most; of equals those that came first."""
        held = self.words[locus]
        if len(held) > WORDS_KEPT:
            kept = sorted(held, key=held.__getitem__, reverse=True)[:WORDS_KEPT]
            self.words[locus] = {word: held[word] for word in kept}
