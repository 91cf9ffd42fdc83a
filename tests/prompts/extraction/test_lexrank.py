"""What shares its words with many is central, in agreement with the matrix that is never made."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.extraction.lexrank import DAMPING, Floats, lexrank

SENTENCES = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), min_size=1, max_size=12)


def dense(sentences: list[list[str]]) -> Floats:
    """The definition, with the whole matrix and a solved system instead of steps."""
    count = len(sentences)
    terms = sorted({w for s in sentences for w in s})
    vectors = np.zeros((count, len(terms)))
    for row, words in enumerate(sentences):
        for word, n in Counter(words).items():
            within = sum(word in s for s in sentences)
            vectors[row, terms.index(word)] = n * math.log(1 + count / within)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0.0)
    degrees = cosines.sum(axis=1, keepdims=True)
    steps = np.divide(cosines, degrees, out=np.full_like(cosines, 1 / count), where=degrees > 1e-9)
    jumps = np.full((count, count), 1 / count)
    walk = DAMPING * steps + (1 - DAMPING) * jumps
    return np.linalg.solve(np.eye(count) - walk.T + jumps, np.full(count, 1 / count)) * count


@given(SENTENCES)
def test_ranks_are_those_of_the_whole_matrix(sentences: list[list[str]]) -> None:
    assert lexrank(sentences) == pytest.approx(dense(sentences), abs=1e-6)


@given(SENTENCES)
def test_ranks_add_up_to_the_number_of_sentences_and_come_out_the_same_again(
    sentences: list[list[str]],
) -> None:
    ranks = lexrank(sentences)
    assert ranks.sum() == pytest.approx(len(sentences))
    assert (ranks > 0).all()
    assert lexrank(sentences).tobytes() == ranks.tobytes()


def test_what_all_others_speak_of_is_central_and_what_stands_alone_is_not() -> None:
    sentences = ["deploy test review", "deploy quickly", "test often", "review twice", "lunch menu"]
    ranks = lexrank([s.split() for s in sentences])
    assert ranks.argmax() == 0
    assert ranks.argmin() == 4
    assert ranks[4] < 1


def test_nothing_has_no_ranks_and_one_has_the_mean() -> None:
    assert lexrank([]).shape == (0,)
    assert lexrank([["a"]]).tolist() == [1.0]


def test_twenty_thousand_sentences_are_ranked_without_their_matrix() -> None:
    ranks = lexrank([[f"w{n % 97}", f"v{n % 89}"] for n in range(20_000)])
    assert ranks.shape == (20_000,)
