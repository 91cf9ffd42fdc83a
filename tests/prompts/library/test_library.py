"""A folder of prompts is read whole, and what is left out is said."""

import os
from pathlib import Path

import pytest

from homeostat.core.errors import InputError, TooLarge
from homeostat.prompts.library.library import load_library
from homeostat.prompts.library.library_files import Limits


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_md", ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def test_line_ends_and_emoji_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, a_md="one 🧠\r\ntwo\rthree\n")
    assert load_library(tmp_path).modules["a.md"].text == "one 🧠\r\ntwo\rthree\n"


def test_hidden_folders_are_read_and_those_of_tools_are_not(tmp_path: Path) -> None:
    write(tmp_path, **{".claude__commands__go_md": "go", "node_modules__x_md": "x", ".git__y_md": "y"})
    assert list(load_library(tmp_path).modules) == [".claude/commands/go.md"]


def test_a_link_within_is_an_alias_and_one_that_leads_outside_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("outside")
    root = tmp_path / "library"
    write(root, real__a_md="a")
    (root / "b.md").symlink_to("real/a.md")
    (root / "folder").symlink_to("real")
    (root / "away.md").symlink_to(tmp_path / "secret.md")
    (root / "loop.md").symlink_to("loop.md")
    library = load_library(root)
    assert list(library.modules) == ["real/a.md"]
    assert library.aliases == {"b.md": "real/a.md", "folder": "real"}
    assert {(p.path, p.text) for p in library.problems} == {
        ("away.md", "left out: a link that leads outside the library"),
        ("loop.md", "a link that leads nowhere"),
    }


def test_too_large_and_binary_files_are_left_out_by_name(tmp_path: Path) -> None:
    write(tmp_path, a_md="a", big_md="x" * 101)
    (tmp_path / "image.md").write_bytes(b"\x89PNG\0\0\1\2\3")
    library = load_library(tmp_path, Limits(file_bytes_max=100))
    assert list(library.modules) == ["a.md"]
    assert [str(p) for p in library.problems] == [
        "big.md: left out: more than 100 bytes",
        "image.md: left out: it is not text",
    ]


def test_a_name_that_is_no_utf_8_is_left_out_and_can_be_printed(tmp_path: Path) -> None:
    write(tmp_path, a_md="a")
    (tmp_path / os.fsdecode(b"bad\xff.md")).write_text("b")
    library = load_library(tmp_path)
    assert list(library.modules) == ["a.md"]
    assert [str(p) for p in library.problems] == [
        "bad\\xff.md: left out: its name is no UTF-8; give it another"
    ]
    assert library.digest


def test_pipes_and_folders_with_a_prompts_name_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, a_md="a")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    assert list(load_library(tmp_path).modules) == ["a.md"]


def test_too_many_files_or_bytes_are_an_error_with_the_limit(tmp_path: Path) -> None:
    write(tmp_path, a_md="aaaa", b_md="bbbb")
    with pytest.raises(TooLarge, match="more than 1 prompts"):
        load_library(tmp_path, Limits(files_max=1))
    with pytest.raises(TooLarge, match="more than 5 bytes"):
        load_library(tmp_path, Limits(total_bytes_max=5))


def test_what_is_no_library_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere is not a folder"):
        load_library(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no prompts"):
        load_library(tmp_path)


def test_the_digest_follows_contents_names_and_links(tmp_path: Path) -> None:
    write(tmp_path, a_md="a")
    digests = [load_library(tmp_path).digest]
    write(tmp_path, a_md="b")
    digests.append(load_library(tmp_path).digest)
    (tmp_path / "a.md").rename(tmp_path / "c.md")
    digests.append(load_library(tmp_path).digest)
    (tmp_path / "d.md").symlink_to("c.md")
    digests.append(load_library(tmp_path).digest)
    assert len(set(digests)) == 4
