"""Claims about the cutting of texts into sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.passage import Segment
from homeostat.evaluate.segments import as_segments, segments_of, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("It cost 3.50 in the U.S. market. Cheap.", ["It cost 3.50 in the U.S. market.", "Cheap."]),
        ("See e.g. Mr. Smith and J. R. Hall. Bye.", ["See e.g. Mr. Smith and J. R. Hall.", "Bye."]),
        ('"Stop!" he cried. She did.', ['"Stop!" he cried.', "She did."]),
        ("A title\n\nThe text", ["A title", "The text"]),
        ("To do:\n- eat\n- sleep", ["To do:", "- eat", "- sleep"]),
        ("今日は雨。明日は晴れ！", ["今日は雨。", "明日は晴れ！"]),
        ("It was me and I. Then we left.", ["It was me and I.", "Then we left."]),
        (
            "He said no. She left at 5 p.m. Then it rained.",
            ["He said no.", "She left at 5 p.m.", "Then it rained."],
        ),
        ("See no. 5 of it. Done.", ["See no. 5 of it.", "Done."]),
        ("Wait... what? Nothing.", ["Wait... what?", "Nothing."]),
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@given(st.text(alphabet="ab .!?\nDr1-", max_size=80))
def test_no_sign_but_blanks_is_lost_or_doubled(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_segments_are_taken_as_they_are_and_texts_by_their_sentences() -> None:
    given_segments = [Segment(text="One. Two.")]
    assert as_segments(given_segments) == tuple(given_segments)
    assert as_segments("One. Two.") == segments_of("One. Two.")
    assert [s.text for s in segments_of("One. Two.", author="Ann")] == ["One.", "Two."]
    assert {s.author for s in segments_of("One. Two.", author="Ann")} == {"Ann"}


@pytest.mark.parametrize(
    "part", [".", "\n", " .", '."', "\n ", "\n\r", "。", "a. ", "Dr. ", "\t", "A.b.", ". \t"]
)
def test_no_text_takes_longer_than_its_length(part: str) -> None:
    """A search that goes back over what it has seen would take hours here."""
    text = part * (300_000 // len(part)) + "x"
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
