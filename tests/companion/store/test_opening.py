"""People are opened by an address, and only with the key under which they were kept."""

import stat
from pathlib import Path

import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import KEY_FILE, KEY_VARIABLE, MasterKey, read_key, write_key
from homeostat.companion.store.opening import people_at
from homeostat.companion.store.rotation import rotate_key_file
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.errors import ConfigError, StoreBusy


def keep(people: SqlitePeople, *names: str) -> None:
    """Have each of these people say one thing."""
    for name in names:
        with people.open(name, create=True) as memory:
            memory.messages.add([NewMessage(id="1", text=f"this is {name}", at_us=1)])


def kept(people: SqlitePeople) -> dict[str, str]:
    """Return what each person said."""
    said = {}
    for name in people.names("", 99):
        with people.open(name) as memory:
            (message,) = memory.reading.after(0, 9)
            said[name] = message.text
    return said


def test_a_folder_is_made_with_a_key_in_it_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "people"
    people = people_at(str(folder), environment={})
    assert isinstance(people, SqlitePeople)
    keep(people, "ann")
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    people.close()
    again = people_at(folder, environment={})
    assert isinstance(again, SqlitePeople)
    assert kept(again) == {"ann": "this is ann"}
    again.close()


def test_the_wrong_key_is_told_and_harms_nothing(tmp_path: Path) -> None:
    right, wrong = MasterKey.made(), MasterKey.made()
    people = SqlitePeople(tmp_path, right)
    keep(people, "ann")
    people.close()
    with pytest.raises(ConfigError, match=wrong.fingerprint):
        people_at(tmp_path, environment={KEY_VARIABLE: wrong.text()})
    again = SqlitePeople(tmp_path, right)
    assert kept(again) == {"ann": "this is ann"}
    again.close()


@pytest.mark.parametrize("address", [":memory:", "sqlite://", "mysql://x", "", "postgresql://u@h/db"])
def test_addresses_that_keep_no_people_are_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        people_at(address, environment={})


def test_a_new_master_key_opens_what_the_old_one_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "key", tmp_path / "people"
    old = MasterKey.made()
    write_key(old, path)
    people = people_at(folder, old)
    assert isinstance(people, SqlitePeople)
    keep(people, "ann", "bob")
    with pytest.raises(StoreBusy, match="used by another process"):
        rotate_key_file(folder, path)
    people.close()
    before = {p: p.read_bytes() for p in (folder / "people").rglob("*.db")}
    new = rotate_key_file(folder, path)
    assert new.fingerprint != old.fingerprint
    assert read_key(path).fingerprint == new.fingerprint
    assert {p.name for p in tmp_path.iterdir()} == {"key", "people"}
    assert {p: p.read_bytes() for p in (folder / "people").rglob("*.db")} == before
    with pytest.raises(ConfigError):
        people_at(folder, old)
    again = people_at(folder, new)
    assert isinstance(again, SqlitePeople)
    assert kept(again) == {"ann": "this is ann", "bob": "this is bob"}
    again.close()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_rotation_that_was_interrupted_is_finished_by_the_next(tmp_path: Path, wrapped: bool) -> None:
    path, folder = tmp_path / "key", tmp_path / "people"
    old, new = MasterKey.made(), MasterKey.made()
    write_key(old, path)
    write_key(new, tmp_path / "key.next")
    people = people_at(folder, old)
    assert isinstance(people, SqlitePeople)
    keep(people, "ann")
    if wrapped:
        assert people.rewrap(new) == 1
        keep(people, "bob")
    people.close()
    assert rotate_key_file(folder, path).fingerprint == new.fingerprint
    again = people_at(folder, read_key(path))
    assert isinstance(again, SqlitePeople)
    assert "ann" in kept(again)
    again.close()


def test_a_lost_key_file_is_not_made_anew_over_what_is_kept(tmp_path: Path) -> None:
    people = people_at(tmp_path, environment={})
    assert isinstance(people, SqlitePeople)
    keep(people, "ann")
    people.close()
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(ConfigError, match="was made under it: restore it"):
        people_at(tmp_path, environment={})
    assert not (tmp_path / KEY_FILE).exists()
