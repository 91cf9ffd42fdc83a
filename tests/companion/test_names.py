"""Names are known by their words, and only they are left out."""

import pytest

from homeostat.companion.names import without, words_of


@pytest.mark.parametrize(
    ("author", "words"),
    [
        ("Ann Lee", ["ann", "lee"]),
        ("Will", []),
        ("X", []),
        ("", []),
        ("bob_42", ["bob_42"]),
        ("Zoë", ["zoë"]),
    ],
)
def test_a_person_is_called_by_the_words_of_the_name(author: str, words: list[str]) -> None:
    assert words_of(author) == words


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Ann, hello", "hello"),
        ("ANN’s dog", "dog"),
        ("Annual planning", "Annual planning"),
        ("Ann", "Ann"),
        ("", ""),
        ("Ann  said\n no", "said no"),
        ("two  spaces stay", "two  spaces stay"),
    ],
)
def test_a_text_loses_names_and_nothing_else(text: str, rest: str) -> None:
    assert without(text, {"ann"}) == rest
