"""Claims about the message flow: what was received is stored and found, for its person alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.companion.companion import RECEIVE, Companion
from homeostat.companion.finding import Hit
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import Memory, People
from homeostat.companion.turns import KIND, Turns
from homeostat.core.errors import InputError, TooLarge, UnknownPerson
from homeostat.runtime.embed.rows import to_rows
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.digest_embedder import DigestEmbedder
from homeostat.testing.eventually import WITHIN_S
from homeostat.testing.finder_by_words import ByWords


@pytest.fixture
def told() -> list[str]:
    """Whom the enrichment was told of."""
    return []


@pytest.fixture
def companion(host: BareHost, people: People, embedder: DigestEmbedder, told: list[str]) -> Companion:
    """A companion with an embedder."""
    return Companion(host, people, ByWords(), Residents(1 << 20), Turns(embedder), told.append)


def said(number: int, text: str, at_us: int = 1, **more: object) -> NewMessage:
    return NewMessage(id=f"m{number}", text=text, at_us=at_us, **more)  # type: ignore[arg-type]


def test_a_message_is_found_by_the_very_next_call(companion: Companion) -> None:
    for number in range(20):
        received = companion.receive("ann", said(number, f"the {number}th umbrella is green"))
        assert received.seq == number + 1
        found = companion.search("ann", f"{number}th umbrella", 20)
        assert f"m{number}" in [hit.message.id for hit in found]


def test_a_message_calls_up_others_and_never_itself(companion: Companion) -> None:
    companion.receive("ann", said(1, "my sister lives in Lisbon"))
    received = companion.receive("ann", said(2, "in Lisbon it rains"))
    assert [hit.message.id for hit in received.hits] == ["m1"]
    assert companion.receive("ann", said(3, "Lisbon again"), k=0).hits == []


def test_the_same_id_again_changes_nothing_and_finds_again(companion: Companion, told: list[str]) -> None:
    companion.receive("ann", said(1, "my sister lives in Lisbon"))
    first = companion.receive("ann", said(2, "in Lisbon it rains"))
    again = companion.receive("ann", said(2, "in Lisbon it rains"))
    assert (first.new, again.new) == (True, False)
    assert (again.seq, again.hits) == (first.seq, first.hits)
    assert companion.extent("ann").count == 2
    assert told == ["ann", "ann"]


def test_an_id_with_another_text_is_refused_by_its_name_alone(companion: Companion) -> None:
    companion.receive("ann", said(1, "a first secret"))
    with pytest.raises(InputError, match="m1") as caught:
        companion.receive("ann", said(1, "another secret"))
    assert "secret" not in str(caught.value)


def test_one_persons_words_are_never_found_by_another(companion: Companion) -> None:
    companion.receive("ann", said(1, "the password is swordfish"))
    assert companion.receive("bob", said(1, "swordfish")).hits == []
    assert companion.search("bob", "password swordfish") == [
        hit for hit in companion.search("bob", "swordfish") if hit.message.text == "swordfish"
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\t\u2003"])
def test_a_message_that_says_nothing_is_refused(companion: Companion, text: str) -> None:
    with pytest.raises(InputError, match="no text"):
        companion.receive("ann", said(1, text))
    with pytest.raises(UnknownPerson):
        companion.extent("ann")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(min_size=1).filter(lambda text: not text.isspace()), min_size=1, max_size=20))
def test_any_texts_come_back_as_they_were(companion: Companion, texts: list[str]) -> None:
    companion.forget("ann")
    for number, text in enumerate(texts):
        companion.receive("ann", said(number, text), k=3)
    assert [m.text for m in companion.read("ann")] == texts


@pytest.mark.parametrize(
    "text",
    ["🙂" * 1_000, "\u202eשלום עולם", "a\0b", "x" * (1 << 20)],
    ids=["emoji", "right to left", "NUL", "1 MiB"],
)
def test_odd_texts_are_kept_whole_and_found(companion: Companion, text: str) -> None:
    companion.receive("ann", said(1, text))
    companion.receive("ann", said(2, "plain"))
    assert companion.one("ann", "m1").text == text  # type: ignore[union-attr]
    companion.search("ann", text)


def test_more_than_a_mebibyte_is_refused_with_the_limit(companion: Companion) -> None:
    with pytest.raises(TooLarge, match="1048576"):
        companion.receive("ann", said(1, "x" * ((1 << 20) + 1)))


def test_a_clock_that_goes_back_changes_no_order_and_zones_are_kept(companion: Companion) -> None:
    companion.receive("ann", said(1, "later", at_us=2_000_000, offset_min=60))
    companion.receive("ann", said(2, "earlier", at_us=1_000_000, offset_min=-330))
    assert [(m.id, m.at_us, m.offset_min) for m in companion.read("ann")] == [
        ("m1", 2_000_000, 60),
        ("m2", 1_000_000, -330),
    ]


def test_an_edited_message_is_found_by_its_new_words_alone(companion: Companion, told: list[str]) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    told.clear()
    edited = companion.edit("ann", "m1", "the bicycle is blue", edited_us=9)
    assert edited is not None
    assert (edited.seq, edited.text, edited.edited_us) == (1, "the bicycle is blue", 9)
    assert companion.search("ann", "umbrella") == []
    assert [hit.message.id for hit in companion.search("ann", "bicycle")] == ["m1"]
    assert companion.edit("ann", "m9", "nothing", edited_us=9) is None
    assert told == ["ann"]


def test_a_removed_message_is_found_no_more(companion: Companion) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    companion.receive("ann", said(2, "the bicycle is blue"))
    assert companion.remove("ann", ["m1", "m9"]) == 1
    assert companion.search("ann", "umbrella") == []
    assert companion.one("ann", "m1") is None
    assert companion.receive("ann", said(3, "umbrella?")).hits == []


def test_a_forgotten_person_is_unknown_and_begins_anew(companion: Companion) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    companion.residents.put("ann", "something", [1], size_bytes=8)
    assert companion.forget("ann")
    assert not companion.forget("ann")
    assert companion.residents.get("ann", "something", list) is None
    with pytest.raises(UnknownPerson):
        companion.search("ann", "umbrella")
    assert companion.receive("ann", said(1, "another life")).seq == 1


def test_who_was_forgotten_by_another_process_leaves_nothing_resident(
    companion: Companion, people: People
) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    companion.residents.put("ann", "something", [1], size_bytes=8)
    people.forget("ann")
    companion.receive("ann", said(1, "another life"))
    assert companion.residents.get("ann", "something", list) is None


def test_the_turn_vector_is_there_with_the_message(
    companion: Companion, people: People, embedder: DigestEmbedder
) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    with people.open("ann") as memory:
        seqs, rows = memory.vectors.load(KIND, embedder.model)
    assert seqs.tolist() == [1]
    assert rows.shape == (1, 16)
    assert embedder.texts == 1


def test_a_sender_that_repeats_itself_does_not_undo_the_row_of_an_edit(
    companion: Companion, people: People, embedder: DigestEmbedder
) -> None:
    companion.receive("ann", said(1, "the umbrella is red"))
    companion.edit("ann", "m1", "the bicycle is blue", edited_us=9)
    assert not companion.receive("ann", said(1, "the umbrella is red")).new
    with people.open("ann") as memory:
        _, rows = memory.vectors.load(KIND, embedder.model)
    assert rows.tolist() == to_rows(embedder.embed(["the bicycle is blue"])).tolist()


def test_the_finder_is_told_of_each_new_message_as_it_is_kept_with_its_row(
    host: BareHost, people: People, embedder: DigestEmbedder
) -> None:
    finder = Meant()
    companion = Companion(host, people, finder, Residents(1 << 20), Turns(embedder))
    companion.receive("ann", said(1, "the umbrella is red", talk="t", author="Bob", own=False, offset_min=60))
    companion.receive("ann", said(1, "the umbrella is red"))
    embedder.broken = True
    companion.receive("ann", said(2, "the bicycle is blue"), k=0)
    embedder.broken = False
    row, nothing = finder.rows
    assert finder.told == companion.read("ann")
    assert row is not None
    assert row.tolist() == to_rows(embedder.embed(["the umbrella is red"]))[0].tolist()
    assert nothing is None


def test_without_the_embedder_messages_are_kept_all_the_same(
    companion: Companion, people: People, embedder: DigestEmbedder, host: BareHost
) -> None:
    embedder.broken = True
    companion.receive("ann", said(1, "the umbrella is red"))
    assert [hit.message.id for hit in companion.search("ann", "umbrella")] == ["m1"]
    assert host.losses.totals()["companion.embedder_failed"] == 2
    embedder.broken = False
    turns = Turns(embedder)
    with people.open("ann") as memory:
        assert turns.catch_up(memory, 10)
        assert memory.vectors.load(KIND, embedder.model)[0].tolist() == [1]


def test_messages_of_one_person_from_many_threads_are_all_kept_in_a_row(companion: Companion) -> None:
    ready = threading.Barrier(8)

    def send(thread: int) -> None:
        ready.wait()
        for number in range(10):
            companion.receive("ann", said(thread * 100 + number, f"{thread} said {number}"), k=1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(8)))
    read = companion.read("ann", limit=1_000)
    assert [m.seq for m in read] == list(range(1, 81))
    for thread in range(8):
        own = [m.id for m in read if m.text.startswith(f"{thread} ")]
        assert own == [f"m{thread * 100 + number}" for number in range(10)]


def test_many_at_once_are_kept_all_or_none(companion: Companion, people: People) -> None:
    assert companion.receive_many("ann", [said(n, f"number {n}") for n in range(500)]) == list(range(1, 501))
    with pytest.raises(InputError):
        companion.receive_many("ann", [said(600, "good"), said(601, " ")])
    assert companion.extent("ann").count == 500
    assert companion.receive_many("ann", []) == []


def test_each_stage_is_measured_and_holds_no_text(companion: Companion, host: BareHost) -> None:
    companion.receive("ann", said(1, "swordfish"))
    for stage in ("", ".embed", ".store", ".search"):
        assert host.snapshot("operation.duration", operation=RECEIVE + stage).count == 1
    assert host.total("companion.messages", event="stored") == 1


def test_an_embedder_that_failed_is_left_alone_for_a_while(
    companion: Companion, embedder: DigestEmbedder, clock: ManualClock
) -> None:
    embedder.broken = True
    companion.receive("ann", said(1, "the umbrella is red"))
    embedder.broken = False
    companion.receive("ann", said(2, "the umbrella is blue"))
    assert embedder.texts == 0
    clock.advance(11.0)
    companion.receive("ann", said(3, "the umbrella is green"))
    assert embedder.texts == 1


class Meant(ByWords):
    """A finder that notes with how many vectors it is asked, and what it is told of."""

    def __init__(self) -> None:
        self.vectors = 0
        self.told: list[Message] = []
        self.rows: list[NDArray[np.int8] | None] = []

    def gist(self, memory: Memory, text: str) -> str:
        """Leave the first word out."""
        return text.partition(" ")[2]

    def said(self, memory: Memory, message: Message, row: NDArray[np.int8] | None) -> None:
        """Note it."""
        self.told.append(message)
        self.rows.append(row)

    def find(self, *args: Any, **more: Any) -> list[Hit]:
        """Note it, and find nothing."""
        self.vectors += more["vector"] is not None
        return []


def test_each_text_is_embedded_once_and_while_nobody_holds_the_memory(
    host: BareHost, people: People, embedder: DigestEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = Meant()
    companion = Companion(host, people, finder, Residents(1 << 20), Turns(embedder))
    companion.receive("ann", said(1, "the umbrella is red"))
    companion.search("ann", "the umbrella")
    assert (finder.vectors, embedder.texts) == (2, 2)
    steps = companion.searching("ann", "what umbrella")
    free: list[str] = []

    def meanwhile(texts: Sequence[str]) -> NDArray[np.float32]:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: free.append(companion.read("ann")[0].id)).result(WITHIN_S)
        return DigestEmbedder().embed(texts)

    monkeypatch.setattr(embedder, "embed", meanwhile)
    steps.whole()
    assert (finder.vectors, free) == (3, ["m1"])
    monkeypatch.undo()
    embedder.broken = True
    companion.receive("ann", said(2, "the umbrella is blue"))
    assert finder.vectors == 3
