"""A result is there as a whole or not at all, and gives back what it was made of, byte for byte."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, HomeostatError, InputError, StoreCorrupt
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import load_library
from homeostat.prompts.optimize import result_folder
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.optimize.manifest import OWN, read_manifest
from homeostat.prompts.optimize.outlines import Outlines
from homeostat.prompts.optimize.pipeline import Optimized, Price, optimize
from homeostat.prompts.optimize.restoring import restore
from homeostat.prompts.optimize.result_folder import changed_by_hand, check_place, write_result
from homeostat.prompts.optimize.white_space import WhiteSpace

Tree = dict[str, tuple[str, object, int]]
Made = Callable[[Path, Path], Optimized]

XML = "```xml\n<steps>\n  <step>Read what is there</step>\n  <step>You must test it</step>\n</steps>\n```\n"


@pytest.fixture
def made(counts: Counts) -> Made:
    """Optimise a folder into another one."""

    def make(source: Path, out: Path) -> Optimized:
        draft = Draft(load_library(source), load_styles(), counts)
        found = optimize(draft, (Outlines(), WhiteSpace()), Price("gpt-4o", 1_760_000_000_000_000_000))
        write_result(source, out, found, ("xml", "space"))
        return found

    return make


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with all that a file system may hold."""
    root = tmp_path / "library"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "go.md").write_bytes(f"# Go\n\n@../parts/crlf.md\n\n{XML}".encode())
    (root / "parts").mkdir()
    (root / "parts" / "crlf.md").write_bytes(XML.replace("\n", "\r\n").encode())
    (root / "parts" / "mark.md").write_bytes(b"\xef\xbb\xbf" + XML.encode())
    (root / "parts" / "wide.md").write_bytes(f"# W\n\n{XML}".encode("utf-16"))
    (root / "parts" / "old.md").write_bytes("Naïve \x80 text. \n\n\n\nMore \n".encode("cp1252", "replace"))
    (root / "parts" / os.fsdecode(b"odd-\xff name%41 " + "🙂.md".encode())).write_text("Odd. \nName.\n")
    (root / "parts" / "picture.png").write_bytes(bytes(range(256)) * 50)
    (root / "empty").mkdir()
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "parts" / "old.md").chmod(0o640)
    (root / "link.md").symlink_to("parts/crlf.md")
    (root / "nowhere").symlink_to("not/there")
    (root / "folder").symlink_to(root / "parts")
    (root / ".git").mkdir()
    (root / ".git" / "HEAD").write_text("ref")
    return root


def tree(root: Path) -> Tree:
    """Everything in a folder, but for what is skipped."""
    found: Tree = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if name.split("/")[0] == ".git":
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()), 0)
        elif path.is_dir():
            found[name] = ("folder", "", mode)
        else:
            found[name] = ("file", path.read_bytes(), mode)
    return found


def test_the_original_comes_back_byte_for_byte(library: Path, tmp_path: Path, made: Made) -> None:
    before, out = tree(library), tmp_path / "out"
    made(library, out)
    assert tree(library) == before
    assert "outline" in (out / "commands" / "go.md").read_text()
    assert (out / "parts" / "crlf.md").read_bytes().count(b"\r\n") > 3
    assert (out / "parts" / "mark.md").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "outline" in (out / "parts" / "wide.md").read_bytes().decode("utf-16")
    assert (out / "folder").resolve() == out / "parts"
    assert stat.S_IMODE((out / "run.sh").stat().st_mode) == 0o755
    restore(out, tmp_path / "back")
    assert tree(tmp_path / "back") == before
    restore(out)
    assert tree(out) == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z]{1,3}(?:/[a-z]{1,3})?\.(?:md|bin|txt)\Z", fullmatch=True),
        st.binary(max_size=60)
        | st.sampled_from([XML.encode(), XML.encode("utf-16"), b"\xef\xbb\xbfA \n\n\n\nB"]),
        max_size=6,
    )
)
def test_any_bytes_come_back(
    made: Made, tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("any") / "library"
    root.mkdir()
    (root / "always.md").write_text(XML)
    for name, data in files.items():
        target = root / name
        if target.parent.is_file() or target.is_dir():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    before, out = tree(root), root.parent / "out"
    made(root, out)
    restore(out, root.parent / "back")
    assert tree(root.parent / "back") == before


def test_a_place_within_or_around_the_library_is_refused(library: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(library)
    for out in (library, library / "out", tmp_path, tmp_path / "alias", tmp_path / "alias" / "x"):
        with pytest.raises(ConfigError, match="lie within each other"):
            check_place(library, out)


def test_a_place_that_is_taken_is_refused(library: Path, tmp_path: Path, made: Made) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        made(library, taken)
    with pytest.raises(ConfigError, match="not empty"):
        check_place(library, taken / "mine.txt")
    assert tree(taken) == {"mine.txt": ("file", b"mine", stat.S_IMODE((taken / "mine.txt").stat().st_mode))}


def test_a_result_may_be_made_again_unless_a_person_changed_it(
    library: Path, tmp_path: Path, made: Made
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    made(library, out)
    (library / "commands" / "more.md").write_text("More.")
    made(library, out)
    assert (out / "commands" / "more.md").read_text() == "More."
    assert changed_by_hand(out) == []
    (out / "commands" / "more.md").write_text("Mine.")
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("ref")
    assert changed_by_hand(out) == [".git/HEAD", "commands/more.md"]
    with pytest.raises(ConfigError, match=r"2 files of .* were changed since"):
        made(library, out)
    with pytest.raises(ConfigError, match="--to DIR restores beside it"):
        restore(out)
    assert (out / "commands" / "more.md").read_text() == "Mine."


def test_a_result_is_no_library_to_optimise(library: Path, tmp_path: Path, made: Made) -> None:
    made(library, tmp_path / "out")
    with pytest.raises(ConfigError, match="was made by `homeostat prompts optimize` itself"):
        made(tmp_path / "out", tmp_path / "again")


def blobs(out: Path) -> list[Path]:
    return sorted(p for p in (out / OWN / "originals").rglob("*") if p.is_file())


def cut(blob: Path) -> None:
    blob.write_bytes(blob.read_bytes()[:-3])


def swap(blob: Path) -> None:
    other = next(p for p in blobs(blob.parents[3]) if p != blob)
    blob.write_bytes(other.read_bytes())


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (Path.unlink, "missing"),
        (cut, "damaged"),
        (swap, "damaged"),
        (lambda b: b.write_bytes(b"?"), "damaged"),
    ],
)
def test_originals_that_are_missing_or_damaged_are_named_and_nothing_is_written(
    library: Path, tmp_path: Path, made: Made, harm: Callable[[Path], None], said: str
) -> None:
    out = tmp_path / "out"
    made(library, out)
    wrong = blobs(out)[0]
    digest = wrong.parent.name + wrong.name
    (name,) = {r.name for r in read_manifest(out).files if r.digest == digest}
    harm(wrong)
    for to in (tmp_path / "back", None):
        before = tree(out)
        with pytest.raises(StoreCorrupt, match=f"nothing was restored: .*its original is {said}") as raised:
            restore(out, to)
        assert name in str(raised.value)
        assert tree(out) == before
    assert not (tmp_path / "back").exists()


def test_an_interruption_leaves_nothing(
    library: Path, tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(library, tmp_path / "old")
    before = tree(tmp_path / "old")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(result_folder, "write_manifest", interrupted)
    for out in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(KeyboardInterrupt):
            made(library, out)
    assert not (tmp_path / "new").exists()
    assert tree(tmp_path / "old") == before
    assert {p.name for p in tmp_path.iterdir()} == {"library", "old"}


def test_a_file_that_changes_meanwhile_is_an_error(library: Path, tmp_path: Path, counts: Counts) -> None:
    draft = Draft(load_library(library), load_styles(), counts)
    found = optimize(draft, (), Price("gpt-4o", 1_760_000_000_000_000_000))
    (library / "commands" / "go.md").write_text("Other.")
    with pytest.raises(InputError, match="changed while it was read"):
        write_result(library, tmp_path / "out", found, ())
    assert not (tmp_path / "out").exists()


def test_what_is_no_result_cannot_be_restored(library: Path, tmp_path: Path, made: Made) -> None:
    with pytest.raises(ConfigError, match="was not made by"):
        restore(library, tmp_path / "back")
    made(library, tmp_path / "out")
    for to in (library, tmp_path / "out" / "within"):
        with pytest.raises(ConfigError, match="is not free"):
            restore(tmp_path / "out", to)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"run.sh"', b'"../run.sh"'),
        (b'"run.sh"', b'"/run.sh"'),
        (b'"run.sh"', b'"folder/run.sh"'),
        (b'"version": 1', b'"version": 2'),
        (b'"version"', b'"ver'),
    ],
)
def test_a_manifest_that_was_tampered_with_writes_nothing(
    library: Path, tmp_path: Path, made: Made, old: bytes, new: bytes
) -> None:
    out = tmp_path / "out"
    made(library, out)
    manifest = out / OWN / "manifest.json"
    data = manifest.read_bytes()
    assert old in data
    manifest.write_bytes(data.replace(old, new))
    with pytest.raises(HomeostatError):
        restore(out, tmp_path / "back" / "deep")
    assert not (tmp_path / "back").exists()
    shutil.rmtree(out)
