"""Following: brings the index of a person up to their memory before it is searched."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.residents import Residents
from homeostat.companion.search.connected import connected
from homeostat.companion.search.index import Index
from homeostat.companion.search.packed_rows import PackedRows
from homeostat.companion.search.word_column import Numbering
from homeostat.companion.store.people import Memory
from homeostat.core.embedder import Embedder
from homeostat.runtime.host import Host

NAME = "search"
TURN = "turn"
BATCH = 2_000
"""Messages that are read at once where an index is made."""


class Following:
    """Indexes among the residents, each read again only where its memory says that it must."""

    def __init__(self, host: Host, embedder: Embedder | None, residents: Residents) -> None:
        self._embedder = embedder
        self._residents = residents
        self._numbering = Numbering()
        self._made = host.counter("companion.search_indexes_made", "1")

    def index(self, memory: Memory) -> Index:
        """Return a memory's index as of now."""
        extent = memory.extent()
        index = kept = self._residents.get(memory.person, NAME, Index)
        size = 0 if kept is None else kept.size_bytes
        if index is None or index.generation != extent.generation:
            index = Index(extent.generation, self._numbering)
            self._made.add(1)
        while index.count < extent.count:
            messages = memory.reading.after(index.last, BATCH)
            if not messages:
                break
            index.extend(messages)
        if self._embedder is not None and index.count:
            self._follow_turns(index, memory, self._embedder)
        index.connected = connected(memory, index.seq, index.connected)
        if index is not kept or index.size_bytes != size:
            self._residents.put(memory.person, NAME, index, size_bytes=index.size_bytes)
        return index

    def said(self, person: str, message: Message, row: NDArray[np.int8] | None) -> None:
        """Take a message that was kept a moment ago, where all before it is here; else it is read later.

        An index of an earlier generation may take it too: the next call of `index` makes it anew.
        """
        index = self._residents.get(person, NAME, Index)
        if index is None or message.seq != index.last + 1:
            return
        size = index.size_bytes
        index.extend([message])
        if row is not None and index.turns is not None:
            index.turns.reserve(index.count)
            index.turns.put(np.array([index.count - 1]), row[np.newaxis])
        if index.size_bytes != size:
            self._residents.put(person, NAME, index, size_bytes=index.size_bytes)

    def _follow_turns(self, index: Index, memory: Memory, embedder: Embedder) -> None:
        if index.turns is None:
            index.turns = PackedRows(embedder.dimensions)
        after = _missing_after(index, index.turns)
        if after is not None:
            _take(index, index.turns, *memory.vectors.load(TURN, embedder.model, after))


def _missing_after(index: Index, rows: PackedRows) -> int | None:
    """Make room for all messages; return the seq after which rows are missing, None where none are."""
    rows.reserve(index.count)
    if rows.complete == index.count:
        return None
    return int(index.seq[rows.complete - 1]) if rows.complete else 0


def _take(index: Index, rows: PackedRows, seqs: NDArray[np.int64], vectors: NDArray[np.int8]) -> None:
    places, here = index.places_of(seqs)
    if here.any():
        rows.put(places[here], vectors[here])
