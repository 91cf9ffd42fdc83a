"""What a text feels like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.denial import NEGATORS
from homeostat.evaluate.emotion.affect import LanguageTally, affect_of, signs_of
from homeostat.evaluate.emotion.lexicon import LEXICON

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
    for text in ("The train leaves at nine.", "", "\0", "Ich bin so traurig und einsam."):
        found = affect_of(text)
        assert (found.valence, found.arousal, found.distress, found.found) == (0.0, 0.0, 0.0, 0)
        assert not found.foreign


GERMAN = "Die Stadt war hell und gut zu sehen, die alte Frau war damals also noch da."


def test_words_of_another_language_that_look_like_feelings_are_none() -> None:
    assert {"die", "war", "hell"} <= LEXICON.keys()
    assert affect_of(GERMAN).foreign
    assert affect_of(GERMAN).found == 0
    assert affect_of(GERMAN + " :)").valence > 0.5


@pytest.mark.parametrize("text", ["悪夢でした。", "Мне страшно", "أنا خائف", "Φοβάμαι!"])
def test_another_script_is_another_language_however_short(text: str) -> None:
    assert affect_of(text).foreign


@pytest.mark.parametrize("text", ["", "...", "😀😀", "42", "Oh", "naïve café 日"])
def test_what_has_latin_letters_or_none_at_all_is_not(text: str) -> None:
    assert not affect_of(text).foreign


def test_pieces_too_short_to_tell_are_told_together() -> None:
    told = LanguageTally()
    for piece in ("Die Frau war alt.", "Das Haus war hell.", "Der Hund schlief schon."):
        affect = affect_of(piece)
        assert not affect.foreign
        told.add(affect)
    assert told.is_foreign


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


@pytest.mark.parametrize("text", ["we met from 6 to 8)", "<30 people", "<3.5 km", "see page 8)"])
def test_numbers_are_no_emoticons(text: str) -> None:
    assert signs_of(text) == (0, 0)


@pytest.mark.parametrize("text", ["we won :)", "8-) at last", "I <3 you", "with love <3.", "=D"])
def test_emoticons_beside_numbers_are_still_found(text: str) -> None:
    assert signs_of(text) == (1, 0)


def test_emphasis_in_markdown_hides_no_feeling() -> None:
    assert affect_of("I am _happy_ today").valence == affect_of("I am happy today").valence


@pytest.mark.parametrize(
    ("first", "second"),
    [("I was not afraid.", "Now I am afraid."), ("He was terrified.", "Terrified, he screamed.")],
)
def test_a_word_that_was_said_before_distresses_again_in_another_sentence(first: str, second: str) -> None:
    assert affect_of(f"{first} {second}").distress == max(
        affect_of(first).distress, affect_of(second).distress
    )


def test_every_word_of_the_lexicon_is_read_as_one() -> None:
    assert [word for word in LEXICON if affect_of(word).found != 1] == []


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


@given(st.lists(st.sampled_from([*sorted(LEXICON), "the", "of", ",", "not"]), max_size=12).map(" ".join))
def test_distress_is_that_of_the_worst_sentence(text: str) -> None:
    once, twice = f"It was {text} and so it was.", f"It was {text}, and so it was. It was {text}."
    assert affect_of(twice).distress == pytest.approx(affect_of(once).distress)
