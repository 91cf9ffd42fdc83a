"""The library: the standard library's documentation, searchable."""

from homeostat.app.demo.bm25 import Bm25
from homeostat.app.demo.stdlib_docs import Passage, passages

NAME_WEIGHT = 3
"""How many times the name of a thing counts as much as a word about it."""


class Library:
    """Finds what the standard library says about a question."""

    def __init__(self) -> None:
        self._passages = passages()
        self._index = Bm25([f"{p.name} " * NAME_WEIGHT + p.text for p in self._passages])

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, question: str, limit: int = 6) -> list[Passage]:
        """Return the passages that fit a question best."""
        return [self._passages[number] for number, _ in self._index.search(question, limit)]
