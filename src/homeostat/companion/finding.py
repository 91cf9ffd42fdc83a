"""Finding: the seam between the flow and the search."""

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.store.people import EVERYTHING, Memory, Within


class Hit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A memory that was found, and what its score is made of, by the name of each part."""

    message: Message
    score: float
    why: dict[str, float] = {}


class Finder(Protocol):
    """Finds memories of one person."""

    def gist(self, memory: Memory, text: str) -> str:
        """Return what of a question is worth embedding."""
        ...

    def said(self, memory: Memory, message: Message, row: NDArray[np.int8] | None) -> None:
        """Know of a message that was kept a moment ago, and of its row, so that neither has to be read."""
        ...

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
        """Return up to `k` memories that answer a text, the best first, none of the seqs in `but`.

        `vector` is that of the question, or of its gist; without one it is answered by words alone.
        """
        ...
