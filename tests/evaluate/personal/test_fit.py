"""Whether what a person is told fits what they prefer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.personal.fit import PreferenceFit
from homeostat.evaluate.personal.preferences import Preferences

ANN = Context(
    likes=("I love sailing", "old jazz records"),
    dislikes=("I can't stand spiders",),
    learned={"gardening": 0.8, "football": -0.9},
)


def fit(*texts: str, context: Context = ANN) -> Score | None:
    return judged(PreferenceFit(), [Segment(text=text) for text in texts], context)


def value(*texts: str) -> float:
    score = fit(*texts)
    assert score is not None
    return score.value


def test_what_is_liked_raises_and_what_is_disliked_lowers_the_fit() -> None:
    assert value("They sailed around the bay.") > value("They took the train.") == 0.5
    assert value("A spider sat on the shelf.") < 0.5


def test_each_further_liked_segment_raises_it() -> None:
    assert value("We sailed.", "We sailed on.") > value("We sailed.") > 0.5


def test_what_was_learned_weighs_by_its_weight() -> None:
    assert value("The garden was full of gardening tools.") > 0.5 > value("A football match was on.")
    assert value("We sailed.") > value("We were gardening.")


def test_a_dislike_that_is_denied_is_not_touched() -> None:
    assert value("There was no spider anywhere.") == 0.5


def test_a_segment_that_touches_a_dislike_is_marked() -> None:
    score = fit("We sailed.", "Spiders came.", "Then we slept.")
    assert score is not None
    assert [mark.segment for mark in score.marks] == [1]


def test_what_is_dreadful_is_a_topic_that_can_be_disliked() -> None:
    dislikes = Context(dislikes=("I hate horror and war", "death", "blood"))
    for text in ("A horror film.", "The war began.", "They spoke of death.", "There was blood."):
        score = fit(text, context=dislikes)
        assert score is not None
        assert score.marks, text


def test_words_of_feeling_are_no_topic() -> None:
    assert value("I love it, I can't stand to leave.") == 0.5


def test_nothing_is_said_without_preferences_or_text() -> None:
    assert fit("We sailed.", context=Context()) is None
    assert fit() is None


def test_a_preference_of_no_words_touches_nothing() -> None:
    assert Preferences(["", "!!!"], [" "], {}).touched("We sailed.").liked == 0.0


def test_a_learned_weight_that_is_no_number_is_refused_rather_than_a_dislike() -> None:
    with pytest.raises(InputError, match="from -1 to 1"):
        Preferences([], [], {"sailing": float("nan")})


@given(st.lists(st.text(max_size=40), max_size=4), st.dictionaries(st.text(max_size=8), st.floats(-9, 9)))
def test_what_is_touched_stays_between_0_and_1(phrases: list[str], learned: dict[str, float]) -> None:
    preferences = Preferences(phrases, phrases, learned)
    for text in phrases:
        touched = preferences.touched(text)
        assert 0.0 <= touched.liked <= 1.0
        assert 0.0 <= touched.disliked <= 1.0
