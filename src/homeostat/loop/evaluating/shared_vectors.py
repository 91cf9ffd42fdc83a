"""Shared vectors: what several evaluators ask of one text is embedded once."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder

VECTORS_MAX = 1_000
"""So many vectors are kept of one text (1.5 MB of MiniLM's); what comes after them is embedded each time."""


class SharedVectors:
    """An embedder that keeps the vectors of a text from the begin to the end of its judging, and no longer.

    Each thread judges a text of its own. Outside of `judging` it is the embedder as it was.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.model, self.dimensions = embedder.model, embedder.dimensions
        self._embedder = embedder
        self._of_thread = threading.local()

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Keep vectors meanwhile; within another one, nothing changes."""
        if self._kept is not None:
            yield
            return
        self._of_thread.kept = {}
        try:
            yield
        finally:
            self._of_thread.kept = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text. Raises EmbedderError where the embedder cannot."""
        kept = self._kept
        if kept is None:
            return self._embedder.embed(texts)
        new = [text for text in dict.fromkeys(texts) if text not in kept]
        found = dict(zip(new, self._embedder.embed(new), strict=True)) if new else {}
        kept.update(list(found.items())[: VECTORS_MAX - len(kept)])
        rows = [found[text] if text in found else kept[text] for text in texts]
        return np.stack(rows) if rows else self._embedder.embed(texts)

    @property
    def _kept(self) -> dict[str, NDArray[np.float32]] | None:
        kept: dict[str, NDArray[np.float32]] | None = getattr(self._of_thread, "kept", None)
        return kept
