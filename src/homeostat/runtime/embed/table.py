"""The table: one small vector for each word piece, made of MiniLM's own, so that a text is a sum of rows."""

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 256
FIRST_WORD = 999
"""The vocabulary begins with reserved entries; from here on it stands roughly in the order of frequency."""


def word_table(words: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the table for the vocabulary's vectors, (n, 384): rows of 256 as int8, and each row's scale.

    The vectors are centred and turned onto their principal axes. A row weighs the logarithm of its rank: by
    Zipf's law that is about how much the word tells, up to a constant (Salton's inverse frequency).
    """
    centred = words.astype(np.float64) - words[FIRST_WORD:].mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred[FIRST_WORD:].T @ centred[FIRST_WORD:])
    axes = axes[:, ::-1][:, :DIMENSIONS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMENSIONS)])
    ranks = np.maximum(np.arange(len(words)) - FIRST_WORD + 1, 1)
    rows = centred @ axes * np.log1p(ranks)[:, np.newaxis]
    scales = np.maximum(np.abs(rows).max(axis=1), np.finfo(np.float32).tiny) / 127
    return np.rint(rows / scales[:, np.newaxis]).astype(np.int8), scales.astype(np.float32)
