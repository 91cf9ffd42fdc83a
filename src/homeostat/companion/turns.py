"""The vectors of turns: one row for each message, made when it comes or, for many at once, soon after."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.store.people import Memory, NewRows
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.rows import to_rows

KIND = "turn"
NOTE = "turns"


class Followed(msgspec.Struct, frozen=True, array_like=True):
    """How far the rows are complete, of which embedder, and in which generation that was so."""

    model: str
    last: int
    generation: int


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that have no row, as of a generation, up to a seq; `rest` where others may follow."""

    seqs: list[int]
    texts: list[str]
    last: int
    generation: int
    rest: bool


def model_of(memory: Memory) -> str | None:
    """Return the model whose rows are kept, None where no part has looked after them yet."""
    note = memory.notes.get(NOTE)
    return None if note is None else msgspec.msgpack.decode(note, type=Followed).model


class Turns:
    """Makes the rows that are missing, of messages that came by the thousand or before the embedder.

    An edited message gets its new row with the edit; a new generation has it look for rows that are missing
    from the beginning, and makes none anew that is there.
    """

    name = "turns"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The embedder's."""
        return self._embedder.model

    def row(self, text: str) -> NDArray[np.float32]:
        """Return the vector of one text, shape (d,)."""
        vector: NDArray[np.float32] = self._embedder.embed([text])[0]
        return vector

    def of(self, vectors: NDArray[np.float32]) -> NewRows:
        """Return vectors as the rows that are kept with their messages."""
        return NewRows(KIND, self._embedder.model, to_rows(vectors))

    def keep(self, memory: Memory, seqs: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Keep the rows of messages that are kept already."""
        memory.vectors.put(KIND, self._embedder.model, seqs, to_rows(vectors))

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Make the rows of up to `limit` messages that have none."""
        missing = self.missing(memory, limit)
        return self.made(memory, missing, self.rows(missing))

    def missing(self, memory: Memory, limit: int) -> "Missing":
        """Return which of the next `limit` messages have no row."""
        generation = memory.extent().generation
        followed = self._followed(memory, generation)
        messages = memory.reading.after(followed.last, limit)
        have: set[int] = set()
        if messages:
            have.update(memory.vectors.load(KIND, self._embedder.model, followed.last)[0].tolist())
        without = [message for message in messages if message.seq not in have]
        return Missing(
            seqs=[message.seq for message in without],
            texts=[message.text for message in without],
            last=messages[-1].seq if messages else followed.last,
            generation=generation,
            rest=len(messages) == limit,
        )

    def rows(self, missing: "Missing") -> NDArray[np.float32]:
        """Return the vectors of what is missing. It takes its time, and touches no memory."""
        if not missing.texts:
            return np.empty((0, self._embedder.dimensions), np.float32)
        return self._embedder.embed(missing.texts)

    def made(self, memory: Memory, missing: "Missing", vectors: NDArray[np.float32]) -> bool:
        """Keep what was made, unless messages changed meanwhile; return whether all rows are there."""
        if memory.extent().generation != missing.generation:
            return False
        if missing.seqs:
            self.keep(memory, missing.seqs, vectors)
        reached = Followed(self._embedder.model, missing.last, missing.generation)
        if reached != self._followed(memory, missing.generation):
            memory.notes.put({NOTE: msgspec.msgpack.encode(reached)})
        return not missing.rest

    def _followed(self, memory: Memory, generation: int) -> Followed:
        note = memory.notes.get(NOTE)
        if note is not None:
            found = msgspec.msgpack.decode(note, type=Followed)
            if found.model == self._embedder.model and found.generation == generation:
                return found
        return Followed(self._embedder.model, 0, generation)
