"""Claims about `homeostat evaluate`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from homeostat.app.cli.main import build
from homeostat.testing.simulated_model.serving import served_model

SOURCES = "I took the train to the coast on Saturday.\nTom told me that he sold his blue boat.\n"
TEXT = "I took the train to the coast on Saturday. Tom sold his blue boat."
NAME = "personal.faithfulness"


def evaluate(*arguments: str, stdin: str = TEXT) -> Result:
    return CliRunner().invoke(build(), ["evaluate", *arguments, "--embedder", "none"], input=stdin)


@pytest.fixture
def sources(tmp_path: Path) -> str:
    path = tmp_path / "sources.txt"
    path.write_text(SOURCES, encoding="utf-8")
    return str(path)


def test_a_text_is_judged_and_who_says_nothing_says_why(sources: str) -> None:
    shown = evaluate("-", "--sources", sources)
    assert shown.exit_code == 0, shown.output
    assert NAME in shown.stdout
    assert "personal.fit says nothing: needs likes" in shown.stdout


def test_json_holds_scores_and_nothing_of_the_text(sources: str) -> None:
    shown = evaluate("-", "--sources", sources, "--evaluator", NAME, "--json")
    found = json.loads(shown.stdout)
    assert list(found["scores"]) == [NAME]
    assert found["segments"] == 2
    assert "boat" not in shown.stdout


@pytest.mark.parametrize(("bound", "code"), [("0", 0), ("1", 1)])
def test_a_score_below_its_bound_fails_a_pipeline(sources: str, bound: str, code: int) -> None:
    text = "The moon is made of cheese. My uncle Bob has seven dogs in Paris."
    shown = evaluate("-", "--sources", sources, "--at-least", f"{NAME}={bound}", stdin=text)
    assert shown.exit_code == code, shown.output


def test_a_score_that_is_missing_fails_a_pipeline() -> None:
    shown = evaluate("-", "--at-least", f"{NAME}=0")
    assert shown.exit_code == 1
    assert f"{NAME} is not at least 0" in shown.stderr


def test_sources_may_be_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "sources.jsonl"
    path.write_text("\n".join(json.dumps({"id": "a", "text": t}) for t in SOURCES.splitlines()) + "\n\n")
    shown = evaluate("-", "--sources", str(path), "--evaluator", NAME, "--json")
    assert json.loads(shown.stdout)["scores"]
    path.write_text('{"text": "no id"}\n')
    broken = evaluate("-", "--sources", str(path))
    assert broken.exit_code == 2
    assert "line 1" in broken.stderr


def test_a_judge_elsewhere_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    path.write_text(TEXT, encoding="utf-8")
    with served_model(lambda request: '{"score": 7}') as url:
        address = f"coherence={url}?model=m"
        shown = evaluate(str(path), "--judge", address, "--at-least", "judge.coherence=0.8")
    assert shown.exit_code == 1
    assert "0.70" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.txt"], "cannot be read"),
        (["-", "--evaluator", "beauty"], "no evaluator is named 'beauty'"),
        (["-", "--at-least", "beauty=0.5"], "which is not asked"),
        (["-", "--at-least", f"{NAME}=7"], "bound from 0 to 1"),
        (["-", "--at-least", "0.5"], "NAME=BOUND"),
        (["-", "--judge", "http://host/v1?model=m"], "RUBRIC=ADDRESS"),
        (["-", "--judge", "beauty=http://host/v1?model=m"], "no rubric is named"),
    ],
)
def test_wrong_usage_is_said_in_one_line(arguments: list[str], says: str) -> None:
    shown = evaluate(*arguments)
    assert shown.exit_code == 2
    assert says in shown.stderr
