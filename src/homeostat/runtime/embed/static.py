"""The static embedder: a text is the sum of its words' rows in a table; no model runs."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from homeostat.runtime.embed.built import LEVELS, SCALES, STATIC, default_folder, usable
from homeostat.runtime.embed.meter import EmbedMeter
from homeostat.runtime.embed.source import VOCABULARY
from homeostat.runtime.embed.table import DIMENSIONS
from homeostat.runtime.embed.wordpieces import UNKNOWN, WordPieces
from homeostat.runtime.host import Host


class Static:
    """Sums of rows of MiniLM's words (256 dimensions): the order of the words tells nothing.

    50 to 80 us for a message of 29 tokens, most of it to find its pieces. A text without words, and one
    whose rows cancel, has the vector of the unknown word. Any thread may embed.
    """

    dimensions = DIMENSIONS

    def __init__(self, host: Host, models: Path | None = None) -> None:
        """Open the built table. Raises NotAvailable where it or its packages are missing."""
        self.model = STATIC
        folder = usable(models or default_folder(), STATIC)
        self._pieces = WordPieces(folder / VOCABULARY)
        self._levels = np.load(folder / LEVELS, mmap_mode="r")
        self._scales = np.load(folder / SCALES)
        self._meter = EmbedMeter(host, STATIC)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        with self._meter.embedding(len(texts)):
            rows = np.empty((len(texts), DIMENSIONS), np.float32)
            for row, text in zip(rows, texts, strict=True):
                ids, cut = self._pieces.ids(text)
                self._meter.cut(cut)
                found = self._sum(ids[1:-1])
                length = math.sqrt(found @ found)
                if length == 0.0:
                    found = self._sum([UNKNOWN])
                    length = math.sqrt(found @ found)
                np.divide(found, length, out=row)
            return rows

    def _sum(self, ids: Sequence[int]) -> NDArray[np.float32]:
        places = np.array(ids, np.intp)
        levels = self._levels.take(places, axis=0).astype(np.float32)
        found: NDArray[np.float32] = self._scales.take(places) @ levels
        return found
