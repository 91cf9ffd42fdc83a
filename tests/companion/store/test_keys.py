"""Keys wrap and unwrap, are read and made; none is ever shown."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from homeostat.companion.store.keys import (
    KEY_FILE,
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    MasterKey,
    master_key_at,
    read_key,
    write_key,
)
from homeostat.core.errors import ConfigError, StoreCorrupt

DATA_KEY = bytes(range(32))


def test_a_wrapped_key_opens_for_its_use_alone() -> None:
    master = MasterKey.made()
    wrapped = master.wrap(DATA_KEY, "file-1")
    assert master.unwrap(wrapped, "file-1") == DATA_KEY
    assert DATA_KEY not in wrapped
    assert master.wrap(DATA_KEY, "file-1") != wrapped
    changed = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for key, of, use in (
        (master, wrapped, "file-2"),
        (MasterKey.made(), wrapped, "file-1"),
        (master, changed, "file-1"),
        (master, b"", "file-1"),
    ):
        with pytest.raises(StoreCorrupt, match="does not open with the master key"):
            key.unwrap(of, use)


def test_a_master_key_is_shown_by_its_fingerprint_alone() -> None:
    master = MasterKey.made()
    assert master.text() not in repr(master) + str(master)
    assert MasterKey.of(master.text() + "\n", "x").fingerprint == master.fingerprint
    assert MasterKey.made().fingerprint != master.fingerprint
    assert master.derived("a") != master.derived("b")


@pytest.mark.parametrize("text", ["", "secret-of-mine", "ab" * 31, "zz" * 32, "ab" * 33])
def test_what_is_no_key_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(ConfigError, match="KEY is no master key") as raised:
        MasterKey.of(text, "KEY")
    assert not text or text not in str(raised.value)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = {key.fingerprint for key in threads.map(lambda _: master_key_at(tmp_path, {}), range(8))}
    assert len(made) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert master_key_at(tmp_path, {}).fingerprint in made


def test_a_given_key_goes_before_the_folders(tmp_path: Path) -> None:
    given, in_file = MasterKey.made(), MasterKey.made()
    write_key(in_file, tmp_path / "elsewhere")
    by_file = {KEY_FILE_VARIABLE: str(tmp_path / "elsewhere")}
    assert master_key_at(tmp_path, by_file).fingerprint == in_file.fingerprint
    both = {KEY_VARIABLE: given.text(), **by_file}
    assert master_key_at(tmp_path, both).fingerprint == given.fingerprint
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("kept", ["people.db", "people/people.db"])
def test_no_key_is_made_up_for_people_whose_key_is_missing(tmp_path: Path, kept: str) -> None:
    (tmp_path / kept).parent.mkdir(exist_ok=True)
    (tmp_path / kept).touch()
    with pytest.raises(ConfigError, match=r"master\.key is missing, and .*people\.db was made under it"):
        master_key_at(tmp_path, {})
    assert not (tmp_path / KEY_FILE).exists()


def test_a_key_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("half a k")
    with pytest.raises(ConfigError, match=KEY_FILE):
        master_key_at(tmp_path, {})
    with pytest.raises(ConfigError, match=KEY_VARIABLE):
        master_key_at(tmp_path, {KEY_VARIABLE: ""})
    with pytest.raises(ConfigError, match="cannot be read"):
        master_key_at(tmp_path, {KEY_FILE_VARIABLE: str(tmp_path / "nowhere")})
    assert (tmp_path / KEY_FILE).read_text() == "half a k"
    with pytest.raises(FileExistsError):
        write_key(MasterKey.made(), tmp_path / KEY_FILE)
    with pytest.raises(ConfigError):
        read_key(tmp_path / KEY_FILE)
