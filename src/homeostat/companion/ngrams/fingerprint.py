"""The fingerprint: which words, pairs and triples of words a person uses, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.ngrams.spoken import Hashes, Spoken, spoken
from homeostat.companion.ngrams.tally import EMPTY, Tally, tallied

ORDERS = (1, 2, 3)
GRAMS_MAX = 4_096
"""N-grams that are kept of each order, at least; up to twice as many between two cuts."""

TEXTS_PENDING_MAX = 256
VERSION = 1
_KINDS = (("<u1", 2**8), ("<u2", 2**16), ("<u4", 2**32), ("<i8", 2**63))


@dataclass(frozen=True, slots=True)
class Gram:
    """An n-gram: said at least `count` times, at most `count + lack` times, last in message `seq`."""

    key: int
    count: int
    lack: int
    seq: int


class Fingerprint:
    """Counts of word n-grams, learned message by message.

    Exact: the totals, and every count while no more than `2 * GRAMS_MAX` different n-grams of an order came.
    After that the rarest are let go, and each count is known between two bounds (see `Tally`). N-grams are
    told apart by 64 bits: of m different ones, some two are one with a probability below m * m / 2**65
    (a million: 3 in 100 million) unless they were made to collide. No text is kept.

    Cost: 0.2 us a word for all three orders together, in batches; messages that come one by one are gathered,
    so that one more costs a few us; 0.7 MB at most, 0.3 MB in the notes.
    """

    def __init__(self) -> None:
        self._tallies = dict.fromkeys(ORDERS, EMPTY)
        self._texts: list[str] = []
        self._seqs: list[int] = []

    def add(self, text: str, seq: int) -> None:
        """Learn one message."""
        self._texts.append(text)
        self._seqs.append(seq)
        if len(self._texts) >= TEXTS_PENDING_MAX:
            self._fold()

    def extend(self, texts: Sequence[str], seqs: Sequence[int]) -> None:
        """Learn messages, in ascending order of seq."""
        self._fold()
        self.learn(spoken(texts), np.asarray(seqs, dtype=np.int64))

    def learn(self, said: Spoken, seqs: NDArray[np.int64]) -> None:
        """Learn messages whose words were told apart already; `seqs` has one for each message."""
        for order in ORDERS:
            keys, firsts = said.ngrams(order)
            places = seqs[said.message[firsts]]
            self._tallies[order] = tallied(self._tallies[order], keys, places, GRAMS_MAX)

    def tally(self, order: int) -> Tally:
        """Return the counts of the n-grams of an order."""
        self._fold()
        return self._tallies[order]

    def most(self, order: int, limit: int) -> list[Gram]:
        """Return the n-grams of an order that were said most."""
        tally = self.tally(order)
        columns = (tally.keys, tally.counts, tally.lacks, tally.latest)
        chosen = tally.most(limit)
        return [Gram(*row) for row in zip(*(c[chosen].tolist() for c in columns), strict=True)]

    def count(self, words: str) -> tuple[int, int]:
        """Return the least and the most often that one to three words were said in a row."""
        said = spoken([words])
        order = said.hashes.size
        if order not in ORDERS:
            raise ValueError(f"an n-gram has one to three words, not {order}")
        return self.tally(order).count(int(said.ngrams(order)[0][0]))

    def to_bytes(self) -> bytes:
        """Return the whole, for the notes."""
        self._fold()
        kept = {order: _packed(tally) for order, tally in self._tallies.items()}
        return msgspec.msgpack.encode((VERSION, kept))

    @classmethod
    def of_bytes(cls, data: bytes) -> "Fingerprint | None":
        """Return what was written; None where another version wrote it."""
        try:
            version, kept = msgspec.msgpack.decode(data, type=tuple[int, dict[int, _Packed]])
        except msgspec.MsgspecError:
            return None
        if version != VERSION:
            return None
        found = cls()
        found._tallies = {order: _unpacked(packed) for order, packed in kept.items()}
        return found

    def _fold(self) -> None:
        if self._texts:
            texts, seqs = self._texts, self._seqs
            self._texts, self._seqs = [], []
            self.learn(spoken(texts), np.array(seqs, dtype=np.int64))


class _Packed(msgspec.Struct, array_like=True):
    """A tally on its way to the notes: columns of as few bytes as their numbers need."""

    keys: bytes
    counts: tuple[str, bytes]
    lacks: tuple[str, bytes]
    latest: tuple[str, bytes]
    total: int
    floor: int


def _packed(tally: Tally) -> _Packed:
    keys = tally.keys.astype("<u8").tobytes()
    counts, lacks, latest = (_narrow(column) for column in (tally.counts, tally.lacks, tally.latest))
    return _Packed(keys, counts, lacks, latest, tally.total, tally.floor)


def _unpacked(packed: _Packed) -> Tally:
    keys: Hashes = np.frombuffer(packed.keys, dtype="<u8").astype(np.uint64)
    counts, lacks, latest = (
        np.frombuffer(data, dtype=kind).astype(np.int64)
        for kind, data in (packed.counts, packed.lacks, packed.latest)
    )
    return Tally(keys, counts, lacks, latest, packed.total, packed.floor)


def _narrow(column: NDArray[np.int64]) -> tuple[str, bytes]:
    most = int(column.max(initial=0))
    kind = next(kind for kind, top in _KINDS if most < top)
    return kind, column.astype(kind).tobytes()
