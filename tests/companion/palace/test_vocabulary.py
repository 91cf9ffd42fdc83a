"""The sketch of a text is near that of a text with the same rare words."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.palace.vocabulary import SKETCH_DIMENSIONS, Vocabulary, sketch

CHATTER = ["the dog is at the door", "the cat is on the sofa", "the rain is at the window"] * 20


def learned() -> Vocabulary:
    """A vocabulary that has heard some chatter."""
    vocabulary = Vocabulary()
    for text in CHATTER:
        vocabulary.add(vocabulary.read(text))
    return vocabulary


@given(st.text(max_size=300))
def test_a_sketch_has_length_one_or_is_zero_where_there_is_no_word(text: str) -> None:
    saying = learned().read(text)
    row = sketch(saying)
    assert row.shape == (SKETCH_DIMENSIONS,)
    assert np.isclose(float(row @ row), 1.0 if saying.words else 0.0, atol=1e-5)


def test_texts_about_the_same_are_nearer_than_texts_with_the_same_small_words() -> None:
    vocabulary = learned()
    rows = [
        sketch(vocabulary.read(text))
        for text in ("the painting at the volcano", "volcano paintings", "the size at the invoice")
    ]
    assert rows[0] @ rows[1] > 0.5
    assert abs(rows[0] @ rows[2]) < 0.2


def test_words_in_all_messages_count_nothing_and_rare_ones_much() -> None:
    rarity = learned().read("the volcano").rarity
    assert rarity[0] < 0.05
    assert rarity[1] > 3


def test_the_first_message_of_all_has_a_place_already() -> None:
    assert sketch(Vocabulary().read("hello there")).any()
