"""An embedder without a model, in whose vectors texts are near that share words."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


class WordEmbedder:
    """Each word has a vector drawn from its digest; a text's is their sum. `texts` keeps what was asked."""

    def __init__(self, dimensions: int = 64) -> None:
        self.model = f"words-{dimensions}"
        self.dimensions = dimensions
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        self.texts += texts
        rows = [sum((self._row(word) for word in text.lower().split()), self._row("")) for text in texts]
        stacked = np.array(rows, np.float32).reshape(-1, self.dimensions)
        unit: NDArray[np.float32] = stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
        return unit

    def _row(self, word: str) -> NDArray[np.float64]:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return np.random.default_rng(int.from_bytes(digest, "little")).normal(size=self.dimensions)
