"""What every embedder must do."""

from collections.abc import Sequence

import numpy as np

from homeostat.core.embedder import Embedder

TEXTS = (
    "Did you feed the cat this morning?",
    "no",
    "We drove to the lake and swam until it was dark, then made a fire and talked about next year.",
    "Did you feed the cat this morning?",
    "the train to Lisbon leaves at 7:40 from platform 3",
)
ODD = (
    "",
    " \t\n",
    "\0",
    "a\0b",
    "😀🏽‍♀️",
    "שלום עולם",
    "مرحبا",
    "日本語のテキスト",
    "e\u0301",
    "\ud800 half of a pair",
    "[CLS] [SEP] [PAD]",
    "w" * 1_000_000,
    "many words " * 100_000,
)
"""What people and programs send besides."""


def check_embedder(embedder: Embedder, cosine_min: float = 0.99) -> None:
    """Check an embedder; raises AssertionError.

    `cosine_min` is how near a text's vector stays to itself whatever stands beside it in a batch.
    """
    _check_shape(embedder, TEXTS)
    _check_shape(embedder, ODD)
    assert embedder.embed([]).shape == (0, embedder.dimensions)
    assert embedder.model
    assert embedder.dimensions > 0

    vectors = embedder.embed(TEXTS)
    np.testing.assert_array_equal(vectors, embedder.embed(TEXTS), "the same texts have the same vectors")
    assert vectors[0] @ vectors[3] >= cosine_min, "and so has the same text twice"
    _check_close(vectors, np.concatenate([embedder.embed([text]) for text in TEXTS]), cosine_min)
    backwards = embedder.embed(TEXTS[::-1])[::-1]
    _check_close(vectors, backwards, cosine_min)
    cosines = vectors @ vectors.T
    assert (cosines[0, [1, 2, 4]] < 0.999).all(), "other texts have other vectors"

    many = embedder.embed(TEXTS * 60)
    _check_close(np.tile(vectors, (60, 1)), many, cosine_min)


def _check_shape(embedder: Embedder, texts: Sequence[str]) -> None:
    vectors = embedder.embed(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(texts), embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def _check_close(one: np.ndarray, other: np.ndarray, cosine_min: float) -> None:
    cosines = np.einsum("ij,ij->i", one, other)
    assert cosines.min() >= cosine_min, f"the cosine of a text to itself is {cosines.min():.4f}"
