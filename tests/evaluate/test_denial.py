"""Claims about which words of a text are denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.denial import NEGATORS, REACH, tokens_of


def denied(text: str) -> list[str]:
    return [word for word, denied in tokens_of(text) if denied]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It was not a dark night at all", ["a", "dark", "night", "at"]),
        ("No, it was dark", []),
        ("I did not go but slept", ["go"]),
        ("It isn’t here. It was there", ["here"]),
        ("nobody never slept", ["slept"]),
        ("", []),
        ("\0 😀 _not_ so", ["so"]),
    ],
)
def test_a_negator_denies_the_next_four_words_of_its_clause(text: str, words: list[str]) -> None:
    assert denied(text) == words


@given(st.lists(st.sampled_from(["not", "never", "but", ",", ".", "dark", "night", "was"])))
def test_a_denied_word_has_a_negator_before_it_within_reach_and_no_mark_between(words: list[str]) -> None:
    said = list(tokens_of(" ".join(words)))
    assert [word for word, _ in said] == words
    for at, (word, is_denied) in enumerate(said):
        before = words[max(0, at - REACH) : at]
        clause = before[max((i + 1 for i, one in enumerate(before) if one in (",", ".", "but")), default=0) :]
        plain = word not in NEGATORS and word not in (",", ".", "but")
        assert is_denied is (plain and not NEGATORS.isdisjoint(clause))
