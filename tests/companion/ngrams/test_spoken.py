"""Words of messages as hashes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.ngrams.spoken import spoken

TEXTS = st.lists(st.text(max_size=60), max_size=8)


def words(texts: list[str]) -> list[list[str]]:
    """Return what is told apart, by message."""
    said = spoken(texts)
    return [
        [said.text(int(i), 1) for i in np.flatnonzero(said.message == message)]
        for message in range(len(texts))
    ]


@given(TEXTS)
def test_messages_side_by_side_have_the_words_that_each_has_alone(texts: list[str]) -> None:
    assert words(texts) == [words([text])[0] for text in texts]


@given(st.lists(st.from_regex(r"[a-z0-9']{0,40}", fullmatch=True), max_size=30))
def test_two_words_share_a_hash_exactly_where_they_are_the_same(texts: list[str]) -> None:
    said = spoken([" ".join(texts)])
    shown = [said.text(i, 1) for i in range(said.hashes.size)]
    assert len(set(shown)) == len(set(said.hashes.tolist()))
    assert len(set(zip(shown, said.hashes.tolist(), strict=True))) == len(set(shown))


def test_case_punctuation_and_quotes_do_not_count_while_apostrophes_within_words_do() -> None:
    assert words(["Don't say 'NO', it\u2019s \u201cfine\u201d..."]) == [
        ["don't", "say", "no", "it's", "fine"]
    ]


def test_emoji_are_words_and_letters_of_any_script_stay_whole() -> None:
    assert words(["so🙂🙂 שלום! नमस्ते"]) == [["so", "🙂", "🙂", "שלום", "नमस्ते"]]


def test_ngrams_do_not_reach_from_one_message_into_the_next() -> None:
    said = spoken(["a b\nc", "", "d"])
    assert [said.text(int(i), 2) for i in said.ngrams(2)[1]] == ["a b", "b c"]
    assert [said.text(int(i), 3) for i in said.ngrams(3)[1]] == ["a b c"]


def test_the_order_of_words_counts_in_an_ngram() -> None:
    one, other = spoken(["yes no", "no yes"]).ngrams(2)[0]
    assert one != other


def test_nothing_and_a_million_signs_without_a_blank_are_taken() -> None:
    assert spoken([]).hashes.size == 0
    assert spoken(["", "\x00 \n"]).hashes.size == 0
    assert spoken(["x" * 1_000_000, "\ud800"]).hashes.size == 1


def test_words_longer_than_what_is_read_differ_by_their_ends() -> None:
    head = "x" * 40
    assert np.unique(spoken([f"{head}one {head}two {head}"]).hashes).size == 3
