"""The contract of people and their memories: what holds for every form of the companion's store."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.accepted import NAME_BYTES_MAX, TEXT_BYTES_MAX
from homeostat.companion.store.people import Extent, Memory, Pause, People, Within
from homeostat.core.errors import InputError, TooLarge, UnknownPerson
from homeostat.runtime.embed.rows import to_rows, to_vectors
from homeostat.testing.people_model import MODEL as LEARNED
from homeostat.testing.people_model import ModelMemory

MODEL = "model-1"
ODD_NAMES = (
    "Ann",
    "ann",
    "../ann",
    "a/b",
    ".",
    " ",
    "a" * NAME_BYTES_MAX,
    "Zoë",
    "Zoe\u0308",
    "%",
    "'; --",
    "\U0001f600",
)
ODD_TEXTS = (
    "",
    " \n\t",
    "\0in\0side\0",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "مرحبا بالعالم \u202eabc\u202c",
    "e\u0301 is not é",
    "'; DROP TABLE messages; --",
    "\ufeff\ufffd\uffff",
    "x" * TEXT_BYTES_MAX,
)


def said(number: int, text: str = "", at_us: int | None = None, **more: object) -> NewMessage:
    """Return the message number so and so."""
    text = text or f"message number {number}"
    return NewMessage(
        id=f"m{number}",
        text=text,
        at_us=number * 1_000_000 if at_us is None else at_us,
        **more,  # type: ignore[arg-type]
    )


def rows(*values: int, dimensions: int = 8) -> NDArray[np.int8]:
    """Return one row a value, filled with it."""
    return np.repeat(np.array(values, np.int8), dimensions).reshape(-1, dimensions)


WORDS = ("heron", "barge", "東", "\U0001f600", "مرحبا")
IDS = st.sampled_from("abcdefgh")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)


def add(memory: Memory, model: ModelMemory, new: list[NewMessage]) -> None:
    """Add messages to both, those of known ids with the texts that they have."""
    texts = {message.id: message.text for message in model.messages.values()}
    again = [msgspec.structs.replace(m, text=texts.setdefault(m.id, m.text)) for m in new]
    assert memory.messages.add(again) == model.add(again)


def edit(memory: Memory, model: ModelMemory, id: str, text: str) -> None:
    """Edit a message of both."""
    assert memory.messages.edit(id, text, 9) == model.edit(id, text, 9)


def remove(memory: Memory, model: ModelMemory, ids: list[str]) -> None:
    """Remove messages of both."""
    assert memory.messages.remove(ids) == model.remove(ids)


def put_vectors(memory: Memory, model: ModelMemory, values: dict[int, int]) -> None:
    """Put rows of one number into both."""
    memory.vectors.put("turn", LEARNED, list(values), rows(*values.values(), dimensions=1))
    model.put_vectors(values)


def put_note(memory: Memory, model: ModelMemory, name: str, body: bytes | None) -> None:
    """Put a note into both."""
    memory.notes.put({name: body})
    model.notes.pop(name, None)
    if body is not None:
        model.notes[name] = body


NEW = st.builds(
    NewMessage,
    id=IDS,
    text=TEXTS,
    at_us=st.integers(-(1 << 50), 1 << 50),
    talk=st.sampled_from(("", "a", "b")),
    author=st.sampled_from(("", "Zoë")),
    own=st.booleans(),
    offset_min=st.integers(-720, 840),
)
Step = tuple[Callable[..., None], tuple[object, ...]]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just(add), st.tuples(st.lists(NEW, max_size=6))),
        st.tuples(st.just(edit), st.tuples(IDS, TEXTS)),
        st.tuples(st.just(remove), st.tuples(st.lists(IDS, max_size=3))),
        st.tuples(
            st.just(put_vectors),
            st.tuples(st.dictionaries(st.integers(1, 20), st.integers(-127, 127), max_size=4)),
        ),
        st.tuples(st.just(put_note), st.tuples(st.sampled_from(WORDS), st.none() | st.binary(max_size=5))),
    ),
    max_size=12,
)


class PeopleContract:
    """Subclass it with a fixture `people`: an empty store."""

    @pytest.fixture
    def people(self) -> People:
        """Return a store with nobody in it."""
        raise NotImplementedError

    @pytest.fixture
    def ann(self, people: People) -> Iterator[Memory]:
        """A person of whom nothing is known."""
        with people.open("ann", create=True) as memory:
            yield memory

    def test_messages_are_kept_whole_and_in_the_order_of_arrival(self, ann: Memory) -> None:
        new = NewMessage(id="a", text="Hi", at_us=5, talk="t", author="Bob", own=False, offset_min=-90)
        assert ann.messages.add([new, said(2, at_us=1)]) == [1, 2]
        first, second = ann.reading.after(0, 10)
        assert first == Message(
            seq=1, id="a", text="Hi", at_us=5, talk="t", author="Bob", own=False, offset_min=-90
        )
        assert (second.seq, second.id, second.at_us) == (2, "m2", 1)
        assert ann.extent() == Extent(count=2, last=2, generation=0)

    def test_the_same_id_again_changes_nothing(self, ann: Memory) -> None:
        assert ann.messages.add([said(1), said(2)]) == [1, 2]
        assert ann.messages.add([said(2), said(3), said(2), said(3)]) == [2, 3, 2, 3]
        assert ann.extent() == Extent(count=3, last=3, generation=0)

    def test_an_id_with_another_text_is_refused_with_all_of_its_batch(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        with pytest.raises(InputError, match="'m1'"):
            ann.messages.add([said(2), said(1, "else")])
        with pytest.raises(InputError, match="'m3'"):
            ann.messages.add([said(3), said(3, "else")])
        assert ann.extent() == Extent(count=1, last=1, generation=0)
        assert ann.reading.by_id(["m2", "m3"]) == []

    def test_a_sender_that_repeats_itself_does_not_undo_an_edit(self, ann: Memory) -> None:
        ann.messages.add([said(1, "before")])
        ann.messages.edit("m1", "after", 9)
        assert ann.messages.add([said(1, "before")]) == [1]
        assert [m.text for m in ann.reading.by_seq([1])] == ["after"]

    def test_an_edit_is_found_by_its_new_words_alone(self, ann: Memory) -> None:
        ann.messages.add([said(1, "the river is wide"), said(2, "yes"), said(3, "no")])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        edited = ann.messages.edit("m1", "the harbour is wide", 77)
        assert edited == ann.reading.by_seq([1])[0]
        assert (edited.text, edited.edited_us, edited.seq) == ("the harbour is wide", 77, 1)
        assert found(ann, "river") == []
        assert sorted(found(ann, "harbour")) == [1, 2]
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [2]
        assert ann.extent() == Extent(count=3, last=3, generation=1)
        assert ann.messages.edit("m9", "nothing", 78) is None
        assert ann.extent().generation == 1

    def test_what_is_removed_is_found_by_nothing(self, ann: Memory) -> None:
        ann.messages.add([said(1, "the river"), said(2, "a harbour"), said(3, "some boats"), said(4, "nets")])
        ann.vectors.put("turn", MODEL, [1, 2, 3, 4], rows(1, 2, 3, 4))
        assert ann.messages.remove(["m2", "m3", "m2", "m9"]) == 2
        assert found(ann, "harbour") == found(ann, "boats") == []
        assert sorted(found(ann, "river")) == [1, 4]
        assert [m.seq for m in ann.reading.after(0, 9)] == [1, 4]
        assert ann.reading.by_id(["m2"]) == ann.reading.by_seq([3]) == []
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [1, 4]
        assert ann.extent() == Extent(count=2, last=4, generation=1)
        assert ann.messages.remove(["m2"]) == 0
        assert ann.extent().generation == 1

    def test_the_seq_of_a_removed_message_is_not_given_again(self, ann: Memory) -> None:
        ann.messages.add([said(1), said(2)])
        ann.messages.remove(["m2"])
        assert ann.messages.add([said(2)]) == [3]
        ann.messages.remove(["m1", "m2"])
        assert ann.extent() == Extent(count=0, last=3, generation=2)

    def test_no_message_is_no_change(self, ann: Memory) -> None:
        assert ann.messages.add([]) == []
        assert ann.messages.remove([]) == 0
        assert ann.reading.by_seq([]) == ann.reading.by_id([]) == ann.reading.after(0, 5) == []
        assert found(ann, "river") == found(ann) == []
        assert ann.extent() == Extent(0, 0, 0)

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_every_text_is_kept_as_it_is(self, ann: Memory, text: str) -> None:
        ann.messages.add([NewMessage(id="odd", text=text, at_us=1), said(2)])
        assert ann.reading.by_seq([1])[0].text == text
        ann.messages.edit("m2", text, 5)
        assert ann.reading.by_seq([2])[0].text == text
        assert ann.messages.remove(["odd"]) == 1

    @pytest.mark.parametrize("word", ["river", "Река", "نهر", "川", "\U0001f600", "fleuve", "42"])
    def test_words_of_every_script_are_found(self, ann: Memory, word: str) -> None:
        ann.messages.add([said(1, "nothing"), said(2, f"see {word}, there"), said(3, "x", talk="other")])
        assert found(ann, word) == [2]

    @pytest.mark.parametrize("word", ['"', "*", "NEAR(", "a AND", "\0", "-", "said:", "^", "(", "'", ""])
    def test_no_word_is_an_expression(self, ann: Memory, word: str) -> None:
        ann.messages.add([said(1, "some words")])
        assert found(ann, word) == []
        assert found(ann, word, "words") == [1]

    def test_too_long_a_text_is_refused(self, ann: Memory) -> None:
        with pytest.raises(TooLarge, match="'m1' has 1048577 bytes"):
            ann.messages.add([said(1, "x" * (TEXT_BYTES_MAX + 1))])
        with pytest.raises(TooLarge, match="1572864 bytes"):
            ann.messages.add([said(1, "\u20ac" * (TEXT_BYTES_MAX // 2))])
        ann.messages.add([said(1)])
        with pytest.raises(TooLarge):
            ann.messages.edit("m1", "x" * (TEXT_BYTES_MAX + 1), 5)
        assert ann.reading.by_seq([1])[0].text == "message number 1"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": ""},
            {"id": "a\0b"},
            {"id": "x" * (NAME_BYTES_MAX + 1)},
            {"talk": "\0"},
            {"author": "y" * (NAME_BYTES_MAX + 1)},
            {"text": "\ud800"},
            {"at_us": 1 << 62},
            {"offset_min": 2_000},
        ],
        ids=str,
    )
    def test_what_cannot_be_kept_is_refused(self, ann: Memory, wrong: dict[str, object]) -> None:
        fields = {"id": "m1", "text": "fine", "at_us": 1, **wrong}
        with pytest.raises(InputError):
            ann.messages.add([said(2), NewMessage(**fields)])  # type: ignore[arg-type]
        assert ann.extent().count == 0

    def test_reading_goes_on_where_it_ended(self, ann: Memory) -> None:
        ann.messages.add([said(n) for n in range(1, 8)])
        ann.messages.remove(["m4"])
        assert [m.seq for m in ann.reading.after(0, 3)] == [1, 2, 3]
        assert [m.seq for m in ann.reading.after(3, 3)] == [5, 6, 7]
        assert ann.reading.after(7, 3) == ann.reading.after(0, 0) == []
        assert [m.seq for m in ann.reading.by_seq([7, 1, 4, 99, 1])] == [1, 7]
        assert [m.seq for m in ann.reading.by_id(["m7", "m1", "m4", "", "a\0"])] == [1, 7]

    def test_within_holds_every_condition(self, ann: Memory) -> None:
        ann.messages.add(
            [
                said(1, "river", talk="a", author="Ann"),
                said(2, "river", talk="a", author="Bob", own=False),
                said(3, "river", talk="b", author="Ann"),
                said(4, "river", talk="b", author="Bob", own=False),
            ]
        )
        for within, expected in (
            (Within(), [1, 2, 3, 4]),
            (Within(talk="a"), [1, 2]),
            (Within(author="Bob"), [2, 4]),
            (Within(own=True), [1, 3]),
            (Within(begin_us=2_000_000, end_us=4_000_000), [2, 3]),
            (Within(talk="b", own=False), [4]),
            (Within(talk="nowhere"), []),
            (Within(author="nobody"), []),
        ):
            assert [m.seq for m in ann.reading.after(0, 9, within)] == expected
            assert sorted(found(ann, "river", within=within)) == expected

    def test_a_message_is_found_by_the_words_before_it(self, ann: Memory) -> None:
        ann.messages.add(
            [said(1, "the river", talk="a"), said(2, "ships", talk="b"), said(3, "indeed", talk="a")]
        )
        ann.messages.add([said(4, "so", talk="a"), said(5, "well", talk="b")])
        assert sorted(found(ann, "river")) == [1, 3]
        assert sorted(found(ann, "ships")) == [2, 5]
        ann.messages.remove(["m1"])
        assert found(ann, "river") == []
        assert sorted(found(ann, "indeed")) == [3, 4]

    def test_more_and_rarer_words_score_higher(self, ann: Memory) -> None:
        ann.messages.add([said(n, f"boats go by, say {n}", talk=str(n)) for n in range(1, 30)])
        ann.messages.add([said(n, f"nothing to say {n}", talk=str(n)) for n in range(40, 90)])
        ann.messages.add([said(90, "boats and a heron", talk="90"), said(91, "only a heron here", talk="91")])
        seqs, scores = ann.lexical.match(["boats", "heron"], 4)
        assert seqs[:2].tolist() == [80, 81]
        assert (scores[:-1] >= scores[1:]).all()
        assert (seqs.dtype.name, scores.dtype.name) == ("int64", "float32")
        assert seqs.shape == scores.shape == (4,)
        assert seqs[2:].tolist() == [1, 2], "equal scores stand in the order of their seqs"
        assert len(found(ann, "boats", limit=0)) == 0

    def test_the_clock_may_go_back(self, ann: Memory) -> None:
        ann.messages.add([said(1, at_us=50), said(2, at_us=10), said(3, at_us=-30)])
        assert [m.at_us for m in ann.reading.after(0, 9)] == [50, 10, -30]
        assert ann.pauses.longest(9) == [Pause(2, 1, 10, 50), Pause(3, 2, -30, 10)]

    def test_pauses_are_between_messages_that_follow_one_another(self, ann: Memory) -> None:
        at_us = [(1, 0, "a"), (2, 10, "b"), (3, 100, "a"), (4, 110, "b"), (5, 110, "b"), (6, 400, "a")]
        ann.messages.add([said(n, at_us=at, talk=talk, own=n != 3) for n, at, talk in at_us])
        assert ann.pauses.longest(2) == [Pause(3, 6, 100, 400), Pause(1, 3, 0, 100)]
        assert ann.pauses.longest(9, 101) == [Pause(3, 6, 100, 400)]
        assert ann.pauses.longest(1, by_talk=False) == [Pause(5, 6, 110, 400)]
        assert ann.pauses.longest(1, within=Within(own=True)) == [Pause(1, 6, 0, 400)]
        begin_us, lengths_us = ann.pauses.lengths(by_talk=False)
        assert begin_us.tolist() == [0, 10, 100, 110, 110]
        assert lengths_us.tolist() == [10, 90, 10, 0, 290]
        assert [array.tolist() for array in ann.pauses.lengths(Within(talk="b"))] == [[10, 110], [100, 0]]
        assert [array.tolist() for array in ann.pauses.lengths(Within(talk="c"))] == [[], []]

    def test_vectors_are_loaded_in_the_order_of_seqs(self, ann: Memory) -> None:
        ann.messages.add([said(n) for n in range(1, 301)])
        ann.vectors.put("turn", MODEL, [300, 2, 130], rows(30, 2, 13))
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, -2))
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert (seqs.dtype.name, kept.dtype.name) == ("int64", "int8")
        assert seqs.tolist() == [1, 2, 130, 300]
        assert (kept == rows(1, -2, 13, 30)).all()
        for after, expected in ((1, [2, 130, 300]), (130, [300]), (300, []), (-5, [1, 2, 130, 300])):
            seqs, kept = ann.vectors.load("turn", MODEL, after)
            assert seqs.tolist() == expected
            assert len(kept) == len(expected)

    def test_another_model_begins_anew(self, ann: Memory) -> None:
        ann.messages.add([said(1), said(2)])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        ann.vectors.put("window", MODEL, [1], rows(5))
        assert len(ann.vectors.load("turn", "model-2")[0]) == 0
        ann.vectors.put("turn", "model-2", [2], rows(7, dimensions=3))
        assert len(ann.vectors.load("turn", MODEL)[0]) == 0
        assert ann.vectors.load("turn", "model-2")[1].tolist() == [[7, 7, 7]]
        assert ann.vectors.load("window", MODEL)[0].tolist() == [1]

    def test_rows_of_old_messages_are_kept_in_a_third_of_the_bytes_and_load_nearly_as_they_were(
        self, ann: Memory
    ) -> None:
        ann.messages.add([said(n) for n in range(1, 201)])
        vectors = np.random.default_rng(7).normal(size=(200, 96)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        before = to_rows(vectors)
        ann.vectors.put("turn", MODEL, list(range(1, 201)), before)
        done = [ann.vectors.compact("turn", 150, 64) for _ in range(5)]
        assert sum(done) in (128, 144)
        assert done[-1] == 0
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert seqs.tolist() == list(range(1, 201))
        old = np.flatnonzero((kept != before).any(axis=1))
        assert old.tolist() == list(range(sum(done) - 1))
        alike = np.einsum("ij,ij->i", to_vectors(kept), vectors)
        assert alike.min() > 0.85
        assert abs(alike.mean() - 1) < 0.02
        ann.vectors.put("turn", MODEL, [2], np.zeros((1, 96), np.int8))
        ann.messages.remove(["m3"])
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert seqs.tolist() == [1, 2, *range(4, 201)]
        assert abs(kept[1].astype(int)).max() < 10

    def test_vectors_of_no_message_are_not_kept(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [1]

    def test_vectors_of_the_wrong_shape_are_refused(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        for wrong in (rows(1, 2), rows(1).astype(np.float32), rows(1)[0]):
            with pytest.raises(InputError):
                ann.vectors.put("turn", MODEL, [1], wrong)  # type: ignore[arg-type]

    def test_notes_are_replaced_and_removed(self, ann: Memory) -> None:
        assert ann.notes.get("voice") is None
        ann.notes.put({"voice": b"\0\xff", "rooms": b""})
        ann.notes.put({"voice": b"new", "other": None})
        assert (ann.notes.get("voice"), ann.notes.get("rooms")) == (b"new", b"")
        ann.notes.put({"voice": None})
        assert ann.notes.get("voice") is None

    def test_who_is_not_known_is_not_made_by_asking(self, people: People) -> None:
        with pytest.raises(UnknownPerson), people.open("ann"):
            pass
        assert people.names("", 9) == []
        assert not people.forget("ann")

    @pytest.mark.parametrize("name", ["", "a" * (NAME_BYTES_MAX + 1), "a\0b", "\ud800"], ids=range(4))
    def test_names_that_cannot_be_used_are_refused(self, people: People, name: str) -> None:
        with pytest.raises(InputError), people.open(name, create=True):
            pass
        with pytest.raises(InputError):
            people.forget(name)

    def test_names_that_look_alike_are_different_people(self, people: People) -> None:
        for number, name in enumerate(ODD_NAMES):
            with people.open(name, create=True) as memory:
                memory.messages.add([said(number)])
        for number, name in enumerate(ODD_NAMES):
            with people.open(name) as memory:
                assert memory.person == name
                assert [m.id for m in memory.reading.after(0, 9)] == [f"m{number}"]
        assert people.names("", 99) == sorted(ODD_NAMES)
        assert people.names("Ann", 2) == sorted(ODD_NAMES)[sorted(ODD_NAMES).index("Ann") + 1 :][:2]
        assert people.names("", 0) == []

    def test_nothing_of_one_person_is_anothers(self, people: People) -> None:
        with people.open("ann", create=True) as ann, people.open("bob", create=True) as bob:
            ann.messages.add([said(1, "river")])
            ann.vectors.put("turn", MODEL, [1], rows(1))
            ann.notes.put({"voice": b"a"})
            assert bob.extent() == Extent(0, 0, 0)
            assert bob.reading.by_id(["m1"]) == bob.reading.by_seq([1]) == []
            assert found(bob, "river") == []
            assert bob.messages.edit("m1", "x", 1) is None
            assert bob.messages.remove(["m1"]) == 0
            assert bob.notes.get("voice") is None
            assert len(bob.vectors.load("turn", MODEL)[0]) == 0
            assert bob.pauses.longest(9) == []
            assert bob.messages.add([said(1, "lake")]) == [1]
            assert ann.reading.by_seq([1])[0].text == "river"

    def test_who_is_forgotten_is_gone_and_may_begin_anew(self, people: People) -> None:
        for name in ("ann", "bob"):
            with people.open(name, create=True) as memory:
                memory.messages.add([said(1, "river")])
                memory.notes.put({"voice": b"a"})
        assert people.forget("ann")
        assert not people.forget("ann")
        with pytest.raises(UnknownPerson), people.open("ann"):
            pass
        assert people.names("", 9) == ["bob"]
        with people.open("ann", create=True) as memory:
            assert memory.extent() == Extent(0, 0, 0)
            assert memory.notes.get("voice") is None
            assert found(memory, "river") == []
        with people.open("bob") as memory:
            assert found(memory, "river") == [1]

    def test_one_thread_at_a_time_holds_a_person(self, people: People) -> None:
        """Reading, then writing what follows from it, loses nothing where eight threads do so."""

        def note(_: int) -> None:
            with people.open("ann", create=True) as memory:
                number = int(memory.notes.get("n") or b"0")
                memory.messages.add([said(number)])
                memory.notes.put({"n": str(number + 1).encode()})

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(note, range(64)))
        with people.open("ann") as memory:
            assert memory.notes.get("n") == b"64"
            assert [m.id for m in memory.reading.after(0, 99)] == [f"m{n}" for n in range(64)]

    def test_who_wants_another_person_does_not_wait(self, people: People) -> None:
        done = threading.Event()

        def other() -> None:
            with people.open("bob", create=True) as memory:
                memory.messages.add([said(1)])
            done.set()

        with people.open("ann", create=True):
            thread = threading.Thread(target=other)
            thread.start()
            assert done.wait(20)
        thread.join()

    def test_people_do_not_mix_where_many_threads_write(self, people: People) -> None:
        def write(number: int) -> None:
            name = f"person {number % 5}"
            with people.open(name, create=True) as memory:
                memory.messages.add([NewMessage(id=f"{number}", text=f"{name} said {number}", at_us=number)])

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(100)))
        for name in people.names("", 9):
            with people.open(name) as memory:
                kept = memory.reading.after(0, 99)
            assert [m.seq for m in kept] == list(range(1, 21))
            assert all(m.text == f"{name} said {m.id}" for m in kept)

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def test_any_history_of_calls_agrees_with_a_plain_model(self, people: People, steps: list[Step]) -> None:
        people.forget("ann")
        model = ModelMemory()
        for call, arguments in steps:
            with people.open("ann", create=True) as memory:
                call(memory, model, *arguments)
        with people.open("ann", create=True) as memory:
            assert model.differences(memory, WORDS) == []


def found(memory: Memory, *words: str, limit: int = 99, within: Within | None = None) -> list[int]:
    """Return the seqs of what has any of these words, the best first."""
    seqs, _ = memory.lexical.match(words, limit, within or Within())
    return [int(seq) for seq in seqs]
