"""Reconstruction: finds what fits, says how sure, and is never a message."""

from dataclasses import replace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from homeostat.companion.archaeology.archaeology import Archaeology
from homeostat.companion.archaeology.reconstruction.moments import Past, alike, near_anything, replies
from homeostat.companion.archaeology.reconstruction.ranking import probabilities, scores
from homeostat.companion.archaeology.reconstruction.reconstructed import Reconstructed
from homeostat.companion.archaeology.reconstruction.reconstruction import place
from homeostat.companion.archaeology.reconstruction.surroundings import Surroundings, Turn
from homeostat.companion.archaeology.reconstruction.traits import NAMES, traits
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory
from homeostat.companion.turns import Turns
from homeostat.core.errors import InputError
from homeostat.runtime.embed.rows import to_rows
from homeostat.testing.bare_host import BareHost
from homeostat.testing.word_embedder import WordEmbedder

TALK = [
    (False, "Any plans for the weekend with the sailing boat?"),
    (True, "Yes! We sail around the island with my sailing boat."),
    (False, "Sounds wonderful, the island in a sailing boat!"),
    (True, "Thanks! How is your bakery?"),
    (False, "The bakery is busy, sourdough all day."),
    (True, "I could eat your sourdough every morning."),
]


def filled(memory: Memory, embedder: WordEmbedder | None = None, times: int = 20) -> None:
    """Keep a talk many times over, each time with its own number."""
    memory.messages.add(
        [
            NewMessage(id=f"{t}-{i}", text=f"{text} {t}", at_us=(t * 100 + i) * 10**8, talk=f"t{t}", own=own)
            for t in range(times)
            for i, (own, text) in enumerate(TALK)
        ]
    )
    if embedder is not None:
        Turns(embedder).catch_up(memory, 1_000)


def test_without_an_embedder_the_turn_of_a_like_moment_is_found(memory: Memory) -> None:
    filled(memory)
    part = Archaeology(BareHost())
    part.catch_up(memory, 1_000)
    memory.messages.add(
        [
            NewMessage(id="a", text="And the sailing boat, any plans?", at_us=1, talk="now", own=False),
            NewMessage(id="b", text="The island, how wonderful!", at_us=2, talk="now", own=False),
        ]
    )
    last = memory.extent().last
    found = part.reconstruct(memory, last - 1, last)
    assert found.method == "words"
    assert "sail around the island" in found.likely[0].words
    assert {last - 1, last} < set(found.evidence)
    assert sum(one.probability for one in found.likely) <= 1.0 + 1e-9
    assert 0.0 < found.confidence < 1.0


def test_with_vectors_the_turn_of_a_like_moment_is_found(memory: Memory) -> None:
    embedder = WordEmbedder()
    filled(memory, embedder)
    part = Archaeology(BareHost(), embedder.model)
    part.catch_up(memory, 1_000)
    found = part.reconstruct(memory, 1, 3)
    assert found.method == "meaning"
    assert "sail around the island" in found.likely[0].words
    assert all(one.seq not in range(5) for one in found.likely)


def test_themes_are_rare_words_that_the_person_said_at_like_moments(memory: Memory) -> None:
    filled(memory)
    memory.messages.add(
        [NewMessage(id=f"x{i}", text="all is well here", at_us=10**12 + i) for i in range(800)]
    )
    part = Archaeology(BareHost())
    part.catch_up(memory, 1_000)
    themes = set(part.reconstruct(memory, 1, 3).themes)
    own = {word.strip("!?.").lower() for said, text in TALK if said for word in text.split()}
    assert themes
    assert themes <= own


def test_nothing_known_gives_nothing_with_no_confidence(memory: Memory) -> None:
    memory.messages.add([NewMessage(id="a", text="hello", at_us=1, own=False)])
    found = Archaeology(BareHost()).reconstruct(memory, 1, 0)
    assert (found.likely, found.confidence) == ((), 0.0)
    assert str(found) == "[reconstructed, 0% sure] nothing to go by"


def test_where_the_person_said_nothing_yet_there_is_nothing_with_vectors_either(memory: Memory) -> None:
    embedder = WordEmbedder()
    memory.messages.add([NewMessage(id=str(i), text=f"hello {i}", at_us=i, own=False) for i in range(9)])
    Turns(embedder).catch_up(memory, 100)
    found = Archaeology(BareHost(), embedder.model).reconstruct(memory, 4, 5)
    assert (found.likely, found.themes, found.confidence) == ((), (), 0.0)


def test_what_is_shown_differs_and_was_not_just_said(memory: Memory) -> None:
    embedder = WordEmbedder()
    texts = ["any plans?", "we sail to the island", "enjoy", "thanks, we will"] * 20
    memory.messages.add(
        [
            NewMessage(id=str(i), text=t, at_us=i, own=i % 2 == 1, talk=str(i // 4))
            for i, t in enumerate(texts)
        ]
    )
    Turns(embedder).catch_up(memory, 100)
    memory.messages.remove(["41"])
    for part in (Archaeology(BareHost()), Archaeology(BareHost(), embedder.model)):
        found = part.reconstruct(memory, 41, 43)
        assert [one.words for one in found.likely] == ["we sail to the island"]


def test_a_reconstruction_can_not_be_kept_as_a_message(memory: Memory) -> None:
    filled(memory)
    found = Archaeology(BareHost()).reconstruct(memory, 1, 3)
    assert not isinstance(found, NewMessage)
    count = memory.extent().count
    with pytest.raises((AttributeError, TypeError, InputError)):
        memory.messages.add([cast(Any, found)])
    assert memory.extent().count == count
    written = msgspec.json.encode(found)
    assert msgspec.json.decode(written)["provenance"] == "reconstructed"
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(written, type=NewMessage)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(written.replace(b"reconstructed", b"said"), type=Reconstructed)
    assert str(found).startswith("[reconstructed, ")


@pytest.mark.parametrize(("before", "after"), [(0, 0), (5, 5), (6, -5), (-1, 3), (1, 99_999), (99_999, 0)])
def test_places_that_are_none_are_refused_by_their_numbers(memory: Memory, before: int, after: int) -> None:
    filled(memory)
    with pytest.raises(InputError, match=r"\d"):
        Archaeology(BareHost()).reconstruct(memory, before, after)


def test_only_turns_of_the_same_talk_stand_around_a_place(memory: Memory) -> None:
    filled(memory)
    where = place(memory, 6, 7)
    assert [m.seq for m in where.before] == [4, 5, 6]
    assert [m.seq for m in where.after] == [7, 8, 9]
    assert [m.seq for m in place(memory, 7, 9).before] == [7]


def test_what_was_said_before_may_have_come_in_later(memory: Memory) -> None:
    filled(memory)
    where = place(memory, 100, 3)
    assert [m.seq for m in where.before] == [98, 99, 100]
    assert [m.seq for m in where.after] == [3, 4, 5]
    found = Archaeology(BareHost()).reconstruct(memory, 100, 3)
    assert found.likely
    assert not {one.seq for one in found.likely} & {3, 4, 5, 98, 99, 100}


def test_probabilities_are_those_of_odds_and_add_up_to_one() -> None:
    assert probabilities(np.array([np.log(3.0), 0.0])).tolist() == pytest.approx([0.75, 0.25])
    assert probabilities(np.array([])).size == 0


def test_traits_of_both_sides_count_and_what_is_not_known_counts_nothing() -> None:
    turns = [Turn("I paint landscapes"), Turn("the weather")]
    around = Surroundings((Turn("do you paint?"),), (Turn("landscapes, wow"),))
    rows = traits(around, turns, lambda words: np.ones(len(words)))
    assert rows[0, NAMES.index("shared_before")] > rows[1, NAMES.index("shared_before")]
    assert rows[0, NAMES.index("shared_after")] == 1.0
    assert rows[:, NAMES.index("near_before")].tolist() == [0.0, 0.0]
    assert scores(rows, "words")[0] > scores(rows, "words")[1]
    none = traits(Surroundings((), ()), turns, lambda words: np.ones(len(words)))
    assert none[:, NAMES.index("shared_before")].tolist() == [0.0, 0.0]


def test_replies_at_like_moments_point_to_what_was_said_there() -> None:
    rng = np.random.default_rng(1)

    def unit(rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)

    asked, answered = unit(rng.normal(size=(2, 64))), unit(rng.normal(size=(2, 64)))
    said = np.concatenate([np.stack([asked[i % 2], answered[i % 2]]) for i in range(40)])
    past = Past(np.arange(1, 81), to_rows(unit(said + rng.normal(0, 0.02, said.shape))))
    around = Surroundings((Turn("", asked[0]),), ())
    like = alike(past, around)
    assert set(np.argsort(-like)[:20] % 4) == {1}
    found = replies(past, around, np.arange(1, 79, 2))
    assert found is not None
    assert found @ answered[0] > found @ answered[1]
    assert replies(past, replace(around), np.arange(0)) is None
    near = near_anything(unit(np.stack([answered[0], rng.normal(size=64)])), past, np.arange(80))
    assert near[0] > 0.9 > near[1]


def test_in_a_crowd_the_likeliest_is_less_sure(memory: Memory) -> None:
    filled(memory)
    part = Archaeology(BareHost())
    alone = part.reconstruct(memory, 115, 117)
    memory.messages.add(
        [
            NewMessage(id=f"c{i}", text=text, at_us=10**12 + i, talk="crowd", own=False, author=f"nick{i}")
            for i, (_, text) in enumerate(TALK[:4])
        ]
    )
    last = memory.extent().last
    crowd = part.reconstruct(memory, last - 2, last - 1)
    assert crowd.likely[0].probability < alone.likely[0].probability


def test_weights_name_traits_that_there_are() -> None:
    rows = np.eye(len(NAMES))
    assert np.count_nonzero(scores(rows, "meaning")) == len(NAMES)
    assert scores(rows, "meaning", crowd=True) == pytest.approx(scores(rows, "meaning") / 3.0)
