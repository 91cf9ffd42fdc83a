"""What an author says of themselves, against what they said before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.consistency.logical import LogicalConsistency
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context, Segment


def logical(*said: str | tuple[str, str], context: Context | None = None) -> Score | None:
    segments = [
        Segment(text=one) if isinstance(one, str) else Segment(text=one[1], author=one[0]) for one in said
    ]
    return judged(LogicalConsistency(), segments, context)


def marked(*said: str | tuple[str, str]) -> list[int]:
    score = logical(*said)
    return [mark.segment for mark in score.marks] if score else []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("My dog Max is asleep.", "I have no pets."),
        ("I have a dog.", "I don't have any pets."),
        ("I love jazz.", "I hate jazz."),
        ("I like to bake cookies and watch films.", "I don't like watching films."),
        ("I'm a nurse.", "I'm not a nurse."),
        ("I work as a nurse.", "I'm not a nurse."),
        ("I'm 30 years old.", "I'm 41 years old."),
        ("I have two brothers.", "I have three brothers."),
        ("I'm single.", "I'm married."),
        ("My favorite food is pizza.", "I can't stand fish, and I hate pizza."),
        ("I live in Alaska.", "I don't live in Alaska."),
    ],
)
def test_what_denies_an_earlier_claim_is_marked(before: str, after: str) -> None:
    assert marked(before, "The weather is fine.", after) == [2]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I have a dog.", "I have a cat."),
        ("I love jazz.", "I don't like opera."),
        ("I don't like horror films.", "I like films."),
        ("I used to smoke.", "I don't smoke."),
        ("I have no pets.", "Do you have a dog?"),
        ("I love jazz.", "If I hate jazz one day, tell me."),
        ("I'm a nurse.", "I'm not sure."),
    ],
)
def test_what_can_hold_beside_it_is_not(before: str, after: str) -> None:
    assert marked(before, after) == []


def test_authors_are_held_against_themselves_only() -> None:
    assert marked(("ann", "I love jazz."), ("bob", "I hate jazz.")) == []
    assert marked(("ann", "I love jazz."), ("bob", "Me too."), ("ann", "I hate jazz.")) == [2]


def test_a_segment_that_says_both_is_marked() -> None:
    assert marked("I love jazz. I hate jazz.") == [0]


def test_the_value_is_the_share_of_claims_that_hold() -> None:
    score = logical("I love jazz.", "I hate jazz.")
    assert score is not None
    assert score.value == 0.5


def test_of_any_number_of_claims_the_first_thousand_are_kept() -> None:
    many = [("ann", f"I love {chr(97 + n % 26)}word{n}.") for n in range(1_200)]
    assert marked(("ann", "I love jazz."), *many, ("ann", "I hate jazz.")) == [1_201]
    assert marked(*many, ("ann", "I love jazz."), ("ann", "I hate jazz.")) == []


def test_it_says_nothing_where_nothing_is_claimed_or_in_another_language() -> None:
    assert logical("The weather is fine.") is None
    assert logical("I love jazz.", "I hate jazz.", context=Context(language="de")) is None


@given(st.lists(st.text(alphabet="i amnotlveh'., ?\n\u2019", max_size=60), max_size=6))
def test_nothing_raises_and_saying_it_again_denies_nothing(texts: list[str]) -> None:
    once, twice = logical(*texts), logical(*texts, *texts)
    assert (once is None) == (twice is None)
    if once is not None and twice is not None and not once.marks:
        assert not twice.marks
