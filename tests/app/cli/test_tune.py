"""`homeostat tune`: exit codes, what is printed, and going on after a stop."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FILE = """
minimize = "cost"
evaluations = 20
pairs = 4
[knob.workers]
low = 1
high = 16
default = 12
[[target]]
measure = "p95_ms"
at_most = 250
"""
PROGRAM = """
import json, os, random, sys, time
time.sleep(float(os.environ.get("SLOW", 0)))
workers = int(sys.argv[1])
random.seed(sum(os.urandom(4)))
cost, p95_ms = (COST) * random.gauss(1, 0.05), (40 + 300 / workers) * random.gauss(1, 0.05)
print(json.dumps({"cost": cost, "p95_ms": p95_ms}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tune.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "bench.py").write_text(PROGRAM.replace("COST", "workers"), encoding="utf-8")
    return tmp_path


def tune(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "homeostat.app.cli.main", "tune", *options]
    return subprocess.run(
        [*command, "--", sys.executable, "bench.py", "{workers}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.long
def test_a_better_value_is_proven_and_the_code_is_0(folder: Path) -> None:
    found = tune(folder)
    assert found.returncode == 0, found.stderr
    assert "Proven better than the default" in found.stdout
    assert "holds: p95_ms at most 250" in found.stdout
    again = tune(folder, "--json")
    assert again.returncode == 0
    assert "goes on" not in again.stdout
    answer = json.loads(again.stdout)
    assert answer["proven"] is True
    assert answer["result"]["pick"]["configuration"]["workers"] < 12


@pytest.mark.long
def test_where_nothing_is_better_the_code_is_1(folder: Path) -> None:
    (folder / "bench.py").write_text(PROGRAM.replace("COST", "1000 - workers"), encoding="utf-8")
    found = tune(folder, "--evaluations", "8")
    assert found.returncode == 1, found.stdout + found.stderr
    assert "roven better" not in found.stdout or "Not proven" in found.stdout


def test_a_failing_command_is_one_clear_line_and_code_2(folder: Path) -> None:
    (folder / "bench.py").write_text("raise SystemExit('no such model')", encoding="utf-8")
    found = tune(folder)
    assert found.returncode == 2
    assert "fails with the default values: exit code 1: no such model" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_missing_file_says_which(folder: Path) -> None:
    found = tune(folder, "--file", "other.toml")
    assert found.returncode == 2
    assert "'other.toml' cannot be read" in found.stderr


def test_stopped_by_a_signal_it_keeps_what_was_measured(folder: Path) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "homeostat.app.cli.main",
            "tune",
            "--",
            sys.executable,
            "bench.py",
            "{workers}",
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "SLOW": "0.2"},
    )
    journal = folder / "tune.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (not journal.exists() or journal.read_text().count("\n") < 3):
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert "run it again to go on" in said
    kept = journal.read_text().count("\n") - 1
    assert kept >= 2
