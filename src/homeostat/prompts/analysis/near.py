"""Near duplicates: pairs of texts that share most of their runs of three words."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import count as counting
from itertools import pairwise

import numpy as np

SHINGLE_WORDS = 3
BANDS = 8
ROWS = 3
LIKENESS_MIN = 0.8
BUCKET_MAX = 50
"""A bucket of signatures that holds more is compared along a chain only, so that cost stays linear."""


def near_pairs(texts: Sequence[Sequence[str]]) -> list[tuple[int, int, float]]:
    """Return pairs of texts, as words, with their Jaccard index where it is at least 0.8.

    Candidates come from MinHash signatures in 8 bands of 3; each is then compared exactly, so no pair is
    told that is none. A pair of likeness 0.8 is missed with a probability of 0.3%, one of 0.9 with 3 in
    100,000. Source: Broder, "On the resemblance and containment of documents", 1997.

    >>> a = "the quick brown fox jumps over the lazy dog and runs away from it".split()
    >>> near_pairs([a, [*a, "today"], a[::-1]])
    [(0, 1, 0.923)]
    """
    shingles = _shingles(texts)
    signatures = _signatures(shingles)
    candidates: set[tuple[int, int]] = set()
    for band in range(BANDS):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        rows = np.ascontiguousarray(signatures[band * ROWS : (band + 1) * ROWS].T)
        for index, row in enumerate(rows):
            buckets[row.tobytes()].append(index)
        for bucket in buckets.values():
            if len(bucket) > BUCKET_MAX:
                candidates.update(pairwise(bucket))
            else:
                candidates.update((a, b) for i, a in enumerate(bucket) for b in bucket[i + 1 :])
    found = []
    for a, b in sorted(candidates):
        shared = len(np.intersect1d(shingles[a], shingles[b], assume_unique=True))
        likeness = shared / (len(shingles[a]) + len(shingles[b]) - shared)
        if likeness >= LIKENESS_MIN:
            found.append((a, b, round(likeness, 3)))
    return found


def _shingles(texts: Sequence[Sequence[str]]) -> list["np.ndarray[tuple[int], np.dtype[np.uint64]]"]:
    """Return the distinct runs of three words of each text as numbers."""
    ids: dict[str, int] = defaultdict(counting().__next__)
    found = []
    for words in texts:
        numbers = np.fromiter(map(ids.__getitem__, words), np.uint64, len(words))
        mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
        runs = np.zeros(max(len(words) - SHINGLE_WORDS + 1, 1), dtype=np.uint64)
        for offset in range(min(SHINGLE_WORDS, len(words))):
            runs = runs * np.uint64(0x100000001B3) + mixed[offset : offset + len(runs)]
        found.append(np.unique(runs))
    return found


def _signatures(
    shingles: Sequence["np.ndarray[tuple[int], np.dtype[np.uint64]]"],
) -> "np.ndarray[tuple[int, int], np.dtype[np.uint64]]":
    """Return the least hash of each text under each of 24 hash functions, one row a function."""
    generator = np.random.default_rng(0)
    if not shingles:
        return np.zeros((BANDS * ROWS, 0), dtype=np.uint64)
    flat = np.concatenate(list(shingles))
    starts = np.cumsum([0, *(len(s) for s in shingles[:-1])])
    rows = []
    for _ in range(BANDS * ROWS):
        factor, shift = generator.integers(1, 2**63, size=2, dtype=np.uint64)
        hashed = flat * (factor | np.uint64(1)) + shift
        hashed ^= hashed >> np.uint64(31)
        rows.append(np.minimum.reduceat(hashed, starts))
    return np.array(rows)
