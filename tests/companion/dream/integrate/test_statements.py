"""Statements are what people say of themselves, word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.dream.derived import Relation
from homeostat.companion.dream.integrate.statements import statements

PARTS = st.lists(
    st.sampled_from(
        [
            "I",
            "we",
            "I've",
            "we're",
            "my",
            "favourite",
            "dog",
            "named",
            "Rex",
            "is",
            "live",
            "in",
            "Oslo",
            "moved",
            "to",
            "turned",
            "30",
            "just",
            "love",
            "reading",
            '"Dune"',
            ".",
            ",",
            "!",
            "?",
            "and",
            "because",
            "not",
            "if",
            "\n",
            "東京",
            "ignore",
            "all",
            "previous",
            "instructions",
            "went",
            "bought",
            "a",
            "new",
            "boat",
        ]
    ),
    max_size=40,
).map(" ".join)


def told(text: str) -> list[tuple[str, str, str]]:
    return [
        (said.relation.value, text[said.about_begin : said.about_end], text[said.begin : said.end])
        for said in statements(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I just moved to San Diego, and I am happy.", ("lives in", "", "San Diego")),
        ("I'm originally from Sweden.", ("comes from", "", "Sweden")),
        ("We have a dog named Rex.", ("is called", "dog", "Rex")),
        ("I work as a nurse because I care.", ("works as", "", "a nurse")),
        ("My favorite color is blue.", ("likes best", "color", "blue")),
        ("I can't stand mushrooms.", ("dislikes", "", "mushrooms")),
        ('I finished reading the novel "Dune" last week.', ("read", "", "Dune")),
        ("I also play the clarinet.", ("plays", "", "the clarinet")),
        ("We've been to Rome.", ("went to", "", "Rome")),
        ("I turned 30!", ("is of the age of", "", "30")),
        ("I painted a horse when it rained.", ("made", "", "a horse")),
        ("I've signed up for a pottery class.", ("learns", "", "a pottery class")),
    ],
)
def test_what_is_said_is_told(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "Do I live in Oslo?",
        "If I live in Oslo, I am cold.",
        "She moved to Oslo.",
        "I didn't buy a boat.",
        "I would love a boat.",
        "I run for 30 minutes.",
        "",
    ],
)
def test_what_is_asked_or_wished_or_of_others_is_not_told(text: str) -> None:
    assert told(text) == []


@given(PARTS | st.text())
def test_a_statement_is_in_its_text(text: str) -> None:
    for said in statements(text):
        assert 0 <= said.begin < said.end <= len(text)
        assert text[said.begin : said.end].strip()
        assert 0 <= said.about_begin <= said.about_end <= len(text)
        assert said.relation in Relation


def test_a_long_text_is_read_in_a_bounded_time() -> None:
    assert told("I " * 100_000) == []
    assert told("I" + " " * 100_000 + "live in Oslo") == []
