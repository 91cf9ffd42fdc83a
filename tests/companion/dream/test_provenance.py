"""Claims about provenance: what was dreamed passes for a memory nowhere, on no way in and none out."""

import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from homeostat.companion.companion import Companion
from homeostat.companion.dream.scene import Claim, Dream, Scene
from homeostat.companion.exchange.archive import archived
from homeostat.companion.exchange.restoring import restore
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.errors import InputError
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.dreamers import LIFE, Dreamers
from homeostat.testing.finder_by_words import ByWords

JOINTS = (
    "leads from the one",
    "is there as well",
    "Both have",
    "is in both",
    "You are back in",
    "your own words",
)


@pytest.fixture
def companion(people: SqlitePeople) -> Companion:
    return Companion(BareHost(), people, ByWords(), Residents(1 << 20))


@pytest.fixture
def dream(dreamers: Dreamers) -> Dream:
    """One that is in the diary of ann."""
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    dreamers.dream("ann")
    (dream,) = dreamers.diary("ann")
    return dream


def test_a_scene_is_no_message_and_becomes_none(dream: Dream) -> None:
    for made in (dream, *dream.scenes, *(claim for scene in dream.scenes for claim in scene.claims)):
        assert not isinstance(made, NewMessage)
        for data in (msgspec.json.encode(made), msgspec.msgpack.encode(made)):
            for kind in (Message, NewMessage):
                with pytest.raises(msgspec.ValidationError):
                    msgspec.json.decode(data, type=kind) if data[:1] == b"{" else msgspec.msgpack.decode(
                        data, type=kind
                    )
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(msgspec.to_builtins(made), Message)


def test_a_claim_cannot_be_made_without_sources() -> None:
    for sources in ((), (0,), (3, 2), (2, 2)):
        with pytest.raises(InputError, match="names its sources"):
            Claim(text="something", sources=sources)


def test_no_store_takes_what_was_dreamed(companion: Companion, dream: Dream, people: SqlitePeople) -> None:
    before = companion.extent("ann").count
    for made in (dream, *dream.scenes):
        with pytest.raises(InputError, match="is no message"):
            companion.receive("ann", made)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="is no message"):
            companion.receive_many("ann", [made])  # type: ignore[list-item]
        with people.open("ann") as memory, pytest.raises(InputError, match="is no message"):
            memory.messages.add([made])  # type: ignore[list-item]
    assert companion.extent("ann").count == before


def test_search_finds_what_was_said_and_nothing_that_was_dreamed(companion: Companion, dream: Dream) -> None:
    said = {message.text for message in companion.read("ann", limit=1_000)}
    for scene in dream.scenes:
        for text in (scene.words, scene.theme, *(claim.text for claim in scene.claims), *JOINTS):
            if text:
                assert {hit.message.text for hit in companion.search("ann", text, 100)} <= said
    assert said == set(LIFE)


def test_an_archive_keeps_dreams_apart_and_brings_them_back_as_dreams(
    companion: Companion, dream: Dream, dreamers: Dreamers, tmp_path: Path
) -> None:
    data = b"".join(archived(companion.people, "ann", ManualClock()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        lines = archive.read("messages.jsonl").decode()
        assert "dream.diary" in json.loads(archive.read("manifest.json"))["notes"]
    assert len(lines.splitlines()) == len(LIFE)
    assert not any(joint in lines for joint in JOINTS)
    assert "dream.scene" not in lines
    assert restore(companion, "zoe", io.BytesIO(data)).whole
    assert dreamers.diary("zoe") == (dream,)
    assert {m.text for m in companion.read("zoe", limit=1_000)} == set(LIFE)
    assert restore(companion, "ann", io.BytesIO(data)).messages == len(LIFE)
    assert companion.extent("ann").count == len(LIFE)


def test_an_archive_whose_messages_were_exchanged_for_scenes_is_refused(
    companion: Companion, dream: Dream
) -> None:
    data = b"".join(archived(companion.people, "ann", ManualClock()))
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            scenes = b"\n".join(msgspec.json.encode(scene) for scene in dream.scenes)
            new.writestr(name, scenes if name == "messages.jsonl" else old.read(name))
    with pytest.raises(InputError, match="no message"):
        restore(companion, "zoe", forged)
    assert companion.last_seq("zoe") == 0


def test_every_form_of_it_says_what_it_is(dream: Dream) -> None:
    assert json.loads(msgspec.json.encode(dream))["kind"] == "dream"
    assert {scene["kind"] for scene in json.loads(msgspec.json.encode(dream))["scenes"]} == {"dream.scene"}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(dream.scenes[0]), type=Scene) == dream.scenes[0]
