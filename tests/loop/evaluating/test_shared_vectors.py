"""Claims about vectors that evaluators share while they judge one text."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from homeostat.core.errors import EmbedderError
from homeostat.evaluate.narrative.order import LEARNED_WITH
from homeostat.loop.evaluating.evaluators import Evaluators
from homeostat.loop.evaluating.shared_vectors import VECTORS_MAX, SharedVectors
from homeostat.testing.bare_host import BareHost
from homeostat.testing.digest_embedder import DigestEmbedder


@pytest.fixture
def counted() -> DigestEmbedder:
    """Counts texts; evaluators take it for the model that their weights know."""
    embedder = DigestEmbedder(384)
    embedder.model = LEARNED_WITH[0]
    return embedder


def test_a_text_is_embedded_once_while_it_is_judged_and_forgotten_then(counted: DigestEmbedder) -> None:
    shared = SharedVectors(counted)
    with shared.judging():
        first = shared.embed(["one", "two", "one"])
        again = shared.embed(["two"])
        with shared.judging():
            shared.embed(["one"])
        shared.embed(["two"])
        assert counted.texts == 2
    assert np.array_equal(first[1], again[0])
    assert np.array_equal(first, counted.embed(["one", "two", "one"]))
    before = counted.texts
    shared.embed(["one"])
    assert counted.texts == before + 1
    with shared.judging():
        shared.embed(["one"])
    assert counted.texts == before + 2


def test_what_it_keeps_of_a_text_is_bounded(counted: DigestEmbedder) -> None:
    shared = SharedVectors(counted)
    texts = [f"text {number}" for number in range(VECTORS_MAX + 10)]
    with shared.judging():
        first = shared.embed(texts)
        assert np.array_equal(shared.embed(texts), first)
    assert counted.texts == VECTORS_MAX + 20


def test_a_failure_is_not_kept_and_no_text_gives_no_row(counted: DigestEmbedder) -> None:
    shared = SharedVectors(counted)
    with shared.judging():
        counted.broken = True
        with pytest.raises(EmbedderError):
            shared.embed(["one"])
        counted.broken = False
        assert shared.embed(["one"]).shape == (1, counted.dimensions)
        assert shared.embed([]).shape == (0, counted.dimensions)


def test_threads_judge_texts_of_their_own(counted: DigestEmbedder) -> None:
    shared = SharedVectors(counted)
    with shared.judging(), ThreadPoolExecutor(1) as other:
        shared.embed(["one"])
        other.submit(shared.embed, ["one"]).result()
    assert counted.texts == 2


def test_all_that_judge_one_text_by_meaning_embed_each_sentence_once(counted: DigestEmbedder) -> None:
    evaluators = Evaluators(BareHost(), {})
    evaluators.use(counted)
    by_meaning = ("coherence.global", "coherence.local", "safety")
    evaluators.evaluate("A first text.", evaluators=by_meaning)
    counted.texts = 0
    found = evaluators.evaluate("We met at the old station. Then we had some tea.", evaluators=by_meaning)
    assert found.segments == counted.texts == 2
