"""How a passage moves from feeling to feeling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.emotion.transitions import Transitions
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Segment

GLAD = "What a wonderful, happy day!"
PLAIN = "The train leaves at nine."
SAD = "I am so sad and lonely, it is terrible."


def score(*texts: str) -> Score | None:
    return judged(Transitions(), [Segment(text=text) for text in texts])


def test_a_passage_that_leaps_scores_below_one_that_moves_by_steps() -> None:
    leaping, stepping = score(GLAD, SAD, GLAD, PLAIN, SAD), score(GLAD, GLAD, PLAIN, SAD, SAD)
    assert leaping is not None
    assert stepping is not None
    assert leaping.value < stepping.value - 0.2
    assert [mark.segment for mark in leaping.marks] == [1, 2]
    assert stepping.marks == ()


def test_parts_tell_range_and_share_of_what_is_felt() -> None:
    found = score(GLAD, PLAIN, SAD, PLAIN)
    assert found is not None
    assert found.parts["felt"] == 0.5
    assert found.parts["valence_range"] > 1.2
    assert found.parts["abrupt"] == 0.0


def test_nothing_is_said_of_too_little_or_of_what_feels_like_nothing() -> None:
    assert score(GLAD, SAD) is None
    assert score(PLAIN, PLAIN, PLAIN, PLAIN) is None


def test_nothing_is_said_of_another_language_in_short_sentences() -> None:
    assert score("Die Frau war alt.", "Ich schlief schon.", "Das Haus war hell.", "Der Hund bellte.") is None


@given(st.lists(st.sampled_from([GLAD, PLAIN, SAD, "", "\0", "!"]), min_size=3))
def test_a_score_is_the_same_read_backwards_and_lies_between_0_and_1(texts: list[str]) -> None:
    forth, back = score(*texts), score(*reversed(texts))
    assert (forth is None) is (back is None)
    if forth is not None and back is not None:
        assert 0.0 <= forth.value <= 1.0
        assert forth.value == pytest.approx(back.value)
        assert forth.parts == pytest.approx(back.parts)


@given(st.sampled_from([GLAD, SAD]), st.integers(3, 40))
def test_what_feels_the_same_throughout_is_the_gentlest(text: str, times: int) -> None:
    found = score(*[text] * times)
    assert found is not None
    assert found.value == 1.0


def test_marks_are_bounded() -> None:
    found = score(*[GLAD, SAD] * 500)
    assert found is not None
    assert len(found.marks) == 100
    assert found.parts["abrupt"] == 1.0
