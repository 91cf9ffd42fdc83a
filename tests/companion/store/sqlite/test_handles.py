"""Open files are few, and stand in no other process's way; who is killed leaves nothing half done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Within
from homeostat.companion.store.sqlite.log import PAGES_MAX, SETTLE_PAGES
from homeostat.companion.store.sqlite.people import CLOSING_MAX, SqlitePeople
from homeostat.core.errors import InputError, NotAvailable, StoreError, UnknownPerson
from homeostat.testing.decrypted import damaged
from homeostat.testing.eventually import until
from homeostat.testing.faults.victim import Victim
from homeostat.testing.people_under_fire import KEY, set_on_fire

MASTER = MasterKey(bytes(32))
WRITER = """
import asyncio
import sys
from pathlib import Path
from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople

people = SqlitePeople(Path(sys.argv[1]), MasterKey(bytes(32)))
for n in range(150):
    with people.open("ann", create=True) as memory:
        memory.messages.add([NewMessage(id=f"{sys.argv[2]}-{n}", text=f"number {n}", at_us=n)])
    if n % 10 == 9:
        with people.open("ann") as memory:
            memory.messages.remove([f"{sys.argv[2]}-{n}"])
"""


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(tmp_path, MASTER)
    yield people
    people.close()


@pytest.fixture
def elsewhere(tmp_path: Path, people: SqlitePeople) -> Iterator[SqlitePeople]:
    """The same store as another process has it."""
    other = SqlitePeople(tmp_path, MASTER)
    yield other
    other.close()


def say(people: SqlitePeople, person: str, id: str) -> int:
    """Have a person say something; return its seq."""
    with people.open(person, create=True) as memory:
        return memory.messages.add([NewMessage(id=id, text=f"this is {id}", at_us=1)])[0]


def open_files(folder: Path) -> int:
    """Return how many databases of this folder this process has open."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # another thread closes files meanwhile
            link = descriptor.readlink()
            count += link.suffix == ".db" and folder / "people" in link.parents
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_no_more_files_stay_open_than_may(tmp_path: Path) -> None:
    people = SqlitePeople(tmp_path, MASTER, handles_max=3)
    for n in range(10):
        say(people, f"person {n}", "1")
        assert open_files(tmp_path) <= 3 + CLOSING_MAX
    for n in range(10):
        with people.open(f"person {n}") as memory:
            assert memory.extent().count == 1
    # SQLite keeps the descriptor of a file that was opened again before its old handle was closed.
    assert open_files(tmp_path) <= 3 + CLOSING_MAX
    with people.open("person 1"):
        people.close()
        assert open_files(tmp_path) in (1, 2), "who is held is let go first"
    assert open_files(tmp_path) == 0
    people.close()


def test_what_another_process_wrote_is_read(people: SqlitePeople, elsewhere: SqlitePeople) -> None:
    assert say(people, "ann", "1") == 1
    assert say(elsewhere, "ann", "2") == 2
    assert say(people, "ann", "1") == 1
    assert say(people, "ann", "3") == 3
    with elsewhere.open("ann") as memory:
        assert [message.id for message in memory.reading.after(0, 9)] == ["1", "2", "3"]


def test_who_was_forgotten_elsewhere_is_not_written_to(people: SqlitePeople, elsewhere: SqlitePeople) -> None:
    say(people, "ann", "1")
    with people.open("ann") as memory:
        assert memory.extent().count == 1
        assert elsewhere.forget("ann")
        with pytest.raises(UnknownPerson):
            memory.extent()
        with pytest.raises(UnknownPerson):
            memory.messages.add([NewMessage(id="2", text="lost", at_us=1)])
        with pytest.raises(UnknownPerson):
            memory.notes.put({"a": b"lost"})
    with pytest.raises(UnknownPerson), people.open("ann"):
        pass
    assert say(elsewhere, "ann", "3") == 1
    with people.open("ann") as memory:
        assert [message.id for message in memory.reading.after(0, 9)] == ["3"]


def test_a_batch_that_is_refused_leaves_the_memory_as_it_was(people: SqlitePeople) -> None:
    say(people, "ann", "1")
    again = [NewMessage(id="2", text="new", at_us=1), NewMessage(id="1", text="other", at_us=1)]
    with pytest.raises(InputError), people.open("ann") as memory:
        memory.messages.add(again)
    with people.open("ann") as memory:
        assert [message.id for message in memory.reading.after(0, 9)] == ["1"]


def test_what_no_text_can_be_is_looked_for_in_vain(people: SqlitePeople) -> None:
    say(people, "ann", "1")
    with people.open("ann") as memory:
        asked: tuple[Callable[[], object], ...] = (
            lambda: memory.reading.by_id(["\ud800"]),
            lambda: memory.reading.after(0, 9, Within(talk="\ud800")),
            lambda: memory.messages.remove(["\ud800"]),
            lambda: memory.notes.get("\ud800"),
            lambda: people.names("\ud800", 5),
        )
        for ask in asked:
            with pytest.raises(InputError, match="surrogate"):
                ask()
        assert memory.messages.remove(["a\0"]) == 0
        assert memory.reading.after(0, 9, Within(talk="\0")) == []
        assert memory.extent().count == 1


@pytest.mark.parametrize("moment", ["connect", "make", "check"])
def test_who_is_killed_while_making_a_person_leaves_nobody(
    tmp_path: Path, people: SqlitePeople, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(f"homeostat.companion.store.sqlite.people.{moment}", killed)
        with pytest.raises(KeyboardInterrupt), people.open("ann", create=True):
            pass
    again = SqlitePeople(tmp_path, MASTER)
    there = moment in ("check", "draft_of")
    assert again.names("", 9) == (["ann"] if there else [])
    assert len([path for path in (tmp_path / "people").rglob("*") if path.is_file()]) == there
    assert say(again, "ann", "1") == 1
    again.close()


@pytest.mark.parametrize("moment", ["Registry.remove", "Handle.disown", "people.destroy"])
def test_who_is_killed_while_forgetting_leaves_all_or_nothing(
    tmp_path: Path, people: SqlitePeople, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    where = {"Registry": "registry.Registry", "Handle": "handle.Handle", "people": "people"}
    module, name = moment.split(".")
    say(people, "ann", "1")
    with monkeypatch.context() as patched:
        patched.setattr(f"homeostat.companion.store.sqlite.{where[module]}.{name}", killed)
        with pytest.raises(KeyboardInterrupt):
            people.forget("ann")
    again = SqlitePeople(tmp_path, MASTER)
    if name == "remove":
        assert say(again, "ann", "1") == 1
        assert say(again, "ann", "2") == 2
    else:
        assert again.names("", 9) == []
        assert list((tmp_path / "people").rglob("*.db*")) == []
    again.close()


def killed(*_: object) -> None:
    """End as a process does that is interrupted here."""
    raise KeyboardInterrupt


def test_two_processes_write_to_one_person(tmp_path: Path, people: SqlitePeople) -> None:
    arguments = [("-c", WRITER, str(tmp_path), name) for name in ("one", "two")]
    with Victim(arguments[0]) as one, Victim(arguments[1]) as two:
        assert [one.wait(300), two.wait(300)] == [0, 0]
    with people.open("ann") as memory:
        kept = memory.reading.after(0, 999)
        assert memory.extent().last == 300
        assert len(memory.lexical.match(["number"], 999)[0]) == len(kept)
    expected = {f"{name}-{n}" for name in ("one", "two") for n in range(150) if n % 10 != 9}
    assert {message.id for message in kept} == expected


@pytest.mark.long
def test_what_was_acknowledged_outlives_kill_minus_nine(tmp_path: Path) -> None:
    losses = set_on_fire(str(tmp_path), 15, lambda: damaged(tmp_path, MasterKey.of(KEY, "key")))
    assert losses.done >= 15
    assert (losses.differences, losses.damaged) == (0, 0)


def test_an_apsw_that_does_not_encrypt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import apsw

    from homeostat.companion.store.sqlite.library import library

    library()
    monkeypatch.delattr(apsw, "mc_version")
    with pytest.raises(NotAvailable, match="does not encrypt"):
        library()
    monkeypatch.setitem(sys.modules, "apsw", None)
    with pytest.raises(NotAvailable, match="companion"):
        library()


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    from homeostat.companion.store.sqlite.places import private_folder

    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is no folder"):
        private_folder(tmp_path / "file")
    with pytest.raises(StoreError):
        private_folder(tmp_path / "file" / "deeper")


def test_the_end_does_not_take_as_long_as_there_are_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.companion.store.sqlite.people.CLOSE_S", -1.0)
    people = SqlitePeople(tmp_path, MASTER)
    for name in ("ann", "bob"):
        say(people, name, "1")
    people.close()
    assert len(list(tmp_path.rglob("*.db-wal"))) == 2
    again = SqlitePeople(tmp_path, MASTER)
    for name in ("ann", "bob"):
        with again.open(name) as memory:
            assert memory.reading.after(0, 9)[0].text == "this is 1"
    again.close()


def test_a_long_log_goes_into_the_file_beside_who_writes(people: SqlitePeople, tmp_path: Path) -> None:
    def file_size() -> int:
        return next((tmp_path / "people").rglob("*.db")).stat().st_size

    say(people, "ann", "1")
    small = file_size()
    with people.open("ann") as memory:
        memory.notes.put({"much": bytes(SETTLE_PAGES * 4_096)})
        assert file_size() == small, "who writes does not wait for it"
    until(lambda: file_size() > SETTLE_PAGES * 4_096)
    until(lambda: not people.held)
    with people.open("ann") as memory:
        memory.notes.put({"more": bytes((PAGES_MAX + 1) * 4_096)})
        assert file_size() > PAGES_MAX * 4_096, "what nobody settled does not grow further"
        assert memory.notes.get("much") == bytes(SETTLE_PAGES * 4_096)
