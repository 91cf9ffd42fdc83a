"""A finder for tests of what surrounds the search: the store's own BM25, and nothing else."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.finding import Hit
from homeostat.companion.message import Message
from homeostat.companion.store.people import EVERYTHING, Memory, Within

_WORD = re.compile(r"\w+")


class ByWords:
    """Finds by words alone, in the order of the store's BM25."""

    def gist(self, memory: Memory, text: str) -> str:
        """Return all of it."""
        return text

    def said(self, memory: Memory, message: Message, row: NDArray[np.int8] | None) -> None:
        """Leave it to the store, which knows of it."""

    def find(
        self,
        memory: Memory,
        text: str,
        k: int,
        *,
        vector: NDArray[np.float32] | None = None,
        within: Within = EVERYTHING,
        but: Sequence[int] = (),
    ) -> list[Hit]:
        """Return the messages that share words with a text."""
        words = list(dict.fromkeys(_WORD.findall(text.lower())))[:64]
        seqs, scores = memory.lexical.match(words, k + len(but), within)
        found = [(s, x) for s, x in zip(seqs.tolist(), scores.tolist(), strict=True) if s not in but][:k]
        by_seq = {message.seq: message for message in memory.reading.by_seq([seq for seq, _ in found])}
        return [Hit(message=by_seq[s], score=x, why={"words": x}) for s, x in found if s in by_seq]
