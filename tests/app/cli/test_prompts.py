"""Claims about `homeostat prompts`: what it prints and writes, and how mistakes leave."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def _run(*arguments: str) -> tuple[int, str]:
        found = CliRunner().invoke(build(), ["prompts", *arguments], env={"COLUMNS": "200"})
        return found.exit_code, found.output

    return _run


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "go.md").write_text("Go.\n@part.md\n@lost.md\n")
    (root / "part.md").write_text("Always test first. " * 100)
    return root


def test_the_terminal_shows_commands_and_what_leads_nowhere(run: Run, library: Path) -> None:
    code, said = run("analyze", str(library))
    assert code == 0
    assert "2 files" in said
    assert "/go" in said
    assert "commands/go.md:3" in said


def test_json_and_files_hold_the_same(run: Run, library: Path, tmp_path: Path) -> None:
    page, data = tmp_path / "out.html", tmp_path / "out.json"
    code, said = run(
        "analyze", str(library), "--out", str(page), "--out", str(data), "--tokenizer", "o200k_base"
    )
    assert code == 0
    assert "written:" in said
    assert "<svg" in page.read_text()
    code, said = run("analyze", str(library), "--json", "--tokenizer", "o200k_base", "--no-cache")
    printed, written = json.loads(said), json.loads(data.read_text())
    assert printed["analysis"] == written["analysis"]
    assert printed["analysis"]["tokenizer"] == "o200k_base"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "x.pdf"], ".html, .json, .txt"),
        (["--tokenizer", "gpt2"], "no tokenizer is named 'gpt2'"),
        (["--model", "no-such-model"], "no price is known for the model 'no-such-model'"),
        (["--styles", "nowhere.toml"], "cannot read the styles nowhere.toml"),
    ],
)
def test_mistakes_leave_with_2_and_say_the_value(
    run: Run, library: Path, arguments: list[str], said: str
) -> None:
    code, output = run("analyze", str(library), *arguments)
    assert code == 2
    assert said in " ".join(output.split())


def test_a_folder_without_prompts_is_bad_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, output = run("analyze", str(tmp_path / "empty"))
    assert code == 2
    assert "holds no prompts" in output


def test_verify_leaves_with_1_where_something_is_lost(run: Run, library: Path, tmp_path: Path) -> None:
    code, said = run("verify", str(library), str(library))
    assert (code, said.strip().splitlines()[-1]) == (0, "nothing is lost")
    lean = tmp_path / "lean"
    (lean / "commands").mkdir(parents=True)
    (lean / "commands" / "go.md").write_text("Go.\n@lost.md\n")
    code, said = run("verify", str(library), str(lean))
    assert code == 1
    assert "✗ constraints: 0 of 1" in said
    code, said = run("verify", str(library), str(lean), "--json")
    assert code == 1
    assert {c["name"] for c in json.loads(said)["checks"] if c["missing"]} >= {"constraints"}


def test_check_fails_where_a_command_loads_more_than_its_baseline(
    run: Run, library: Path, tmp_path: Path
) -> None:
    baseline = str(tmp_path / "baseline.json")
    code, said = run("check", str(library), "--baseline", baseline)
    assert code == 2
    assert "--write makes one" in " ".join(said.split())
    assert run("check", str(library), "--baseline", baseline, "--write")[0] == 0
    code, said = run("check", str(library), "--baseline", baseline)
    assert (code, said.strip()) == (0, "0 regressions in 1 entry points")
    (library / "part.md").write_text("Always test first. " * 200)
    (library / "commands" / "more.md").write_text("More.")
    code, said = run("check", str(library), "--baseline", baseline)
    assert code == 1
    assert "✗ command /go: tokens" in said
    assert "new: command /more" in said
    code, said = run("check", str(library), "--baseline", baseline, "--json")
    assert code == 1
    assert json.loads(said)["regressions"][0]["what"] == "tokens"
