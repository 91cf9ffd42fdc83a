"""The ranker of replies gives probabilities that do not depend on the order, and follows what was said."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.companion.mirror.replies import ranker
from homeostat.companion.mirror.replies.features import (
    BAG,
    Situation,
    Turn,
    reply_features,
    situation_features,
)
from homeostat.companion.mirror.replies.ranker import SIGNS, rank
from homeostat.core.errors import InputError
from homeostat.testing.word_embedder import WordEmbedder

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[4] / "shared" / "data"))
PERSONA = DATA / "persona" / "synthetic_persona_chat_valid.csv"

ASKED = Situation(
    [Turn("Hi!", own=True), Turn("Hello, what do you do for a living?", own=False)], ["I am a nurse."]
)
REPLIES = ["I'm a nurse.", "You too! Bye!", "Thanks, I hope so.", "My dog is four."]


@pytest.mark.parametrize(("kind", "size"), [("words", BAG), ("vectors", 384)])
def test_the_shipped_heads_are_of_these_features(kind: str, size: int) -> None:
    head = ranker.shipped(kind)
    vector = np.zeros(size, np.float32) if kind == "vectors" else None
    assert head.reply.shape[0] == head.anywhere.size == reply_features("x", vector).size
    turn = Turn("x", own=False, vector=vector)
    assert head.situation.shape[0] == situation_features(Situation([turn])).size
    assert head.weights.shape == (len(SIGNS),)


def test_the_fitting_reply_comes_first() -> None:
    found = rank(ASKED, REPLIES)
    assert found.ranked[0].place == 0
    assert found.knows


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(len(REPLIES))))
def test_the_order_of_the_candidates_does_not_matter(order: list[int]) -> None:
    plain = {REPLIES[one.place]: one.probability for one in rank(ASKED, REPLIES).ranked}
    mixed = [REPLIES[at] for at in order]
    for one in rank(ASKED, mixed).ranked:
        assert one.probability == pytest.approx(plain[mixed[one.place]])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.text(max_size=40))
def test_any_texts_have_probabilities_that_add_up_to_one(replies: list[str], last: str) -> None:
    found = rank(Situation([Turn(last, own=False)]), replies)
    assert sum(one.probability for one in found.ranked) == pytest.approx(1.0)
    assert [one.probability for one in found.ranked] == sorted(
        (one.probability for one in found.ranked), reverse=True
    )


def test_one_candidate_is_certain_since_it_is_the_only_one() -> None:
    assert rank(ASKED, ["x"]).ranked[0].probability == 1.0


def test_vectors_are_taken_where_they_are_given() -> None:
    embedder = WordEmbedder(384)
    rows = embedder.embed([turn.text for turn in ASKED.turns])
    turns = [Turn(turn.text, turn.own, row) for turn, row in zip(ASKED.turns, rows, strict=True)]
    held = Situation(turns, ASKED.about, embedder.embed(list(ASKED.about)))
    found = rank(held, REPLIES, embedder.embed(REPLIES))
    assert found.ranked[0].signs.keys() == set(SIGNS)
    assert sum(one.probability for one in found.ranked) == pytest.approx(1.0)


@pytest.mark.parametrize(("turns", "replies"), [([], ["x"]), ([Turn("x", own=False)], [])])
def test_nothing_to_rank_is_refused(turns: list[Turn], replies: list[str]) -> None:
    with pytest.raises(InputError):
        rank(Situation(turns), replies)


def test_a_packed_head_is_the_same_but_for_rounding() -> None:
    one = ranker.shipped("words")
    again = ranker.unpack(ranker.pack(one, "x"), "x")
    assert np.abs(one.situation - again.situation).max() <= np.abs(one.situation).max() / 100
    assert (one.weights == again.weights).all()


@pytest.mark.long
@pytest.mark.skipif(not PERSONA.is_file(), reason="the conversations are not here")
def test_replies_of_other_conversations_than_those_learned_from_are_ranked() -> None:
    from benchmarks import companion_replies as replies

    sure, right = replies.evaluate(PERSONA, None)
    assert right.mean() >= 0.57
    assert abs(sure.mean() - right.mean()) <= 0.04
