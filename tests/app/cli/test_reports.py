"""`homeostat report`, `analyze` and `compare` from a shell: what is written, and the exit codes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.core.clock import MINUTE_NS, SECOND_NS, SystemClock
from homeostat.store.open import open_store
from homeostat.testing.sample_traffic import SampleTraffic


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def homeostat(*arguments: object) -> Done:
    """Run a command in this process."""
    result = CliRunner().invoke(build(), list(map(str, arguments)), env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def numbers(path: Path, factor: float, n: int = 500, seed: int = 1) -> Path:
    values = factor * np.random.default_rng(seed).lognormal(4, 0.3, n)
    rows = [f"{1_767_225_600 + 60 * i},{v:.4f}\n" for i, v in enumerate(values)]
    path.write_text("timestamp,latency_ms\n" + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("numbers")
    return {
        "before": numbers(folder / "before.csv", 1.0),
        "same": numbers(folder / "same.csv", 1.0, seed=2),
        "slower": numbers(folder / "slower.csv", 1.3, seed=3),
        "faster": numbers(folder / "faster.csv", 0.7, seed=4),
        "text": folder / "text.csv",
        "other": folder / "other.csv",
    }


def test_a_proven_regression_is_exit_code_1_and_anything_else_0(files: dict[str, Path]) -> None:
    slower = homeostat("compare", files["before"], files["slower"], "--json")
    assert slower.returncode == 1, slower.stderr
    found = json.loads(slower.stdout)
    assert {r["outcome"] for r in found["rows"]} == {"worse"}
    assert all(r["change_low"] < 0.3 < r["change_high"] for r in found["rows"])
    for name in ("same", "faster"):
        assert homeostat("compare", files["before"], files[name]).returncode == 0
    assert homeostat("compare", files["before"], files["slower"], "--threshold", "0.5").returncode == 0
    assert homeostat("compare", files["before"], files["slower"], "--higher", "latency_ms").returncode == 0


def test_compare_prints_every_verdict(files: dict[str, Path]) -> None:
    shown = homeostat("compare", files["before"], files["slower"]).stdout
    assert "latency_ms mean" in shown
    assert "worse, surely by more than 5%" in shown
    assert "score: " in shown


def test_analyze_writes_all_three_forms(files: dict[str, Path], tmp_path: Path) -> None:
    outs = [tmp_path / f"report.{ending}" for ending in ("html", "md", "json")]
    options = [word for out in outs for word in ("--out", out)]
    done = homeostat("analyze", files["slower"], *options)
    assert done.returncode == 0, done.stderr
    assert "1 metric with 500 values." in done.stdout
    assert outs[0].read_text(encoding="utf-8").startswith("<!doctype html>")
    assert outs[1].read_text(encoding="utf-8").startswith("# Report on slower.csv")
    assert json.loads(outs[2].read_text(encoding="utf-8"))["metrics"][0]["n"] == 500
    worse = homeostat("analyze", files["slower"], "--baseline", files["before"])
    assert worse.returncode == 1
    assert "## Comparison" in worse.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyze", "none.csv"], "No such file"),
        (["analyze", "{before}", "--out", "report.doc"], "--out must end in"),
        (["analyze", "{before}", "--time", "when"], "no column 'when'"),
        (["analyze", "{text}"], "no column holds numbers"),
        (["analyze", "{before}", "--lower", "a", "--higher", "a"], "say one of them"),
        (["compare", "{before}", "none.csv"], "No such file"),
        (["compare", "{before}", "{other}"], "no metric in common"),
        (["compare", "tomorrow", "yesterday", "--store", "none.db"], "a length of time"),
        (["compare", "2h..1h", "1h..2h"], "ends before it begins"),
        (["compare", "2h..1h", "1h", "--store", "none.db"], "there is no store at none.db"),
        (["report", "--store", "none.db"], "there is no store at none.db"),
        (["report", "--since", "long"], "a length of time such as"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    files: dict[str, Path], arguments: list[str], words: str
) -> None:
    files["other"].write_text("time,cost_usd\n2026-01-01,5\n2026-01-02,nan\n", encoding="utf-8")
    files["text"].write_text("name,city\nada,rome\n", encoding="utf-8")
    done = homeostat(*(a.format(**files) for a in arguments))
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("homeostat: ")
    assert words in line


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty minutes of traffic, of which the second ten are slower."""
    path = tmp_path_factory.mktemp("store") / "h.db"
    now_ns = SystemClock().now_ns() // SECOND_NS * SECOND_NS
    kept = open_store(path)
    for seed, slow, first, last in ((1, 1.0, 20, 10), (2, 1.5, 10, 0)):
        traffic = SampleTraffic(seed=seed, per_second=1.0, slow_factor=slow)
        for batch in traffic.seconds(now_ns - first * MINUTE_NS, now_ns - last * MINUTE_NS):
            kept.write(batch)
    kept.close()
    return path


def test_two_periods_of_the_store_are_compared(store: Path) -> None:
    done = homeostat("compare", "20m..10m", "10m..now", "--store", store, "--json")
    assert done.returncode == 1, done.stderr
    rows = {(r["title"], r["statistic"]): r for r in json.loads(done.stdout)["rows"]}
    answer = rows["operation.duration (answer)", "mean"]
    assert answer["outcome"] == "worse"
    assert 0.2 < answer["change"] < 0.8
    assert rows["operation.errors (answer)", "per call"]["outcome"] == "not known yet"
    assert all(r["outcome"] != "worse" for (title, _), r in rows.items() if title.startswith("llm.cost"))


def test_the_report_of_a_store_finds_the_change_and_the_bottleneck(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    done = homeostat("report", "--store", store, "--since", "30m", "--out", out, "--out", tmp_path / "r.html")
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["bottlenecks"][0]["operation"] == "chat"
    assert found["bottlenecks"][0]["share"] > 0.8
    jumps = [f for f in found["findings"] if f["kind"] == "change point" and f["course"] == "worse"]
    assert any(f["title"] == "operation.duration (answer)" for f in jumps)
    assert found["comparison"] is None
    assert "Comparison: no baseline was given." in found["not_computed"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    computing = found["standings"]["categories"][0]
    assert computing["broken"] > 0
    slower = homeostat("report", "--store", store, "--since", "10m", "--baseline", "before")
    assert slower.returncode == 1
    assert "## Limits by category" in slower.stdout
    assert found["standings"]["words"] in page
    assert computing["words"] in page
    assert "## Comparison" in slower.stdout


def test_a_store_without_an_application_gives_a_report_that_says_so(tmp_path: Path) -> None:
    open_store(tmp_path / "empty.db").close()
    done = homeostat("report", "--store", tmp_path / "empty.db")
    assert done.returncode == 0, done.stderr
    assert "Nothing was measured" in done.stdout
    assert "Limits by category: none was measured enough." in done.stdout
