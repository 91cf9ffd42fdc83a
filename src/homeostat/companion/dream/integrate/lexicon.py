"""The lexicon: the common words of a language and what they mean, the same for everybody; nobody's own words.

Words that are near to what a question means ("clarinet" to "which instruments") find memories that share no
word with it. The vectors of the words are made in idle time, once for a machine, and belong to no person.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.nibbles import packed, width
from homeostat.companion.store.telling import COMMON
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.built import FLOAT32, MINILM, STATIC, default_folder, status
from homeostat.runtime.embed.rows import to_rows
from homeostat.runtime.embed.source import VOCABULARY
from homeostat.runtime.embed.wordpieces import whole_words

LETTERS_MIN = 3
WORDS_MAX = 1 << 15
SAVED_EVERY = 2_048

_WORD = re.compile(r"[^\W_]+")


class Lexicon:
    """Words by number, and their rows of four bits: the first `len` words have one. Safe for threads."""

    def __init__(self, embedder: Embedder, words: Sequence[str], file: Path | None = None) -> None:
        """Take words, the commonest first, and their rows from a file where it has them."""
        self._words = [word for word in words if len(word) >= LETTERS_MIN and word not in COMMON][:WORDS_MAX]
        self._numbers = {word: number for number, word in enumerate(self._words)}
        self._embedder = embedder
        self._file = file
        self._lock = Lock()
        self.rows: NDArray[np.int8] = np.empty((0, width(embedder.dimensions)), np.int8)
        """The rows that are made, packed to four bits a number."""
        if file is not None and file.is_file():
            kept = np.load(file)
            fits = kept.dtype == np.int8 and kept.shape[1:] == self.rows.shape[1:]
            if fits and len(kept) <= len(self._words):
                self.rows = kept

    @property
    def name(self) -> str:
        """Which words it has: their numbers mean nothing in another."""
        return f"{self._embedder.model}/{len(self._words)}"

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, text: str) -> Iterator[int]:
        """Return the numbers of the words of a text, each once."""
        for word in dict.fromkeys(_WORD.findall(text.casefold())):
            number = self._numbers.get(word)
            if number is not None:
                yield number

    def grow(self, limit: int) -> bool:
        """Make the rows of up to `limit` more words; return whether all are there."""
        with self._lock:
            have = len(self.rows)
            words = self._words[have : have + limit]
            if words:
                made = packed(to_rows(self._embedder.embed(words)))
                self.rows = np.concatenate((self.rows, made))
                whole = len(self.rows) == len(self._words)
                if self._file is not None and (whole or have // SAVED_EVERY < len(self.rows) // SAVED_EVERY):
                    _save(self._file, self.rows)
            return len(self.rows) == len(self._words)


def lexicon_at(embedder: Embedder | None, folder: Path) -> Lexicon | None:
    """Return the lexicon of an embedder that computes here, kept in a folder; None for others.

    Its words are those of MiniLM's vocabulary, which is English.
    """
    if embedder is None or embedder.model not in (MINILM, STATIC, FLOAT32):
        return None
    found = status(default_folder(), embedder.model)
    if found.fault:
        return None
    words = whole_words(Path(found.folder) / VOCABULARY)
    return Lexicon(embedder, words, folder / f"words.{embedder.model}.npy")


def _save(file: Path, rows: NDArray[np.int8]) -> None:
    """Keep rows in a file, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npy", delete=False) as new:
        np.save(new, rows)
    Path(new.name).replace(file)
