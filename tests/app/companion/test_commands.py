"""Claims about `homeostat companion …`: what the commands do with the data of a companion."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.companion.child import CompanionChild

LOG = "[10:00] <Ann> the umbrella is red\n[10:01] <bob> is it?\nswordfish\n"


def run(data: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(build(), ["companion", *arguments, "--data", str(data)])
    return result.exit_code, result.output


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_log_is_imported_once_and_its_bad_lines_are_named(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "2024-02-03.txt"
    log.write_text(LOG)
    code, told = run(data, "import", "ann", str(log), "--me", "Ann", "--zone", "Europe/Lisbon")
    assert code == 1
    assert "2 messages kept, 0 were there before (irc)" in told
    assert "line 3: it is no line of an IRC log" in told
    assert "swordfish" not in told
    _, told = run(data, "import", "ann", str(log), "--json")
    assert json.loads(told)["known"] == 2


def test_export_and_import_bring_a_memory_elsewhere(data: Path, tmp_path: Path) -> None:
    log, archive = tmp_path / "2024-02-03.txt", tmp_path / "ann.zip"
    log.write_text(LOG)
    run(data, "import", "ann", str(log), "--me", "Ann")
    code, told = run(data, "export", "ann", str(archive))
    assert code == 0
    assert archive.stat().st_mode & 0o777 == 0o600
    assert run(data, "export", "ann", str(archive))[0] == 2
    code, told = run(tmp_path / "other", "import", "zoe", str(archive))
    assert (code, told) == (0, "2 messages are there, as they were\n")
    assert run(data, "export", "nobody", str(tmp_path / "none.zip"))[0] == 1
    assert not (tmp_path / "none.zip").exists()


def test_a_person_is_forgotten_by_order_alone(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "2024-02-03.txt"
    log.write_text(LOG)
    run(data, "import", "ann", str(log))
    assert (
        CliRunner()
        .invoke(build(), ["companion", "forget", "ann", "--data", str(data)], input="n\n")
        .exit_code
    )
    assert run(data, "forget", "ann", "--yes") == (0, "ann: forgotten\n")
    assert run(data, "forget", "ann", "--yes") == (0, "ann: nothing was there\n")
    _, told = run(data, "audit", "--verify", "--json")
    assert [row["act"] for row in json.loads(told)["entries"]] == ["person.imported", "person.forgotten"]


def test_tokens_are_made_listed_and_taken_back(data: Path) -> None:
    code, made = run(data, "token", "issue", "read", "--person", "ann", "--days", "1", "--label", "phone")
    assert code == 0
    assert made.startswith("hsc_")
    _, listed = run(data, "token", "list")
    id = made.split("_")[1]
    assert f"{id}  person ann  read" in listed
    assert made.strip() not in listed
    assert run(data, "token", "revoke", id)[0] == 0
    assert "taken back" in run(data, "token", "list")[1]
    assert run(data, "token", "revoke", "none")[0] == 2
    assert run(data, "token", "issue", "everything")[0] == 2


def test_flags_are_set_and_listed(data: Path) -> None:
    assert run(data, "flags", "set", "mirror", "--percent", "20", "--allow", "ann")[0] == 0
    assert "mirror  20%  1 allowed, 0 denied" in run(data, "flags", "list")[1]
    assert run(data, "flags", "set", "none")[0] == 2


@pytest.mark.parametrize(
    "wrong", [("--format", "xml"), ("--zone", "Nowhere"), ("--day", "yesterday"), ("--format", "slack")]
)
def test_what_an_import_cannot_use_is_told(data: Path, tmp_path: Path, wrong: Sequence[str]) -> None:
    log = tmp_path / "2024-02-03.txt"
    log.write_text(LOG)
    assert run(data, "import", "ann", str(log), *wrong)[0] == 2


def test_a_rotated_key_opens_memories_and_the_audit(data: Path, tmp_path: Path) -> None:
    log = tmp_path / "2024-02-03.txt"
    log.write_text(LOG)
    run(data, "import", "ann", str(log))
    before = (data / "master.key").read_text()
    for _ in range(2):
        assert run(data, "rotate-key")[0] == 0
    assert (data / "master.key").read_text() != before
    code, told = run(data, "audit", "--verify")
    assert code == 0
    assert "The chain holds up to entry 1" in told
    assert json.loads(run(data, "import", "ann", str(log), "--json")[1])["known"] == 2
    assert run(tmp_path / "nothing", "rotate-key")[0] == 2


@pytest.mark.long
def test_a_server_that_is_killed_has_lost_no_message_that_it_answered(data: Path) -> None:
    data.mkdir()
    kept: list[str] = []
    token = run(data, "token", "issue", "read", "write")[1].strip()
    header = {"authorization": f"Bearer {token}"}
    for round_ in range(3):
        with CompanionChild(data) as child, httpx2.Client(base_url=child.url, headers=header) as client:
            read = client.get("/people/ann/messages", params={"limit": 1_000})
            assert [m["id"] for m in read.json().get("messages", [])] == kept
            for number in range(20):
                id = f"{round_}.{number}"
                assert client.post("/people/ann/messages", json={"id": id, "text": f"said {id}"}).is_success
                kept.append(id)
            os.kill(child.pid, signal.SIGKILL)


@pytest.mark.long
def test_up_shows_its_first_token_once(data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "homeostat.app.cli.main",
        "companion",
        "up",
        "--port",
        "0",
        "--until-eof",
    ]
    shown = []
    for _ in range(2):
        with subprocess.Popen(
            [*command, "--data", str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            lines: list[str] = []
            while not lines or "stop" not in lines[-1]:
                lines.append(process.stdout.readline())
            process.stdin.close()
            assert process.wait(60.0) == 0
        shown.append("".join(lines))
    assert "hsc_" in shown[0]
    assert "hsc_" not in shown[1]
