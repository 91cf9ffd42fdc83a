"""BM25 over packed postings."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.bm25 import K1, idf, norms

BLOCK = 512
"""Messages whose postings of one word lie together: at most 2 KiB, which PostgreSQL keeps in the row.

A posting is 10 bits of place and 22 of count.
"""

COUNT_BITS = 22
_COUNT = (1 << COUNT_BITS) - 1
PACKED = np.dtype("<u4")


def placed(seq: int) -> tuple[int, int]:
    """Return the block of a message and its place in it; the first seq is 1."""
    return divmod(seq - 1, BLOCK)


def packed(place: int, count: int) -> bytes:
    """Return one posting: a message of a block that has a word `count` times."""
    return (place << COUNT_BITS | min(count, _COUNT)).to_bytes(PACKED.itemsize, "little")


def without(body: bytes, places: Sequence[int]) -> bytes:
    """Return postings of a block without those of some messages."""
    postings = np.frombuffer(body, PACKED)
    return postings[~np.isin(postings >> COUNT_BITS, places)].tobytes()


def scored(
    postings: Sequence[Sequence[tuple[int, bytes]]],
    lengths: Mapping[int, bytes],
    count: int,
    words: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the seqs, ascending, of all messages that have any of the words, and their scores.

    `postings` has for each word its (block, body); `lengths` the words of each message by block, as `PACKED`
    integers; `count` and `words` are those of all messages. Costs 20 ns a posting.
    """
    found = [_unpacked(blocks) for blocks in postings if blocks]
    if not found:
        return np.empty(0, np.int64), np.empty(0)
    end = BLOCK * (max(lengths) + 1)
    of_each = np.zeros(end)
    for block, body in lengths.items():
        some = np.frombuffer(body, PACKED)
        of_each[block * BLOCK : block * BLOCK + len(some)] = some
    damping = norms(of_each, words / count)
    total = np.zeros(end)
    for where, often in found:
        share = often / (often + damping[where])
        total[where] += idf(count, len(where)) * (K1 + 1) * share
    hit = np.flatnonzero(total)
    return hit + 1, total[hit]


def best(
    seqs: NDArray[np.int64], scores: NDArray[np.float64], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the `limit` best, the best first; equal scores stand in the order of their seqs."""
    if limit < len(seqs):
        bar = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        near = scores >= bar
        seqs, scores = seqs[near], scores[near]
    order = np.lexsort((seqs, -scores))[:limit]
    return seqs[order], scores[order]


def _unpacked(blocks: Sequence[tuple[int, bytes]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    parts = [(block, np.frombuffer(body, PACKED)) for block, body in blocks]
    where = np.concatenate([(part >> COUNT_BITS).astype(np.int64) + block * BLOCK for block, part in parts])
    often = np.concatenate([part & _COUNT for _, part in parts]).astype(np.float64)
    return where, often
