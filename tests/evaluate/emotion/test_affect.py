"""What a text feels like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.emotion.affect import FOREIGN, NOTHING, affect_of
from homeostat.evaluate.emotion.lexicon import LEXICON, NEGATORS

DENIED = [
    ("I am happy.", "I am not happy."),
    ("It was a lovely evening", "It was never a lovely evening"),
    ("They helped me", "Nobody helped me"),
    ("The food was good", "The food wasn't good"),
    ("The food was good", "The food wasn’t good"),
    ("She is very kind", "She is hardly kind"),
]


@pytest.mark.parametrize(("said", "denied"), DENIED)
def test_a_denied_gladness_is_trouble_and_weaker(said: str, denied: str) -> None:
    assert affect_of(denied).valence < 0 < affect_of(said).valence
    assert abs(affect_of(denied).valence) < affect_of(said).valence


def test_a_denied_trouble_is_no_distress() -> None:
    assert affect_of("I was never afraid of him").distress == 0.0
    assert affect_of("I was afraid of him").distress > 0.3


@pytest.mark.parametrize("text", ["Not now, I am happy", "I did not go but I am happy", "No! I am happy"])
def test_denial_ends_with_its_clause(text: str) -> None:
    assert affect_of(text).valence > 0.3


def test_a_text_without_words_of_feeling_is_nothing() -> None:
    assert affect_of("The train leaves at nine.") == NOTHING
    assert affect_of("") == NOTHING
    assert affect_of("Ich bin so traurig und einsam.") == NOTHING


GERMAN = "Die Stadt war hell und gut zu sehen, die alte Frau war damals also noch da."


def test_words_of_another_language_that_look_like_feelings_are_none() -> None:
    assert {"die", "war", "hell"} <= LEXICON.keys()
    assert affect_of(GERMAN) == FOREIGN
    assert affect_of(GERMAN + " :)").valence > 0.5


def test_terror_in_few_other_words_is_no_other_language() -> None:
    assert (
        affect_of("Terrified screams, blood everywhere, brutal murder, panic, knives, agony.").distress > 0.9
    )


def test_sadness_is_low_and_terror_high_in_arousal_and_distress() -> None:
    sad, terror = affect_of("I feel sad and lonely."), affect_of("I was terrified, they were killing us.")
    assert terror.valence < 0
    assert sad.valence < 0
    assert terror.arousal > sad.arousal + 0.4
    assert terror.distress > 0.7 > 0.3 > sad.distress


def test_signs_count_without_words() -> None:
    assert affect_of("see you at 9 :)").valence > 0 > affect_of("see you at 9 :(").valence


def test_a_stronger_word_strengthens_and_an_exclamation_mark_arouses() -> None:
    assert affect_of("very sad").valence < affect_of("sad").valence < affect_of("slightly sad").valence
    assert affect_of("we won!").arousal > affect_of("we won").arousal


def test_no_negator_is_a_feeling_by_itself() -> None:
    assert NEGATORS.isdisjoint(LEXICON)


@given(st.text(max_size=300) | st.lists(st.sampled_from([*sorted(LEXICON), ".", "!", "not"])).map(" ".join))
def test_affect_stays_within_its_bounds(text: str) -> None:
    found = affect_of(text)
    assert -1.0 <= found.valence <= 1.0
    assert 0.0 <= found.arousal <= 1.0
    assert 0.0 <= found.distress <= 1.0
