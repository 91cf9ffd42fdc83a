"""Claims about `homeostat prompts optimize` and `restore`: what they write, print and refuse."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.testing.eventually import until

Run = Callable[..., tuple[int, str]]
XML = "```xml\n<steps>\n  <step>Read what is there</step>\n  <step>You must test it</step>\n</steps>\n```\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def _run(*arguments: object) -> tuple[int, str]:
        found = CliRunner().invoke(build(), ["prompts", *map(str, arguments)], env={"COLUMNS": "200"})
        return found.exit_code, found.output

    return _run


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "go.md").write_text(f"# Go\n\n@part.md\n\n{XML}")
    (root / "commands" / "other.md").write_text("# Other\n\n@part.md\n")
    (root / "part.md").write_bytes(b"Always first. \r\n\r\n\r\n\r\nThen second.\r\n")
    return root


def test_there_and_back(run: Run, library: Path, tmp_path: Path) -> None:
    out, before = tmp_path / "lean", (library / "part.md").read_bytes()
    code, said = run("optimize", library, "--out", out)
    assert code == 0, said
    assert f"written: {out}" in said
    assert "nothing is lost" in said
    assert run("verify", library, out)[0] == 0
    plan = json.loads((out / ".homeostat" / "files" / "loading-plan.json").read_text())
    assert {e["name"] for e in plan["entries"]} == {"/go", "/other"}
    code, said = run("restore", out, "--to", tmp_path / "back")
    assert code == 0
    assert "3 files, byte for byte" in said
    assert (tmp_path / "back" / "part.md").read_bytes() == before
    assert json.loads(run("restore", out, "--json")[1]) == {"restored": str(out), "files": 3}
    assert (out / "part.md").read_bytes() == before


def test_a_dry_run_shows_and_writes_nothing(run: Run, library: Path, tmp_path: Path) -> None:
    there = sorted(tmp_path.rglob("*"))
    code, said = run("optimize", library, "--dry-run")
    assert code == 0
    assert "tokens in all" in said
    assert "written" not in said
    assert [p for p in sorted(tmp_path.rglob("*")) if "cache" not in p.parts] == [
        p for p in there if "cache" not in p.parts
    ]


def test_json_holds_each_pass(run: Run, library: Path, tmp_path: Path) -> None:
    code, said = run("optimize", library, "--out", tmp_path / "lean", "--json", "--skip", "order,repeats")
    found = json.loads(said)
    assert code == 0
    assert found["written"] == str(tmp_path / "lean")
    assert [p["name"] for p in found["outcome"]["passes"]] == ["chains", "xml", "space"]
    assert found["outcome"]["after"]["library"] < found["outcome"]["before"]["library"]
    assert found["outcome"]["tokenizer"] == "cl100k_base"


def test_a_result_that_a_person_cut_is_told_from_one_that_lost_nothing(
    run: Run, library: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lean"
    assert run("optimize", library, "--out", out, "--passes", "xml")[0] == 0
    lean = out / "commands" / "go.md"
    lean.write_text(lean.read_text().replace("Read what is there", "Read"))
    code, said = run("verify", library, out)
    assert code == 1
    assert "✗ texts that expand to what they were: 2 of 3" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say where the result goes with --out"),
        (["--out", "x", "--dry-run"], "say where the result goes with --out"),
        (["--dry-run", "--passes", "zip"], "no pass is named 'zip'; there are sections, chains, xml"),
        (["--dry-run", "--model", "no-such"], "no price is known for the model 'no-such'"),
        (["--out", "{library}/lean"], "lie within each other"),
    ],
)
def test_mistakes_leave_with_2(run: Run, library: Path, arguments: list[str], said: str) -> None:
    code, output = run("optimize", library, *(a.format(library=library) for a in arguments))
    assert code == 2
    assert said in " ".join(output.split())
    assert not (library / "lean").exists()


def test_a_damaged_original_leaves_with_1(run: Run, library: Path, tmp_path: Path) -> None:
    out = tmp_path / "lean"
    run("optimize", library, "--out", out)
    next(p for p in (out / ".homeostat" / "originals").rglob("*") if p.is_file()).unlink()
    code, said = run("restore", out, "--to", tmp_path / "back")
    assert code == 1
    assert "nothing was restored" in said
    assert not (tmp_path / "back").exists()


def stopped_while_writing(library: Path, lean: Path) -> int:
    """Optimize a library, stop that once something is written, and return the status with which it ended."""
    arguments = ("prompts", "optimize", str(library), "--out", str(lean), "--passes", "xml")
    process = subprocess.Popen(
        [sys.executable, "-m", "homeostat.app.cli.main", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"XDG_CACHE_HOME": str(lean.parent / "cache")},
    )
    until(lambda: process.poll() is not None or any(lean.parent.glob("*.coming")))
    process.terminate()
    return process.wait(timeout=60)


@pytest.mark.long
def test_a_stop_leaves_nothing(library: Path, tmp_path: Path) -> None:
    for number in range(400):
        (library / f"{number}.md").write_text(f"# {number}\n\n{XML}" * 5)
    lean = tmp_path / "lean"
    for _ in range(20):
        if status := stopped_while_writing(library, lean):
            break
        shutil.rmtree(lean)  # it was done before it could be stopped
    assert status
    assert {p.name for p in tmp_path.iterdir()} - {"cache"} == {"library"}
