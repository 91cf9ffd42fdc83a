"""Claims about the key of pseudonyms."""

import stat
from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.experience.pseudonyms import KEY_VARIABLE, key_at


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "people-key"
    key = key_at(path, {})
    assert key_at(path, {}) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["people-key"]


def test_the_environments_key_goes_before_the_file(tmp_path: Path) -> None:
    assert key_at(tmp_path / "k", {KEY_VARIABLE: "ab" * 32}) == b"\xab" * 32
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("text", ["", "ab", "xy" * 32])
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    with pytest.raises(ConfigError, match="64 hexadecimal digits") as told:
        key_at(path, {})
    assert "xy" not in str(told.value)
