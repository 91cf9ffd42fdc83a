"""The contract of persons: their names, nothing of one in another, forgetting, and threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.accepted import NAME_BYTES_MAX
from homeostat.companion.store.people import Extent, People
from homeostat.core.errors import InputError, UnknownPerson
from homeostat.testing.eventually import WITHIN_S
from homeostat.testing.people_contract.samples import MODEL, WithPeople, found, rows, said

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


class PersonsContract(WithPeople):
    """What holds for several people in one store."""

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
            assert done.wait(WITHIN_S)
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
