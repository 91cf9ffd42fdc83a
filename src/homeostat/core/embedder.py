"""The embedder: turns texts into vectors in which near means alike."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Embedder(Protocol):
    """Texts to vectors of length one.

    `model` names the model, its version and its precision: vectors of different models are never compared.
    """

    model: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text, shape (n, dimensions). Raises EmbedderError where it cannot."""
        ...
