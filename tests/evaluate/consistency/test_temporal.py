"""What is said of time, against its tense, the calendar and when it was said."""

from datetime import UTC, datetime

import pytest

from homeostat.evaluate.consistency.temporal import TemporalConsistency
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context, Segment

IN_2023_US = int(datetime(2023, 5, 8, tzinfo=UTC).timestamp()) * 1_000_000


def timely(*texts: str, at_us: int | None = None, context: Context | None = None) -> Score | None:
    return judged(TemporalConsistency(), [Segment(text=text, at_us=at_us) for text in texts], context)


@pytest.mark.parametrize(
    "text",
    [
        "I went to the lake tomorrow.",
        "Next week, we had a lovely picnic.",
        "I'll call you yesterday.",
        "We are going to move last month.",
        "It happened on Monday, 7 May 2023.",
        "We met on Friday, February 30, 2024.",
    ],
)
def test_what_cannot_be_is_marked(text: str) -> None:
    score = timely(text)
    assert score is not None
    assert score.value == 0.0
    assert score.marks[0].segment == 0


@pytest.mark.parametrize(
    "text",
    [
        "I went to the lake yesterday.",
        "Last week, we had a lovely picnic.",
        "I'll call you tomorrow.",
        "I signed up for a race next month.",
        "We decided to meet tomorrow.",
        "I bought tickets for next Friday.",
        "We haven't talked in a few days, and I missed you.",
        "It happened on Sunday, 7 May 2023.",
        "My sister moved out two years ago, so I'll paint her room.",
    ],
)
def test_what_can_be_is_not(text: str) -> None:
    score = timely(text)
    assert score is None or score.value == 1.0


def test_a_year_is_held_against_when_it_is_said() -> None:
    future = timely("In 2031 we visited Rome.", at_us=IN_2023_US)
    past = timely("In 2031 we visited Rome.", at_us=IN_2023_US + 10 * 31_557_600_000_000)
    assert future is not None
    assert past is not None
    assert (future.value, past.value) == (0.0, 1.0)
    coming = timely("In 2012 we will visit Rome.", context=Context(now_us=IN_2023_US))
    assert coming is not None
    assert coming.value == 0.0


def test_the_value_is_the_share_that_holds() -> None:
    score = timely("I went home yesterday.", "I went home tomorrow.", "Nothing about time.")
    assert score is not None
    assert score.value == 0.5
    assert score.parts == {"checked": 2.0, "wrong": 1.0}
    assert [mark.segment for mark in score.marks] == [1]


def test_it_says_nothing_where_nothing_is_said_of_time_or_in_another_language() -> None:
    assert timely("I like tea.") is None
    assert timely("I went home tomorrow.", context=Context(language="nl")) is None
