"""The word column: what words each of a person's messages has, as numbers, and which messages answer to some.

The store finds by words too, of any memory and at once; a question costs it a millisecond, most of it in
statements. Here every word of a memory is looked through, 1 ns each, and nothing is asked of the store.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.bm25 import K1, idf, norms
from homeostat.companion.store.spaced import spaced
from homeostat.companion.store.telling import without_common
from homeostat.companion.store.words import Words, length

Number = TypeVar("Number", np.uint32, np.int32)

KNOWN_MAX = 32_768
"""Words whose numbers are kept ready, of all people together; most that is said is said in few words."""

_LOW = 1 << 16


class Numbering:
    """The numbers of words, for as many memories as there are. Safe for threads."""

    def __init__(self) -> None:
        words = Words()

        @lru_cache(KNOWN_MAX)
        def numbered(part: str) -> tuple[tuple[int, ...], int]:
            terms = words.of(part)
            return tuple(crc32(term.encode()) for term in terms.elements()), length(terms)

        self._numbered = numbered

    def of(self, text: str) -> tuple[list[int], int]:
        """Return the numbers of all terms of a text, and how many words it has."""
        numbers: list[int] = []
        words = 0
        for part in spaced(text).split():
            found, count = self._numbered(part)
            numbers += found
            words += count
        return numbers, words

    def asked(self, words: Iterable[str]) -> list[int]:
        """Return the numbers by which words are looked for: of each part as a whole, without common ones."""
        telling = without_common(part for word in words for part in spaced(word).split())
        return [found[-1] for found, _ in map(self._numbered, telling) if found]


class WordColumn:
    """The words of each message, one message after the other.

    A message answers together with the one before it in its talk, as in the store. Two words of one number
    are taken for the same: of 10,000 words, one time in a hundred there are such two.
    """

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._count = 0
        self._numbers = np.empty(0, np.uint32)
        self._ends = np.empty(0, np.int32)
        self._lengths = np.empty(0, np.int32)

    @property
    def size_bytes(self) -> int:
        """What this takes in memory."""
        return self._numbers.nbytes + self._ends.nbytes + self._lengths.nbytes

    def extend(self, texts: Sequence[str]) -> None:
        """Take the texts of messages that follow those that are here."""
        numbers: list[int] = []
        ends, lengths = [], []
        begin = self._end
        for text in texts:
            found, words = self._numbering.of(text)
            numbers += found
            ends.append(begin + len(numbers))
            lengths.append(words)
        count = self._count + len(texts)
        self._numbers = _with_room(self._numbers, begin, begin + len(numbers))
        self._ends = _with_room(self._ends, self._count, count)
        self._lengths = _with_room(self._lengths, self._count, count)
        self._numbers[begin : begin + len(numbers)] = numbers
        self._ends[self._count : count] = ends
        self._lengths[self._count : count] = lengths
        self._count = count

    def scores(self, asked: Iterable[str], before: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the BM25 score of each message, 0 where it has none of the words that are asked for.

        `before` holds the place of the message before each in its talk, -1 where there is none.
        """
        terms = np.array(sorted(set(self._numbering.asked(asked))), np.uint32)
        which, places = self._said(terms)
        if not len(places):
            return np.zeros(self._count, np.float32)
        has = np.flatnonzero(before >= 0)
        after = np.full(self._count, -1, np.int32)
        after[before[has]] = has
        lengths = self._lengths[: self._count].copy()
        lengths[has] += self._lengths[before[has]]
        follower = after[places]
        own = which * self._count + places
        lent = (own - places + follower)[follower >= 0]
        pairs, often = np.unique(np.concatenate((own, lent)), return_counts=True)
        word, place = np.divmod(pairs, self._count)
        weights = idf(self._count, np.bincount(word, minlength=len(terms)))[word] * (K1 + 1)
        damped = often + norms(lengths[place], float(lengths.mean()))
        return np.bincount(place, weights * often / damped, self._count).astype(np.float32)

    @property
    def _end(self) -> int:
        return int(self._ends[self._count - 1]) if self._count else 0

    def _said(self, terms: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which of some terms are said and at which places, once for each time."""
        numbers = self._numbers[: self._end]
        listed = np.zeros(_LOW, np.bool_)
        listed[terms % _LOW] = True
        maybe = np.flatnonzero(listed[numbers % _LOW])  # half of the bits tell almost all apart, quickly
        found = numbers[maybe]
        which = np.searchsorted(terms, found)
        which[which == len(terms)] = 0
        is_one = terms[which] == found if len(terms) else np.zeros(0, np.bool_)
        return which[is_one], np.searchsorted(self._ends[: self._count], maybe[is_one], side="right")


def _with_room(column: NDArray[Number], used: int, needed: int) -> NDArray[Number]:
    if needed <= len(column):
        return column
    wider = np.empty(max(needed, len(column) + len(column) // 16 + 64), column.dtype)
    wider[:used] = column[:used]
    return wider
