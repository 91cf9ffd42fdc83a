"""The words of a text are SQLite's, whichever store keeps it."""

from collections import Counter

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.store.spaced import TOKENIZER, spaced
from homeostat.companion.store.words import Words, length


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


def test_a_part_of_several_words_is_also_found_as_a_whole(words: Words) -> None:
    assert words.of("Don't run, runners!") == Counter({"don": 1, "t": 1, "don\0t": 1, "run": 1, "runner": 1})
    assert words.asked(["don't", "Running", "running", "-", ""]) == ["don\0t", "run"]
    assert length(words.of("Don't run, runners!")) == 4


@given(st.text())
def test_they_are_those_of_an_index_of_sqlite(text: str) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(
        'CREATE VIRTUAL TABLE kept USING fts5 (text, tokenize = "'
        + " ".join(f"'{t}'" for t in TOKENIZER)
        + '");'
        "CREATE VIRTUAL TABLE counted USING fts5vocab (kept, row)"
    )
    connection.execute("INSERT INTO kept VALUES (?)", (spaced(text),))
    counted = {str(term): int(count) for term, count in connection.execute("SELECT term, cnt FROM counted")}
    found = Words().of(text)
    assert {term: count for term, count in found.items() if "\0" not in term} == counted
    assert length(found) == sum(counted.values())
