"""Claims about the archive: it holds everything, and brings everything back."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from homeostat.companion.companion import Companion
from homeostat.companion.exchange.archive import archived
from homeostat.companion.exchange.restoring import RESTORING, restore
from homeostat.companion.message import NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.companion.turns import Turns
from homeostat.core.errors import InputError, UnknownPerson
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.digest_embedder import DigestEmbedder
from homeostat.testing.finder_by_words import ByWords

NOTES = ("palace", "palace.0", "palace.1", "palace.2", "turns", "archaeology")


@pytest.fixture
def companion(tmp_path: Path) -> Iterator[Companion]:
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield Companion(BareHost(), people, ByWords(), Residents(1 << 20), Turns(DigestEmbedder()))
    people.close()


def filled(companion: Companion, count: int = 20) -> None:
    for n in range(count):
        new = NewMessage(
            id=f"m{n}",
            text=f"number {n}\nعربى 🙂\0",
            at_us=n * 10**6,
            talk=f"t{n % 3}",
            author="Ann" if n % 2 else "Bob",
            own=bool(n % 2),
            offset_min=60,
        )
        companion.receive("ann", new, k=0)
    with companion.people.open("ann") as memory:
        Turns(DigestEmbedder()).catch_up(memory, 10_000)
        memory.notes.put({"palace": b"\0rooms\xff", "palace.0": b"", "palace.1": b"1"})


def archive_of(companion: Companion, person: str = "ann", vectors: bool = True) -> bytes:
    return b"".join(archived(companion.people, person, ManualClock(), vectors=vectors))


def memory_of(companion: Companion, person: str) -> tuple[object, ...]:
    with companion.people.open(person) as memory:
        seqs, rows = memory.vectors.load("turn", "digest-16")
        notes = [memory.notes.get(name) for name in (*NOTES, RESTORING)]
        last = memory.extent().last
        return memory.reading.after(0, 10_000), seqs.tolist(), rows.tolist(), notes, last


def test_what_is_exported_comes_back_as_it_was(companion: Companion) -> None:
    filled(companion)
    companion.edit("ann", "m3", "edited", edited_us=7)
    companion.remove("ann", ["m0", "m4", "m5", "m19"])
    data = archive_of(companion)
    restored = restore(companion, "zoe", io.BytesIO(data))
    assert (restored.messages, restored.bad, restored.whole) == (16, 0, True)
    assert memory_of(companion, "zoe") == memory_of(companion, "ann")
    assert (
        archive_of(companion, "zoe").replace(b'"person": "zoe"', b'"person": "ann"')[:2_000] == data[:2_000]
    )
    for text in ("number 7", "edited"):
        assert companion.search("zoe", text) == companion.search("ann", text)


def test_the_archive_is_read_by_anybody(companion: Companion) -> None:
    filled(companion)
    with zipfile.ZipFile(io.BytesIO(archive_of(companion))) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        messages = [json.loads(line) for line in archive.read("messages.jsonl").splitlines()]
        rows = np.load(io.BytesIO(archive.read("vectors/turn.rows.npy")))
        assert archive.read("notes/palace") == b"\0rooms\xff"
    assert manifest["messages"] == len(messages) == len(rows) == 20
    assert manifest["notes"] == ["turns", "palace", "palace.0", "palace.1"]
    assert manifest["vectors"] == [{"kind": "turn", "model": "digest-16", "count": 20, "dimensions": 16}]
    assert messages[1]["id"] == "m1"


def test_without_vectors_there_are_none(companion: Companion) -> None:
    filled(companion)
    with zipfile.ZipFile(io.BytesIO(archive_of(companion, vectors=False))) as archive:
        assert not [name for name in archive.namelist() if name.startswith("vectors")]


def test_a_long_memory_comes_in_pieces(companion: Companion) -> None:
    companion.receive_many("ann", [NewMessage(id=f"m{n}", text=f"n {n}", at_us=n) for n in range(4_500)])
    pieces = list(archived(companion.people, "ann", ManualClock()))
    assert len(pieces) == 3
    assert restore(companion, "zoe", io.BytesIO(b"".join(pieces))).messages == 4_500


def test_an_archive_adds_to_what_is_there_and_twice_is_once(companion: Companion) -> None:
    filled(companion)
    data = archive_of(companion)
    companion.receive("zoe", NewMessage(id="own", text="was here before", at_us=1))
    for _ in range(2):
        restored = restore(companion, "zoe", io.BytesIO(data))
        assert (restored.messages, restored.whole) == (20, False)
    assert [m.id for m in companion.read("zoe")] == ["own", *(f"m{n}" for n in range(20))]
    assert restore(companion, "ann", io.BytesIO(data)).messages == 20


def test_a_restoring_that_was_interrupted_goes_on(companion: Companion) -> None:
    filled(companion)
    companion.remove("ann", ["m2", "m18"])
    data = archive_of(companion)

    class Interrupted(Exception):
        pass

    def interrupt(done: int, total: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        restore(companion, "zoe", io.BytesIO(data), interrupt)
    assert restore(companion, "zoe", io.BytesIO(data)).whole
    assert memory_of(companion, "zoe") == memory_of(companion, "ann")


def test_nobody_has_no_archive(companion: Companion) -> None:
    with pytest.raises(UnknownPerson):
        archive_of(companion, "nobody")


def changed(data: bytes, name: str, content: bytes | None) -> bytes:
    """Return an archive with one entry replaced, or without it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if content is not None:
            new.writestr(name, content)
    return out.getvalue()


def test_what_is_no_archive_is_refused_and_quotes_nothing(companion: Companion) -> None:
    filled(companion)
    data = archive_of(companion)
    for bad in (
        b"",
        b"swordfish",
        data[:-40],
        data[100:],
        changed(data, "manifest.json", None),
        changed(data, "manifest.json", b"swordfish"),
        changed(data, "manifest.json", b'{"format": "other"}'),
        changed(data, "messages.jsonl", b"swordfish\n"),
        changed(data, "messages.jsonl", None),
        changed(data, "vectors/turn.rows.npy", b"swordfish"),
        changed(data, "vectors/turn.rows.npy", None),
        changed(data, "notes/palace", None),
    ):
        companion.forget("zoe")
        with pytest.raises(InputError) as caught:
            restore(companion, "zoe", io.BytesIO(bad))
        assert "swordfish" not in str(caught.value)


def test_an_archive_that_unpacks_to_more_than_it_is_is_refused(companion: Companion) -> None:
    filled(companion)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive_of(companion))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, bytes(1 << 20) if entry == "notes/palace" else old.read(entry))
    with pytest.raises(InputError, match="compressed"):
        restore(companion, "zoe", out)
    with pytest.raises(UnknownPerson):
        companion.extent("zoe")


def test_who_is_forgotten_while_their_archive_comes_in_stays_forgotten(companion: Companion) -> None:
    filled(companion, 1_200)

    def forget(done: int, total: int) -> None:
        companion.forget("zoe")

    with pytest.raises(UnknownPerson, match="forgotten while messages came in"):
        restore(companion, "zoe", io.BytesIO(archive_of(companion)), forget)
    with pytest.raises(UnknownPerson):
        companion.extent("zoe")


def test_one_flipped_bit_in_the_messages_is_seen(companion: Companion) -> None:
    filled(companion)
    data = bytearray(archive_of(companion))
    data[data.index(b"number 7")] ^= 1
    with pytest.raises(InputError, match="damaged"):
        restore(companion, "zoe", io.BytesIO(bytes(data)))
