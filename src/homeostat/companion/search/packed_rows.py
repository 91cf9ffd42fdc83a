"""Packed rows: the vectors of one kind of a person's messages, in memory, four bits a number."""

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.nibbles import cosines, packed, unpacked, width


class PackedRows:
    """One row a message, some of which may not be there yet."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.count = 0
        self.complete = 0
        """How many of the first messages have their rows, one after the other."""
        self._rows = np.empty((0, width(dimensions)), np.int8)
        self._here = np.empty(0, np.bool_)

    @property
    def size_bytes(self) -> int:
        """What this takes in memory."""
        return self._rows.nbytes + self._here.nbytes

    @property
    def here(self) -> NDArray[np.bool_]:
        """Which messages have their rows."""
        return self._here[: self.count]

    def reserve(self, count: int) -> None:
        """Make room for so many messages."""
        have = len(self._here)
        if count > have:
            room = max(count, have + have // 16 + 64)
            rows = np.zeros((room, self._rows.shape[1]), np.int8)
            here = np.zeros(room, np.bool_)
            rows[:have], here[:have] = self._rows, self._here
            self._rows, self._here = rows, here
        self.count = count

    def put(self, places: NDArray[np.intp], rows: NDArray[np.int8]) -> None:
        """Take rows of int8, (n, dimensions), at the places of their messages."""
        self._rows[places] = packed(rows)
        self._here[places] = True
        missing = np.flatnonzero(~self._here[self.complete : self.count])
        self.complete = self.complete + int(missing[0]) if len(missing) else self.count

    def cosines(self, query: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the cosine of each message with a query of int8; what has no row has one of no meaning."""
        return cosines(self._rows[: self.count], query)

    def at(self, places: NDArray[np.intp]) -> NDArray[np.int8]:
        """Return rows as int8, coarser than they were put."""
        return unpacked(self._rows[places], self.dimensions)
