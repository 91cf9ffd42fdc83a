"""What a memory introduces is what nobody had said in its talk before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.dream.integrate.introducing import LOOK_BACK, Introduction, introductions
from homeostat.companion.dream.integrate.kinds import asked
from homeostat.companion.message import Message

PETS = asked("pets")
TEXTS = st.sampled_from(
    (
        "Our cat had to see the vet",
        "The cat again",
        "Do you have a cat?",
        "Thank you",
        "Yesterday, in Oslo",
        "",
    )
)


def message(seq: int, text: str, talk: str = "one") -> Message:
    return Message(seq=seq, id=f"m{seq}", text=text, at_us=seq, talk=talk)


def introduced(*texts: str) -> list[Introduction]:
    return list(introductions([], [message(seq, text) for seq, text in enumerate(texts, 1)]))


def test_only_the_first_memory_of_a_talk_that_names_a_thing_introduces_its_kind() -> None:
    texts = ("Our cat had to see the vet", "The cat is well again", "A dog barks")
    said = [message(seq, text) for seq, text in enumerate(texts, 1)]
    elsewhere = message(4, texts[0], "two")
    found = [bool(one.kinds & PETS) for one in introductions([], [*said, elsewhere])]
    assert found == [True, False, True, True]


def test_what_was_said_long_ago_in_a_talk_is_introduced_again() -> None:
    said = [message(1, "Our cat"), message(1 + LOOK_BACK, "Our cat"), message(2 + 2 * LOOK_BACK, "Our cat")]
    assert [bool(one.kinds & PETS) for one in introductions([], said)] == [True, False, True]


def test_who_asks_introduces_nothing_and_who_answers_may_repeat_what_was_asked() -> None:
    asks, answers = introduced("Nice weather! Do you have a cat?", "No, a dog")
    assert not asks.kinds & PETS
    assert answers.kinds & PETS
    both = introduced("I have a dog. Do you have a cat?")
    assert both[0].kinds & PETS


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("I signed up for a pottery class", "That is so good"),
        ("We went to the lake yesterday", "We went to the lake together"),
        ("I am proud of the work", "I am proud of you"),
        ("The barge is sold.", "Is the barge sold?"),
    ],
)
def test_news_of_a_time_tells_more_than_what_is_said_to_the_other(more: str, less: str) -> None:
    assert introduced(more)[0].tells > introduced(less)[0].tells


def test_an_answer_tells_more_than_the_same_words_unasked() -> None:
    _, answer = introduced("What did they sell?", "The old barge")
    _, unasked = introduced("They are well.", "The old barge")
    assert answer.tells > unasked.tells


@given(st.lists(st.tuples(TEXTS, st.sampled_from("ab")), min_size=1, max_size=90), st.integers(0, 89))
def test_it_does_not_depend_on_where_one_begins_to_read(said: list[tuple[str, str]], at: int) -> None:
    messages = [message(seq, text, talk) for seq, (text, talk) in enumerate(said, 1)]
    at %= len(messages)
    whole = list(introductions([], messages))
    assert list(introductions(messages[max(at - LOOK_BACK, 0) : at], messages[at:])) == whole[at:]


@given(st.text())
def test_any_text_tells_a_bounded_amount(text: str) -> None:
    (one,) = introduced(text)
    assert -10 < one.tells < 10
