"""An embedder without a model: each text has a vector of its own, near no other."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import EmbedderError


class DigestEmbedder:
    """Vectors drawn from a digest of the text; `texts` counts what was asked, `broken` has it fail."""

    def __init__(self, dimensions: int = 16) -> None:
        self.model = f"digest-{dimensions}"
        self.dimensions = dimensions
        self.texts = 0
        self.broken = False

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        if self.broken:
            raise EmbedderError("the embedder was broken on purpose")
        self.texts += len(texts)
        rows = np.array([self._row(text) for text in texts], np.float32).reshape(-1, self.dimensions)
        unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def _row(self, text: str) -> NDArray[np.float64]:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return np.random.default_rng(int.from_bytes(digest, "little")).normal(size=self.dimensions)
