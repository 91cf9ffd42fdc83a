"""The command line as a whole: help, exit codes, errors without tracebacks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from homeostat.app.cli.main import COMMANDS, build

HOMEOSTAT = [sys.executable, "-m", "homeostat.app.cli.main"]


def homeostat(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOMEOSTAT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", **more},
    )


@pytest.mark.parametrize("command", [name for name, _, _ in COMMANDS])
def test_every_command_explains_itself(command: str) -> None:
    shown = homeostat(command, "--help")
    assert shown.returncode == 0
    assert "Usage: homeostat " + command in shown.stdout
    assert "Example: homeostat" in shown.stdout or command == "version"


def test_the_help_names_every_command_and_where_to_start() -> None:
    shown = homeostat("--help").stdout
    assert all(f"{name} " in shown for name, _, _ in COMMANDS)
    assert "homeostat run -- python app.py" in shown


@pytest.mark.parametrize(
    "heavy", ["uvicorn", "starlette", "structlog", "psutil", "httpx2", "opentelemetry.sdk"]
)
def test_the_command_line_starts_without_its_heavy_parts(heavy: str) -> None:
    code = f"import sys, homeostat.app.cli.main; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "no-such-file.csv"], 2, "no-such-file.csv"),
        (["status", "--once", "--endpoint", "http://127.0.0.1:9"], 3, "homeostat up"),
        (["status", "--once", "--endpoint", "nonsense"], 2, "nonsense"),
        (["up", "--log-level", "loud"], 2, "loud"),
        (["up", "--port", "0", "--store", "mysql://db/x"], 2, "mysql"),
        (
            ["up", "--port", "0", "--store", "postgresql://u:p@127.0.0.1:9/x"],
            1,
            "postgresql://u@127.0.0.1:9/x",
        ),
        (["metrics", "--group", "nonsense"], 2, "memory"),
    ],
)
def test_a_mistake_gives_one_clear_line_and_its_exit_code(
    arguments: list[str], code: int, words: str
) -> None:
    done = homeostat(*arguments)
    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("homeostat: ")
    assert words in line


@pytest.mark.long
def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in homeostat("--debug", "replay", "no-such-file.csv").stderr


@pytest.mark.long
def test_the_reader_of_a_pipe_may_leave(tmp_path: Path) -> None:
    command = f"{' '.join(HOMEOSTAT)} metrics --json | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["{", "0"]
    assert done.stderr == ""


def test_metrics_tells_the_state_of_each_metric_on_this_machine() -> None:
    entries = {e["name"]: e for e in json.loads(homeostat("metrics", "--json").stdout)["metrics"]}
    assert entries["process.memory.usage"]["state"] == "measured"
    assert entries["llm.cost"]["state"] == "recorded when it happens"
    missing = [e for e in entries.values() if e["state"] == "not available here"]
    assert all(e["reason"] for e in missing)


@pytest.mark.long
def test_replay_sends_what_a_trace_holds(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        + "".join(f"2023-11-16 18:17:0{n}.0000000,20,4\n" for n in range(5))
        + "2023-11-16 18:17:06,many,4\n",
        encoding="utf-8",
    )
    done = homeostat("replay", str(trace), "--speed", "20", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["result"]["completed"] == 5
    assert answer["lines"]["skipped"] == 1


def test_the_reference_names_every_command_and_every_option() -> None:
    reference = (
        Path(__file__).parents[3].joinpath("docs/reference/command-line.md").read_text(encoding="utf-8")
    )
    group = typer.main.get_command(build())
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        section = reference.partition(f"## homeostat {name}\n")[2].partition("\n## ")[0]
        assert f"homeostat {name}" in reference
        for parameter in command.params:
            if not getattr(parameter, "hidden", False) and parameter.param_type_name == "option":
                known = [o for o in parameter.opts if o.startswith("--") and o != "--help"]
                assert all(f"`{o}" in section for o in known), (name, known)
