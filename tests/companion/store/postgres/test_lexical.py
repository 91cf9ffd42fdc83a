"""Finding by words is SQLite's FTS5 in its scores, whatever happened to the messages."""

import random
from collections.abc import Callable, Sequence

import apsw
import numpy as np
import pytest

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.people import Memory, People, Within
from homeostat.companion.store.postgres.bm25 import BLOCK, COUNT_BITS, best, packed, placed, without
from homeostat.companion.store.spaced import TOKENIZER, spaced

VOCABULARY = [f"word{n}" for n in range(60)] + ["don't", "e-mail", "Zoë", "東京", "running"]
COUNT = 3 * BLOCK // 2
CONDITIONS: tuple[tuple[Within, Callable[[Message], bool]], ...] = (
    (Within(), lambda m: True),
    (Within(own=True), lambda m: m.own),
    (Within(talk="t1"), lambda m: m.talk == "t1"),
    (Within(author="a1", begin_us=90), lambda m: m.author == "a1" and m.at_us >= 90),
    (Within(end_us=40), lambda m: m.at_us < 40),
)


def said(rng: random.Random, n: int) -> NewMessage:
    words = rng.choices(VOCABULARY, [1 / (rank + 1) for rank in range(len(VOCABULARY))], k=rng.randrange(12))
    return NewMessage(
        id=f"m{n}",
        text=" ".join(words),
        at_us=n,
        talk=f"t{rng.randrange(4)}",
        author=f"a{n % 3}",
        own=n % 2 == 0,
    )


def fts5(messages: Sequence[Message]) -> apsw.Connection:
    """Return an index by SQLite of each message with the one before it in its talk."""
    connection = apsw.Connection(":memory:")
    tokenizer = " ".join(f"'{part}'" for part in TOKENIZER)
    connection.execute(f'CREATE VIRTUAL TABLE words USING fts5 (before, said, tokenize = "{tokenizer}")')
    before: dict[str, str] = {}
    for m in messages:
        text = spaced(m.text)
        row = (m.seq, before.get(m.talk, ""), text)
        connection.execute("INSERT INTO words (rowid, before, said) VALUES (?, ?, ?)", row)
        before[m.talk] = text
    return connection


def assert_as_fts5(memory: Memory, rng: random.Random) -> None:
    """Compare what is found: where scores differ by rounding alone, either order is right."""
    messages = memory.reading.after(0, 10_000)
    oracle = fts5(messages)
    for _ in range(40):
        asked = rng.sample(VOCABULARY, rng.randrange(1, 3))
        within, meets = rng.choice(CONDITIONS)
        phrases = " OR ".join(f'"{part}"' for word in asked for part in spaced(word).split())
        rows = oracle.execute("SELECT rowid, -bm25(words) FROM words WHERE words MATCH ?", (phrases,))
        meeting = {m.seq for m in messages if meets(m)}
        expected = {int(str(seq)): float(str(score)) for seq, score in rows if seq in meeting}
        seqs, scores = memory.lexical.match(asked, 10_000, within)
        assert dict(zip(seqs.tolist(), scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-5), (
            asked
        )
        limit = rng.choice((1, 5, 50))
        some, of_some = memory.lexical.match(asked, limit, within)
        assert (some.tolist(), of_some.tolist()) == (seqs[:limit].tolist(), scores[:limit].tolist())


@pytest.mark.parametrize("seed", range(2))
def test_scores_are_those_of_fts5_whatever_was_edited_and_removed(people: People, seed: int) -> None:
    rng = random.Random(seed)
    messages = [said(rng, n) for n in range(COUNT)]
    with people.open("ann", create=True) as memory:
        memory.messages.add(messages[:100])
        memory.messages.add(messages[100:])
        assert_as_fts5(memory, rng)
        for n in rng.sample(range(COUNT), 15):
            memory.messages.edit(f"m{n}", said(rng, n).text, 5)
        gone = [f"m{n}" for n in [*range(30, 45), *rng.sample(range(COUNT), 60)]]
        memory.messages.remove(gone[:40])
        memory.messages.remove(gone[40:])
        memory.messages.add([said(random.Random(9), COUNT + 1)])
        assert_as_fts5(memory, rng)


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
