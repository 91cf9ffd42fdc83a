"""What stands in deploy/ fits what it deploys."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"


def test_the_image_copies_what_exists_and_starts_a_command_that_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        path
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for path in line.split()[:-1]
    ]
    assert copied
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert '["homeostat", "up", "--host"' in text
    assert "psycopg-binary==" in (ROOT / "requirements" / "dev.txt").read_text()


def test_the_command_that_picks_the_postgres_packages_finds_them_with_their_hashes() -> None:
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    pattern = r"(psycopg|psycopg-binary|psycopg-pool)=="
    assert pattern in (DEPLOY / "Dockerfile").read_text()
    wanted = [part for part in re.split(r"\n(?=\S)", lock) if re.match(pattern, part)]
    assert len(wanted) == 3
    assert all("--hash=sha256:" in part for part in wanted)


def test_every_node_of_the_compose_file_has_a_token_and_publishes_to_loopback_only() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert "HOMEOSTAT_TOKEN: ${HOMEOSTAT_TOKEN:?" in text
    ports = re.findall(r'ports: \["([^"]+)"\]', text)
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_unit_is_one() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((DEPLOY / "homeostat.service").read_text())
    assert unit["Service"]["ExecStart"].endswith("homeostat up")
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here to verify it")
    told = subprocess.run(
        ["systemd-analyze", "verify", str(DEPLOY / "homeostat.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Unknown" not in told.stderr
