"""Times in questions are read as people mean them, on the person's own clock."""

from datetime import UTC, datetime

import pytest

from homeostat.companion.search.when import asks_when, spans, speaks_of_time

TUESDAY = datetime(2023, 6, 27, 12, tzinfo=UTC)


def days(text: str, now: datetime = TUESDAY, offset_min: int = 0) -> list[tuple[str, str]]:
    """The spans as dates, from the first to the one after the last."""
    return [
        tuple(  # type: ignore[misc]
            datetime.fromtimestamp(us / 1e6 + offset_min * 60, UTC).strftime("%Y-%m-%d") for us in span
        )
        for span in spans(text, int(now.timestamp()) * 1_000_000, offset_min)
    ]


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("what did I eat yesterday?", "2023-06-26", "2023-06-27"),
        ("the day before yesterday", "2023-06-25", "2023-06-26"),
        ("what was said today", "2023-06-27", "2023-06-28"),
        ("last night", "2023-06-26", "2023-06-27"),
        ("last week", "2023-06-19", "2023-06-26"),
        ("last weekend", "2023-06-24", "2023-06-26"),
        ("this week", "2023-06-26", "2023-07-03"),
        ("last month", "2023-05-01", "2023-06-01"),
        ("last year", "2022-01-01", "2023-01-01"),
        ("last May", "2023-05-01", "2023-06-01"),
        ("in July", "2022-07-01", "2022-08-01"),
        ("in June", "2023-06-01", "2023-07-01"),
        ("In July 2021", "2021-07-01", "2021-08-01"),
        ("July, 2021", "2021-07-01", "2021-08-01"),
        ("in 2022", "2022-01-01", "2023-01-01"),
        ("on 3 July 2022", "2022-07-03", "2022-07-04"),
        ("on the 3rd of July", "2022-07-03", "2022-07-04"),
        ("May 8th, 2023", "2023-05-08", "2023-05-09"),
        ("on 2023-05-08", "2023-05-08", "2023-05-09"),
        ("two weeks ago", "2023-06-10", "2023-06-17"),
        ("3 days ago", "2023-06-24", "2023-06-25"),
        ("a few months ago", "2023-03-01", "2023-04-01"),
        ("4 years ago", "2019-01-01", "2020-01-01"),
        ("on Monday", "2023-06-26", "2023-06-27"),
        ("last Tuesday", "2023-06-20", "2023-06-21"),
        ("last summer", "2022-06-01", "2022-09-01"),
        ("this summer", "2023-06-01", "2023-09-01"),
        ("last June", "2022-06-01", "2022-07-01"),
        ("last winter", "2022-12-01", "2023-03-01"),
        ("in the winter of 2021", "2021-12-01", "2022-03-01"),
    ],
)
def test_an_expression_is_one_span(text: str, begin: str, end: str) -> None:
    assert days(text) == [(begin, end)]


@pytest.mark.parametrize(
    "text",
    ["", "may I march in?", "31 June", "2023-13-45", "9999 years ago", "room 2022", "a second", "0000-00-00"],
)
def test_what_is_no_time_says_nothing(text: str) -> None:
    assert days(text) == []


def test_several_times_are_several_spans() -> None:
    assert days("in May 2022 or yesterday") == [("2022-05-01", "2022-06-01"), ("2023-06-26", "2023-06-27")]


def test_yesterday_is_the_person_s_own() -> None:
    late = datetime(2023, 6, 27, 23, tzinfo=UTC)
    assert days("yesterday", late, offset_min=120) == [("2023-06-27", "2023-06-28")]
    assert days("yesterday", late) == [("2023-06-26", "2023-06-27")]


@pytest.mark.parametrize("now_us", [-(2**62), 2**62, 0])
def test_no_clock_is_an_error(now_us: int) -> None:
    assert isinstance(spans("a year ago, 9 days ago, last year", now_us), list)


@pytest.mark.parametrize("question", ["When was it?", "  since when", "How long ago?", "What year was it"])
def test_a_question_for_a_time_is_known(question: str) -> None:
    assert asks_when(question)


@pytest.mark.parametrize("question", ["Whenever?", "What was it?", "Tell me when", ""])
def test_another_question_is_none(question: str) -> None:
    assert not asks_when(question)


def test_a_text_speaks_of_time_by_its_words() -> None:
    assert speaks_of_time("We met two weeks ago.")
    assert speaks_of_time("On Fridays")
    assert not speaks_of_time("You may march on")
