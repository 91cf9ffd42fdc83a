"""Claims about `homeostat prompts plan` and `savings`: what they print, write and refuse."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.span import Span
from homeostat.prompts.planning.plan_file import read_plan
from homeostat.store.open import open_store

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def _run(*arguments: str) -> tuple[int, str]:
        found = CliRunner().invoke(build(), ["prompts", *arguments], env={"COLUMNS": "200"})
        return found.exit_code, " ".join(found.output.split())

    return _run


@pytest.fixture
def library(tmp_path: Path) -> str:
    root = tmp_path / "library"
    (root / "commands").mkdir(parents=True)
    (root / "commands" / "go.md").write_text("Go.\n@part.md\nRead more.md when tests fail.\n")
    (root / "part.md").write_text("Always test first. " * 1_000)
    (root / "more.md").write_text("More. " * 1_000)
    return str(root)


def test_a_plan_of_all_entry_points_is_shown_and_written(run: Run, library: str, tmp_path: Path) -> None:
    out = tmp_path / "loading-plan.json"
    code, said = run("plan", library, "--out", str(out))
    assert code == 0
    assert "1 of them leave something until it is needed" in said
    plan = read_plan(out)
    assert plan.entry("go").critical == ("commands/go.md", "part.md")
    assert [d.triggers[0].when for d in plan.entry("go").on_demand] == ["when tests fail"]
    code, said = run("plan", library, "--json")
    assert json.loads(said)["tokenizer"] == "cl100k_base"


def test_a_workflow_within_its_budget_leaves_with_0_and_one_beyond_it_with_1(run: Run, library: str) -> None:
    code, said = run("plan", library, "/go", "--model", "claude-sonnet-4-5")
    assert code == 0
    assert "in a window of 200,000 tokens of claude-sonnet-4-5" in said
    assert "condition: when tests fail" in said
    code, said = run("plan", library, "/go", "--budget", "100")
    assert code == 1
    assert "more than the budget" in said
    code, said = run("plan", library, "go", "--window", "10000", "--json")
    assert json.loads(said)["window_tokens"] == 10_000


def test_a_store_of_spans_brings_forward_what_most_runs_read(run: Run, library: str, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    now = time.time_ns() - 3_600 * SECOND_NS
    spans = [
        Span(
            n.to_bytes(16, "big"),
            (n * 10 + at).to_bytes(8, "big"),
            b"",
            "prompts.load",
            "prompts.load",
            "app",
            "internal",
            now + n * SECOND_NS + at,
            10,
            attributes={"module": module},
        )
        for n in range(1, 101)
        for at, module in enumerate(("commands/go.md", "more.md"), 1)
    ]
    with open_store(store) as kept:
        kept.write(Batch(spans=tuple(spans)))
    code, said = run("plan", library, "/go", "--store", str(store))
    assert code == 0
    assert "frequent /go" in said
    assert "usage: 100 runs of 1 entry points in 1 days" in said
    code, said = run("savings", library, library, "--store", str(store))
    assert code == 0
    assert "3,000" in said  # 100 runs in a day are 3,000 in a month


def test_savings_are_told_for_the_runs_that_are_given(run: Run, library: str, tmp_path: Path) -> None:
    lean = tmp_path / "lean"
    (lean / "commands").mkdir(parents=True)
    (lean / "commands" / "go.md").write_text("Go.\n@part.md\n")
    (lean / "part.md").write_text("Always test first. " * 500)
    code, said = run("savings", library, str(lean), "--runs", "/go=400", "--spent", "1")
    assert code == 0
    assert "are back after" in said
    assert "ASSUMED" in said
    code, said = run("savings", library, str(lean), "--runs", "go=400", "--json")
    assert json.loads(said)["cached_usd"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plan", "{}", "/gone"], "no entry point is named '/gone'; there are /go"),
        (["plan", "{}", "/go", "--budget", "300000"], "a budget of 300,000 tokens is not within the window"),
        (["plan", "{}", "/go", "--model", "my-model"], "the context window of 'my-model' is not known"),
        (["savings", "{}", "{}"], "how often does each command run a month?"),
        (["savings", "{}", "{}", "--runs", "/go"], "--runs takes /command=N"),
        (["savings", "{}", "{}", "--runs", "/go=x"], "not '/go=x'"),
        (["plan", "{}", "--store", "nowhere.db"], "there is no store at nowhere.db"),
    ],
)
def test_mistakes_leave_with_2_and_say_the_value(
    run: Run, library: str, arguments: list[str], said: str
) -> None:
    code, output = run(*(a.format(library) for a in arguments))
    assert code == 2
    assert said in output
