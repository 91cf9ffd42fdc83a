"""LexRank: how central each sentence is among the others, by the words that they share."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAMPING = 0.85
TOLERANCE = 1e-9
ITERATIONS_MAX = 200
LINK_MIN = 1e-9
"""A smaller sum of cosines is what rounding leaves of none."""


def lexrank(sentences: Sequence[Sequence[str]]) -> Floats:
    """Return the centrality of each sentence, given as its words; 1 is the mean of all.

    The stationary distribution of a walk that goes from a sentence to another with a chance in proportion
    to the cosine of their TF-IDF vectors, and with a chance of 0.15 to any sentence. Source: Erkan and
    Radev, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization", JAIR 22 (2004),
    the continuous variant: no threshold. A sentence is no neighbour of itself here; there it is one.

    Guarantee: the same words give the same values; they add up to the number of sentences. A sentence that
    shares no word with any other has no more than its share of jumps. Cost: linear in the words for
    each of the steps, some tens: the matrix of cosines is applied in its factors and never made, so 100,000
    sentences take no more memory than their words.

    When it does not hold: it sees words and no meaning. What is said once, in words of its own, is not
    central, however much depends on it.
    """
    count = len(sentences)
    if count == 0:
        return np.zeros(0)
    rows, columns, weights, terms = _vectors(sentences)
    speaks = np.bincount(rows, minlength=count) > 0

    def similar(to: Floats) -> Floats:
        """Apply the matrix of cosines, its diagonal left out: through the terms and back."""
        of_terms = np.bincount(columns, weights * to[rows], minlength=terms)
        through = np.bincount(rows, weights * of_terms[columns], minlength=count)
        return np.maximum(through - np.where(speaks, to, 0.0), 0.0)

    degrees = similar(np.ones(count))
    linked = degrees > LINK_MIN
    out = np.divide(1.0, degrees, out=np.zeros(count), where=linked)
    rank = np.full(count, 1.0 / count)
    for _ in range(ITERATIONS_MAX):
        lost = rank[~linked].sum() / count
        following = (1 - DAMPING) / count + DAMPING * (similar(rank * out) + lost)
        done = np.abs(following - rank).sum() < TOLERANCE
        rank = following
        if done:
            break
    return np.asarray(rank / rank.sum() * count)


def _vectors(
    sentences: Sequence[Sequence[str]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, int]:
    """Return the TF-IDF vectors of sentences, each of length 1, as rows, columns and weights."""
    counted = [Counter(words) for words in sentences]
    found_in: Counter[str] = Counter(word for words in counted for word in words)
    number = {word: n for n, word in enumerate(found_in)}
    idf = {word: math.log(1 + len(sentences) / n) for word, n in found_in.items()}
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []
    for row, words in enumerate(counted):
        weighed = {word: n * idf[word] for word, n in words.items()}
        length = math.sqrt(math.fsum(w * w for w in weighed.values()))
        for word, weight in weighed.items():
            rows.append(row)
            columns.append(number[word])
            weights.append(weight / length)
    return np.array(rows, np.int64), np.array(columns, np.int64), np.array(weights), len(number)
