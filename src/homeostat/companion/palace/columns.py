"""Columns: what is known of each memory, in the order of their seqs, 40 bytes each."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROW = np.dtype(
    [
        ("at_us", "<i8"),
        ("used_us", "<i8"),
        ("seq", "<u4"),
        ("crc", "<u4"),
        ("locus", "<u2"),
        ("author", "<u2"),
        ("uses", "<u2"),
        ("offset", "<f2", (3,)),
        ("tier", "u1"),
        ("occasions", "u1"),
    ]
)
"""`crc` tells whether the text changed; `offset` is from the locus; `used_us`, `uses` and `occasions` say
when it was last used, how often, and on how many occasions that were apart."""

PAGE = 1_024
"""Rows that are kept as one note."""


class Columns:
    """A table that grows at its end. `rows` is a view of what is in use: changes to it are kept."""

    def __init__(self, rows: NDArray[np.void] | None = None) -> None:
        self._held = np.zeros(64, ROW) if rows is None else rows
        self._size = 0 if rows is None else len(rows)
        self.changed: set[int] = set(range(self.pages))

    def __len__(self) -> int:
        return self._size

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self._size // PAGE)

    @property
    def rows(self) -> NDArray[np.void]:
        """What is in use."""
        return self._held[: self._size]

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self._held.nbytes

    def append(self, row: tuple[object, ...]) -> None:
        """Add a memory; its seq must be the highest."""
        if self._size == len(self._held):
            grown = np.zeros(self._size + max(self._size // 2, 64), ROW)
            grown[: self._size] = self._held
            self._held = grown
        self._held[self._size] = row
        self.changed.add(self._size // PAGE)
        self._size += 1

    def find(self, seqs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of seqs that are here, in the order asked; those that are not are left out."""
        own = self.rows["seq"]
        places = np.searchsorted(own, seqs)
        there = places < self._size
        there[there] = own[places[there]] == seqs[there]
        found: NDArray[np.int64] = places[there]
        return found

    def touch(self, places: NDArray[np.int64]) -> None:
        """Say that rows at these places were changed."""
        self.changed.update((places // PAGE).tolist())

    def take_changed(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pages that were changed since the last time, as bytes."""
        for page in sorted(self.changed):
            if page < self.pages:
                yield page, self.rows[page * PAGE : (page + 1) * PAGE].tobytes()
        self.changed.clear()
