"""What is found among the words in memory is what the store finds, with its scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.message import NewMessage
from homeostat.companion.search.index import Index
from homeostat.companion.search.word_column import Numbering, WordColumn
from homeostat.companion.store.people import Memory

NUMBERING = Numbering()
PARTS = ["violin", "violins", "don't", "Don", "mother-in-law", "Käse", "東京", "🙂", "the", "12", "a.b", "\0"]

EACH_ONCE = [part for part in PARTS if part != "violins"]
"""The store counts two forms of one word twice."""

texts = st.lists(st.sampled_from(PARTS), max_size=6).map(" ".join)
none_before = np.full(1, -1, np.int32)


@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_the_store(memory: Memory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    memory.messages.add(
        [
            NewMessage(
                id=str(n), text=" ".join(rng.choice(PARTS, rng.integers(1, 7))), talk=str(n % 3), at_us=n
            )
            for n in range(40)
        ]
    )
    index = Index(0, NUMBERING)
    kept = memory.reading.after(0, 99)
    for begin in range(0, 40, 7):
        index.extend(kept[begin : begin + 7])
    for asked in (["violin"], ["don't", "Käse"], EACH_ONCE, ["unheard"], ["the"], []):
        seqs, scores = memory.lexical.match(asked, 99)
        expected = dict(zip(seqs.tolist(), scores.tolist(), strict=True))
        found = index.words.scores(asked, index.before)
        ours = {int(index.seq[place]): float(found[place]) for place in np.flatnonzero(found)}
        assert ours == pytest.approx(expected, rel=1e-5, abs=1e-9)


@given(st.lists(texts, min_size=1, max_size=12), st.integers(1, 5))
def test_to_grow_is_to_have_been_given_all(said: list[str], batch: int) -> None:
    whole, grown = WordColumn(NUMBERING), WordColumn(NUMBERING)
    whole.extend(said)
    for begin in range(0, len(said), batch):
        grown.extend(said[begin : begin + batch])
    alone = np.full(len(said), -1, np.int32)
    assert grown.scores(PARTS, alone).tolist() == whole.scores(PARTS, alone).tolist()


def test_where_nothing_was_said_nothing_is_found() -> None:
    assert WordColumn(NUMBERING).scores(["violin"], np.empty(0, np.int32)).tolist() == []
    column = WordColumn(NUMBERING)
    column.extend([""])
    assert column.scores(["violin"], none_before).tolist() == [0.0]


def test_half_of_a_surrogate_pair_is_looked_for_and_not_found() -> None:
    column = WordColumn(NUMBERING)
    column.extend(["violin"])
    assert column.scores(["\ud800"], none_before).tolist() == [0.0]
