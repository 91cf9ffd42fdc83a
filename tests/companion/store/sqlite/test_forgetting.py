"""What is forgotten is in no file: not in plain, and not for one who has the key."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.connection import connect, translated
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.registry import Registry
from homeostat.core.errors import StoreBusy, StoreCorrupt, UnknownPerson
from homeostat.testing.decrypted import decrypted

MASTER = MasterKey(bytes(32))
MODEL = "model"


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(tmp_path, MASTER)
    yield people
    people.close()


def place(folder: Path, person: str) -> tuple[Path, bytes]:
    """Return a person's file and its key."""
    registry = Registry(folder, MASTER)
    found = registry.find(person)
    registry.close()
    assert found is not None
    return folder / "people" / found[0][:2] / f"{found[0]}.db", found[1]


def secrets_of(count: int) -> list[str]:
    """Return words that nobody else says: no stem of one begins another."""
    rng = random.Random(7)
    return ["".join(rng.choice("bcdfghklmnprtvz") for _ in range(9)) for _ in range(count)]


def in_plain(folder: Path, words: list[str]) -> list[str]:
    """Return those of the words that stand in any file of the folder as it is."""
    files = [path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()]
    return [word for word in words if any(word.encode() in file for file in files)]


def test_no_word_stands_in_plain_in_any_file(tmp_path: Path, people: SqlitePeople) -> None:
    words = secrets_of(20)
    with people.open("ann of " + words[0], create=True) as memory:
        memory.messages.add([NewMessage(id=w, text=f"{w} it is", at_us=1, talk=w, author=w) for w in words])
        memory.notes.put({words[1]: words[2].encode()})
        assert len(list(tmp_path.rglob("*-wal"))) == 2
        assert in_plain(tmp_path, words) == []


def test_removed_and_edited_words_are_not_found_with_the_key(tmp_path: Path, people: SqlitePeople) -> None:
    """Several hundred words, so that some stand first on a page of the index, and some last."""
    words = secrets_of(900)
    rows = np.frombuffer("".join(words).encode(), np.int8).reshape(len(words), 9)
    with people.open("ann", create=True) as memory:
        for n in range(0, 900, 30):
            memory.messages.add(
                [
                    NewMessage(id=f"m{i}", text=f"I said {words[i]} then", at_us=i, talk=f"t{i % 7}")
                    for i in range(n, n + 30)
                ]
            )
        memory.vectors.put("turn", MODEL, range(1, 901), np.repeat(rows, 2, axis=1))
        path, key = place(tmp_path, "ann")
        before = decrypted(path, key)
        assert all(word.encode() in before for word in words), "what is kept is found: the search can fail"
        assert all(np.repeat(row, 2).tobytes() in before for row in rows)
        assert memory.messages.remove([f"m{i}" for i in range(300)]) == 300
        for i in range(300, 330):
            memory.messages.edit(f"m{i}", "something else", 5)
            memory.messages.remove([f"m{i + 30}"])
        after = decrypted(path, key)
    gone, left = words[:360], words[360:]
    assert [word for word in gone if word.encode() in after] == []
    assert [word for word in gone if np.repeat(rows[words.index(word)], 2).tobytes() in after] == []
    # The index cuts off what a word has in common with the one before it: look for beginnings as well.
    kept_beginnings = {word[:7] for word in left}
    assert [w for w in gone if w[:7] not in kept_beginnings and w[:7].encode() in after] == []
    assert all(word.encode() in after for word in left)


def test_names_of_talks_and_authors_go_with_their_last_message(tmp_path: Path, people: SqlitePeople) -> None:
    talk, author = secrets_of(2)
    with people.open("ann", create=True) as memory:
        memory.messages.add([NewMessage(id="1", text="x", at_us=1, talk=talk, author=author)])
        memory.messages.add([NewMessage(id="2", text="y", at_us=1)])
        path, key = place(tmp_path, "ann")
        assert talk.encode() in decrypted(path, key)
        memory.messages.remove(["1"])
        image = decrypted(path, key)
    assert talk.encode() not in image
    assert author.encode() not in image


def test_a_reader_elsewhere_keeps_removed_words_in_the_log_and_that_is_told(
    tmp_path: Path, people: SqlitePeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.companion.store.sqlite.connection.BUSY_MS", 50)
    (word,) = secrets_of(1)
    with people.open("ann", create=True) as memory:
        memory.messages.add([NewMessage(id="1", text=word, at_us=1)])
        path, key = place(tmp_path, "ann")
        other = connect(path, key)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM messages").get == 1
        with pytest.raises(StoreBusy, match="remove it again"):
            memory.messages.remove(["1"])
        assert memory.extent().count == 0
        other.execute("COMMIT")
        assert memory.messages.remove(["1"]) == 0
        other.close()
        assert word.encode() not in decrypted(path, key)


def test_a_forgotten_person_leaves_no_file_and_no_key(tmp_path: Path, people: SqlitePeople) -> None:
    for name in ("ann", "bob"):
        with people.open(name, create=True) as memory:
            memory.messages.add([NewMessage(id="1", text="x", at_us=1)])
    path, key = place(tmp_path, "ann")
    copy = path.read_bytes()
    registry = tmp_path / "people.db"
    opened = connect(registry, MASTER.derived("registry"))
    wrapped = opened.execute("SELECT wrapped FROM people WHERE name = 'ann'").get
    opened.close()
    assert wrapped in decrypted(registry, MASTER.derived("registry"))
    assert people.forget("ann")
    assert list(path.parent.glob(f"{path.stem}*")) == []
    image = decrypted(registry, MASTER.derived("registry"))
    assert wrapped not in image
    assert b"ann" not in image
    assert key not in image
    path.write_bytes(copy)
    with pytest.raises(UnknownPerson), people.open("ann"):
        pass
    with people.open("ann", create=True) as memory:
        assert memory.extent().count == 0


def test_a_file_in_anothers_place_is_refused(tmp_path: Path, people: SqlitePeople) -> None:
    for name in ("ann", "bob"):
        with people.open(name, create=True) as memory:
            memory.messages.add([NewMessage(id="1", text=name, at_us=1)])
    people.close()
    again = SqlitePeople(tmp_path, MASTER)
    ann, bob = place(tmp_path, "ann")[0], place(tmp_path, "bob")[0]
    ann.write_bytes(bob.read_bytes())
    with pytest.raises(StoreCorrupt, match="another file was put in its place"), again.open("ann"):
        pass
    with again.open("bob") as memory:
        assert memory.reading.after(0, 9)[0].text == "bob"
    assert again.forget("ann"), "what cannot be read can be forgotten"
    assert again.names("", 9) == ["bob"]
    again.close()


def test_one_changed_byte_on_any_page_is_noticed(tmp_path: Path, people: SqlitePeople) -> None:
    with people.open("ann", create=True) as memory:
        memory.messages.add([NewMessage(id="1", text="x" * 20_000, at_us=1)])
    people.close()
    path, key = place(tmp_path, "ann")
    whole = path.read_bytes()
    for offset in range(1_000, len(whole), 4_096):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        with pytest.raises(StoreCorrupt, match="damaged"):
            check_pages(path, key)
    path.write_bytes(whole)
    check_pages(path, key)


def check_pages(path: Path, key: bytes) -> None:
    """Read every page of a file."""
    connection = connect(path, key)
    try:
        with translated(path):
            assert connection.pragma("integrity_check") == "ok"
    finally:
        connection.close()


def test_a_file_that_is_missing_is_not_made_anew(tmp_path: Path, people: SqlitePeople) -> None:
    with people.open("ann", create=True):
        pass
    people.close()
    path, _ = place(tmp_path, "ann")
    path.unlink()
    again = SqlitePeople(tmp_path, MASTER)
    with pytest.raises(StoreCorrupt, match="is missing"), again.open("ann", create=True):
        pass
    again.close()
