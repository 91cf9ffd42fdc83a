"""Both stores find the same: words, scores and order are those of SQLite's FTS5."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory, People, Within
from homeostat.companion.store.postgres.bm25 import BLOCK, COUNT_BITS, best, packed, placed, without
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.companion.store.sqlite.people import SqlitePeople

VOCABULARY = [f"word{n}" for n in range(60)] + ["don't", "e-mail", "Zoë", "東京", "running"]
COUNT = 3 * BLOCK // 2


@pytest.fixture
def both(people: PostgresPeople, master: MasterKey, tmp_path: Path) -> Iterator[tuple[Memory, Memory]]:
    """The same person's memory, empty, in both forms of the store."""
    embedded = SqlitePeople(tmp_path, master)
    with embedded.open("ann", create=True) as one, people.open("ann", create=True) as other:
        yield one, other
    embedded.close()


def said(rng: random.Random, n: int) -> NewMessage:
    words = rng.choices(
        VOCABULARY, [1 / (rank + 1) for rank in range(len(VOCABULARY))], k=rng.randrange(1, 12)
    )
    return NewMessage(
        id=f"m{n}",
        text=" ".join(words),
        at_us=n,
        talk=f"t{rng.randrange(4)}",
        author=f"a{n % 3}",
        own=n % 2 == 0,
    )


def assert_same(both: tuple[Memory, Memory], rng: random.Random) -> None:
    for _ in range(40):
        asked = rng.choices(VOCABULARY, k=rng.randrange(1, 5))
        limit = rng.choice((1, 5, 50, 10_000))
        within = rng.choice(
            (
                Within(),
                Within(own=True),
                Within(talk="t1"),
                Within(author="a1", begin_us=90),
                Within(end_us=40),
            )
        )
        (seqs, scores), (other_seqs, other_scores) = (m.lexical.match(asked, limit, within) for m in both)
        assert seqs.tolist() == other_seqs.tolist(), (asked, within)
        np.testing.assert_allclose(scores, other_scores, rtol=1e-5)


@pytest.mark.parametrize("seed", range(2))
def test_scores_and_order_are_those_of_the_embedded_store(both: tuple[Memory, Memory], seed: int) -> None:
    rng = random.Random(seed)
    messages = [said(rng, n) for n in range(COUNT)]
    for memory in both:
        memory.messages.add(messages[:100])
        memory.messages.add(messages[100:])
    assert_same(both, rng)
    for n in rng.sample(range(COUNT), 15):
        text = said(rng, n).text
        for memory in both:
            memory.messages.edit(f"m{n}", text, 5)
    gone = [f"m{n}" for n in [*range(30, 45), *rng.sample(range(COUNT), 60)]]
    for memory in both:
        memory.messages.remove(gone[:40])
        memory.messages.remove(gone[40:])
        memory.messages.add([said(random.Random(9), COUNT + 1)])
    assert_same(both, rng)


def test_what_was_changed_and_changed_back_leaves_no_trace(people: People) -> None:
    """An edit there and back, and a message added and removed, leave the scores as they were."""
    rng = random.Random(3)
    with people.open("ann", create=True) as memory:
        memory.messages.add([said(rng, n) for n in range(50)])
        before = memory.lexical.match(VOCABULARY, 99)
        text = memory.reading.by_id(["m20"])[0].text
        memory.messages.edit("m20", "something else", 5)
        memory.messages.edit("m20", text, 6)
        memory.messages.add([NewMessage(id="new", text="word0 word1", at_us=1, talk="t0")])
        memory.messages.remove(["new"])
        after = memory.lexical.match(VOCABULARY, 99)
    assert before[0].tolist() == after[0].tolist()
    np.testing.assert_array_equal(before[1], after[1])


def test_equal_scores_stand_in_the_order_of_their_seqs() -> None:
    seqs, scores = np.arange(1, 8), np.array([2.0, 5, 5, 1, 5, 5, 9])
    assert best(seqs, scores, 3)[0].tolist() == [7, 2, 3]
    assert best(seqs, scores, 99)[0].tolist() == [7, 2, 3, 5, 6, 1, 4]


def test_a_posting_holds_the_longest_text_there_is() -> None:
    """A text of 1 MiB has at most half as many words, and twice that with the one before it."""
    assert (1 << COUNT_BITS) > 1 << 20
    assert placed(BLOCK) == (0, BLOCK - 1)
    assert placed(BLOCK + 1) == (1, 0)
    body = packed(BLOCK - 1, 1 << 20) + packed(3, 1)
    assert without(body, [3]) == packed(BLOCK - 1, 1 << 20)
