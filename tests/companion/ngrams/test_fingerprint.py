"""The fingerprint against a dictionary that counts everything."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.companion.ngrams.fingerprint import GRAMS_MAX, ORDERS, Fingerprint
from homeostat.companion.ngrams.spoken import spoken
from homeostat.companion.ngrams.tally import EMPTY, tallied

LINES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "don't", "🙂"]), max_size=6).map(" ".join), max_size=20
)


def counted(lines: list[str]) -> Counter[str]:
    """Return how often each n-gram was said, slowly."""
    found: Counter[str] = Counter()
    for line in lines:
        parts = line.split()
        for order in ORDERS:
            found.update(" ".join(parts[i : i + order]) for i in range(len(parts) - order + 1))
    return found


@given(LINES, st.integers(0, 20))
def test_counts_are_exact_however_the_messages_come(lines: list[str], cut: int) -> None:
    learned = Fingerprint()
    learned.extend(lines[:cut], range(1, len(lines[:cut]) + 1))
    for seq, line in enumerate(lines[cut:], cut + 1):
        learned.add(line, seq)
    for words, count in counted(lines).items():
        assert learned.count(words) == (count, count)
    assert learned.count("never said") == (0, 0)


@given(LINES)
def test_notes_bring_back_the_same_fingerprint(lines: list[str]) -> None:
    learned = Fingerprint()
    learned.extend(lines, range(1, len(lines) + 1))
    again = Fingerprint.of_bytes(learned.to_bytes())
    assert again is not None
    for order in ORDERS:
        assert again.most(order, 100) == learned.most(order, 100)
        assert again.tally(order).total == learned.tally(order).total


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(0, 60), max_size=80), max_size=8), st.integers(1, 8))
def test_what_is_let_go_stays_within_the_bounds_that_are_told(batches: list[list[int]], room: int) -> None:
    tally, true = EMPTY, Counter[int]()
    for batch in batches:
        keys = np.array(batch, dtype=np.uint64)
        tally = tallied(tally, keys, np.arange(keys.size), room)
        true.update(batch)
        assert tally.keys.size <= 2 * room
        for key in range(61):
            low, high = tally.count(key)
            assert low <= true[key] <= high
    assert tally.total == true.total()


def test_what_is_said_often_is_never_let_go_and_says_where_it_was_said_last() -> None:
    learned = Fingerprint()
    rng = np.random.default_rng(1)
    lines = [f"good morning {a} {b}" for a, b in rng.integers(0, 10**6, (20_000, 2)).tolist()]
    for begin in range(0, len(lines), 1_000):
        learned.extend(lines[begin : begin + 1_000], range(begin + 1, begin + 1_001))
    most = learned.most(2, 1)[0]
    assert (most.count, most.lack, most.seq) == (20_000, 0, 20_000)
    assert most.key == int(spoken(["good morning"]).ngrams(2)[0][0])
    assert len(learned.to_bytes()) < 400_000
    assert learned.tally(3).keys.size <= 2 * GRAMS_MAX


def test_notes_of_another_version_are_learned_anew() -> None:
    assert Fingerprint.of_bytes(b"\x92\x00\x80") is None


def test_more_than_three_words_are_no_ngram() -> None:
    with pytest.raises(ValueError, match="one to three words, not 4"):
        Fingerprint().count("one two three four")
