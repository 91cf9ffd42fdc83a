"""Claims about environment files."""

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.act.knobs.environment_file import EnvironmentFile
from homeostat.core.errors import ConfigError, InputError, NotApplied


def test_the_variable_is_set_where_it_stands_and_the_rest_stays(tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    file.write_text("# ours\nexport WORKERS=4\nWORKERS_MAX=9\n\nMODE=fast")
    EnvironmentFile(file, "WORKERS").apply("workers", 16)
    assert file.read_text() == "# ours\nexport WORKERS=16\nWORKERS_MAX=9\n\nMODE=fast\n"


def test_a_file_that_is_missing_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    EnvironmentFile(file, "CACHE").apply("cache", True)
    assert file.read_text() == "CACHE=true\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["app.env"]


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.env").write_text("A=1\n")
    link = tmp_path / "app.env"
    link.symlink_to(tmp_path / "real.env")
    EnvironmentFile(link, "A").apply("a", 2)
    assert link.is_symlink()
    assert (tmp_path / "real.env").read_text() == "A=2\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")))
def test_a_value_that_could_be_read_differently_is_refused_and_nothing_written(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "app.env"
    file.write_text("A=1\n")
    try:
        EnvironmentFile(file, "A").apply("a", text)
    except InputError:
        assert file.read_text() == "A=1\n"
    else:
        assert file.read_text() == f"A={text}\n"
        assert not set(text) & set(" \t'\"$`\\#;&|<>()*?[]{}!~")


def test_what_cannot_be_written_is_not_applied(tmp_path: Path) -> None:
    (tmp_path / "app.env").mkdir()
    with pytest.raises(NotApplied, match=r"app\.env"):
        EnvironmentFile(tmp_path / "app.env", "A").apply("a", 1)


def test_a_bad_name_and_a_missing_folder_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'A B'"):
        EnvironmentFile(tmp_path / "app.env", "A B")
    with pytest.raises(ConfigError, match="folder"):
        EnvironmentFile(tmp_path / "none" / "app.env", "A")
