"""Whether each segment follows from those just before it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.evaluate.evaluator import MARKS_MAX, Score, judged
from homeostat.evaluate.narrative.local_coherence import LocalCoherence
from homeostat.evaluate.narrative.order import order_for
from homeostat.evaluate.passage import Context, Segment
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.told_talk import TALK
from homeostat.testing.word_embedder import WordEmbedder


def local(
    *texts: str, evaluator: LocalCoherence | None = None, context: Context | None = None
) -> Score | None:
    return judged(evaluator or LocalCoherence(), [Segment(text=text) for text in texts], context)


def value(texts: tuple[str, ...], evaluator: LocalCoherence | None = None) -> float:
    score = local(*texts, evaluator=evaluator)
    assert score is not None
    return score.value


def test_a_talk_is_worth_more_than_nineteen_of_twenty_shuffled_ones() -> None:
    told = value(TALK)
    drawn = random.Random(3)
    shuffled = [value(tuple(drawn.sample(TALK, len(TALK)))) for _ in range(20)]
    assert sum(told > other for other in shuffled) >= 19
    assert told > sum(shuffled) / 20 + 0.15


def test_most_swaps_of_neighbours_lower_it() -> None:
    told = value(TALK)
    swapped = [value((*TALK[:at], TALK[at + 1], TALK[at], *TALK[at + 2 :])) for at in range(len(TALK) - 1)]
    assert sum(told > other for other in swapped) >= 8


def test_an_answer_before_its_question_is_marked_or_lowers_the_fit_by_much() -> None:
    asked = local("Hi!", "What is your name?", "My name is Ann.", "Nice to meet you, Ann!")
    before = local("Nice to meet you, Ann!", "My name is Ann.", "What is your name?", "Hi!")
    assert asked is not None
    assert before is not None
    assert asked.parts["fit"] > before.parts["fit"] + 1.0


def test_who_speaks_and_when_changes_nothing() -> None:
    told = [Segment(text=text, author="AB"[at % 2], at_us=at) for at, text in enumerate(TALK)]
    assert judged(LocalCoherence(), told) == local(*TALK)


def test_it_is_known_at_every_moment_and_the_last_one_is_that_of_the_whole() -> None:
    judging = LocalCoherence().begin(Context())
    seen = []
    for text in TALK:
        judging.add(Segment(text=text))
        seen.append(judging.score())
    assert seen[:2] == [None, None]
    assert all(score is not None for score in seen[2:])
    assert seen[-1] == local(*TALK)


def test_its_interval_holds_its_value_and_narrows_as_more_is_read() -> None:
    short, long = local(*TALK[:5]), local(*(TALK * 4))
    assert short is not None
    assert long is not None
    for score in (short, long):
        assert score.low is not None
        assert score.high is not None
        assert score.low <= score.value <= score.high
    assert short.high is not None
    assert short.low is not None
    assert long.high is not None
    assert long.low is not None
    assert long.high - long.low < short.high - short.low


def test_it_says_nothing_of_too_little_or_of_a_language_it_was_not_validated_on() -> None:
    assert local() is None
    assert local("Hi!", "Hello!") is None
    assert local(*TALK, context=Context(language="fr")) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=3, max_size=8))
def test_whatever_is_read_the_value_is_between_0_and_1(texts: list[str]) -> None:
    score = local(*texts)
    assert score is not None
    assert 0.0 <= score.value <= 1.0
    assert score.low is not None
    assert score.high is not None
    assert 0.0 <= score.low <= score.high <= 1.0


def test_marks_hold_places_and_none_of_the_words() -> None:
    score = local(*TALK[:4], "secret zebra", *TALK[4:], "No.", "Hello, how are you?")
    assert score is not None
    assert all("zebra" not in mark.what for mark in score.marks)


def test_places_that_do_not_follow_are_counted_beyond_those_that_are_marked() -> None:
    texts = ("No.", "Bye! Talk to you soon.", "Hello, how are you?") * 100
    score = local(*texts)
    assert score is not None
    assert len(score.marks) == MARKS_MAX
    assert score.parts["unlikely"] > MARKS_MAX / len(texts)


def test_a_segment_of_a_million_characters_is_read_at_its_ends_only() -> None:
    assert local("Hi! " * 250_000, "Hello! " * 250_000, "word " * 250_000) is not None


def test_with_another_embedder_than_it_was_learned_with_words_alone_count() -> None:
    assert value(TALK, LocalCoherence(WordEmbedder())) == value(TALK)


def test_with_minilm_meaning_counts_as_well(minilm: MiniLm) -> None:
    assert order_for(minilm).embeds
    told = value(TALK, LocalCoherence(minilm))
    assert told != value(TALK)
    assert told > value(TALK[::-1], LocalCoherence(minilm))


@pytest.mark.parametrize("embeds", [False, True])
def test_the_weights_are_finite_and_told_is_above_shuffled(
    embeds: bool, request: pytest.FixtureRequest
) -> None:
    order = order_for(request.getfixturevalue("minilm") if embeds else None)
    assert order.told > order.shuffled
    assert order.unlikely < order.told
    assert abs(order.next).max() < 10
