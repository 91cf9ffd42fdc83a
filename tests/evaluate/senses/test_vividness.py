"""How much of a text speaks to the senses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Segment
from homeostat.evaluate.senses.vividness import SENSES, SENSES_OF, Vividness


def vividness(*texts: str) -> Score | None:
    return judged(Vividness(), [Segment(text=text) for text in texts])


def test_what_speaks_to_the_senses_scores_above_what_does_not() -> None:
    plain = vividness("We went there because he had asked us about the meeting.")
    vivid = vividness("The icy wind howled, smoke stung our eyes, the soup was salty.")
    assert plain is not None
    assert vivid is not None
    assert plain.value < 0.2 < 0.9 < vivid.value


@pytest.mark.parametrize(
    ("text", "sense"),
    [
        ("A green glimmer went across the pale wall there", "sight"),
        ("The bell rang and they whispered all the while", "sound"),
        ("Rough and prickly it was, and it tickled him", "touch"),
        ("A fragrant aroma was there, then a stench came", "smell"),
        ("It was too salty and sour for us to swallow", "taste"),
    ],
)
def test_the_sense_that_is_spoken_to_has_the_largest_part(text: str, sense: str) -> None:
    score = vividness(text)
    assert score is not None
    assert max(score.parts, key=lambda one: score.parts[one]) == sense


def test_more_senses_are_worth_more_than_one() -> None:
    one = vividness("The red and green and blue lamps were there for all of us to look at, they said.")
    three = vividness("The red and loud and salty things were there for all of us to look at, they said.")
    assert one is not None
    assert three is not None
    assert three.value > one.value


def test_pieces_and_the_whole_score_alike() -> None:
    assert vividness("The red lamp glowed.", "It smelled of smoke.") == vividness(
        "The red lamp glowed. It smelled of smoke."
    )


def test_nothing_is_said_of_too_few_words_or_of_another_language() -> None:
    assert vividness("Der Wind war kalt, und die rote Lampe roch nach altem Rauch.") is None
    assert vividness("Red smoke.") is None
    assert vividness() is None


@given(st.lists(st.sampled_from([*sorted(SENSES_OF), "the", "of", "was", "and"]), min_size=5))
def test_a_further_sense_is_never_worth_less(words: list[str]) -> None:
    text = " ".join(f"the {word}" for word in words)
    before, after = vividness(text), vividness(f"{text} salty")
    assert (before is None) is (after is None)
    if before is not None and after is not None:
        assert 0.0 <= before.value <= after.value <= 1.0


def test_every_word_speaks_to_a_sense_that_there_is() -> None:
    assert all(set(senses) <= set(SENSES) for senses in SENSES_OF.values())
