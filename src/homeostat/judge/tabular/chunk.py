"""The chunk: some thousand consecutive rows of a table, by column."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from homeostat.judge.tabular.cell import Cells

ROWS = 50_000
"""Rows of a chunk, which is all of a file that is in memory at a time."""

Chunk = dict[str, Cells]
"""Columns by name, all of one length."""

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many are read."""


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a file, chunk by chunk, and what there is to say about how they were read.

    `comma` says that commas within cells are decimal signs.
    """

    chunks: Iterator[Chunk]
    notes: list[str]
    comma: bool = False


Reader = Callable[[Path, Progress], Source]
