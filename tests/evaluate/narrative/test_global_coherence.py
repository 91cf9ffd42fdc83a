"""Whether each segment stands at its place in the whole."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.narrative.global_coherence import (
    WINDOW,
    GlobalCoherence,
    all_places,
    fits_at_places,
)
from homeostat.evaluate.narrative.order import Order, Placed, order_for
from homeostat.evaluate.passage import Context, Segment
from homeostat.testing.told_talk import TALK


def whole(*texts: str, context: Context | None = None) -> Score | None:
    return judged(GlobalCoherence(), [Segment(text=text) for text in texts], context)


def scored(*texts: str) -> Score:
    score = whole(*texts)
    assert score is not None
    return score


def total(order: Order, segments: list[Placed]) -> float:
    """Return the slow, obvious sum of all ties of segments in an order."""
    return sum(
        order.tie(before, segments[at], at - place - 1)
        for at in range(len(segments))
        for place, before in enumerate(segments[:at])
        if at - place <= order.reach
    )


def test_a_talk_as_told_is_worth_more_than_shuffled_ones_which_are_worth_about_a_half() -> None:
    drawn = random.Random(3)
    shuffled = [scored(*drawn.sample(TALK, len(TALK))).value for _ in range(20)]
    assert scored(*TALK).value > max(shuffled)
    assert abs(sum(shuffled) / 20 - 0.5) < 0.12


def test_a_farewell_at_the_beginning_is_marked_and_lowers_it() -> None:
    score = scored(TALK[-1], *TALK[:-1])
    assert 0 in [mark.segment for mark in score.marks]
    assert score.value < scored(*TALK).value


def test_how_well_a_segment_fits_is_the_sum_of_all_ties_of_that_order() -> None:
    order = order_for(None)
    segments = [order.start(), *map(order.placed, TALK[:7])]
    fits = fits_at_places(order, segments)
    for turn in range(7):
        rest = segments[: turn + 1] + segments[turn + 2 :]
        for place in range(7):
            moved = [*rest[: place + 1], segments[turn + 1], *rest[place + 1 :]]
            assert abs(fits[turn, place] - total(order, moved)) < 1e-3


def test_all_orders_of_places_hold_every_segment_once() -> None:
    for n in (1, 2, 5):
        orders = all_places(n)
        assert orders.shape == (n, n, n + 1)
        assert (orders[..., 0] == 0).all()
        assert all(sorted(order) == list(range(n + 1)) for order in orders.reshape(-1, n + 1).tolist())
        for turn in range(n):
            assert orders[turn, turn].tolist() == list(range(n + 1))


def test_of_a_long_passage_the_last_ones_are_looked_at_and_marks_name_their_true_numbers() -> None:
    texts = (*TALK * 5, "Bye! Talk to you soon.", *TALK)
    score = scored(*texts)
    assert all(len(texts) - WINDOW <= mark.segment < len(texts) for mark in score.marks)


def test_it_says_nothing_of_too_little_or_of_a_language_it_was_not_validated_on() -> None:
    assert whole(*TALK[:3]) is None
    assert whole(*TALK, context=Context(language="de")) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=4, max_size=7))
def test_whatever_is_read_the_value_and_its_interval_are_between_0_and_1(texts: list[str]) -> None:
    score = scored(*texts)
    assert score.low is not None
    assert score.high is not None
    assert 0.0 <= score.low <= score.value <= score.high <= 1.0
