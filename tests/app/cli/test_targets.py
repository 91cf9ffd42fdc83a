"""Claims about `homeostat targets check`: it says what the server would do; mistakes leave with 2."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.core.errors import ConfigError
from homeostat.judge.targets.target_language import parse

DOCS = Path(__file__).parents[3] / "docs"
FILE = """
[[target]]
name = "few operations fail"
expect = "rate(errors)<1% by service"
severity = "critical"
notify = ["pager"]

[[channel]]
name = "pager"
kind = "webhook"
url_env = "NOT_SET_ANYWHERE"
"""


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(build(), ["targets", "check", *arguments], env={"COLUMNS": "200"})
    return found.exit_code, found.output


def test_a_file_that_is_right_is_said_in_full(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text(FILE)
    code, said = run(str(tmp_path / "limits.toml"))
    assert code == 0
    assert "critical  unless share of operation.errors among operation.duration < 1% over 10 min" in said
    assert "told      once it lasts 1 min, to pager" in said
    assert "no variable NOT_SET_ANYWHERE; the server needs it" in said


def test_json_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text(FILE)
    code, said = run(str(tmp_path / "limits.toml"), "--json")
    found = json.loads(said)
    assert code == 0
    assert found["targets"][0]["conditions"] == [
        {"severity": "critical", "side": "<", "bound": 0.01, "windows_s": [600.0]}
    ]
    assert found["variables_not_set"] == ["NOT_SET_ANYWHERE"]


def test_a_mistake_leaves_with_2_and_shows_the_place(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text(FILE.replace("<1%", "<<1%"))
    code, said = run(str(tmp_path / "limits.toml"))
    assert code == 2
    assert "at position 14 ('<'): a number is expected" in said


@pytest.mark.parametrize("page", ["how-to/set-limits.md", "how-to/get-alerts.md"])
def test_the_files_of_the_documentation_are_right(page: str, tmp_path: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    parts = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    channel = '[[channel]]\nname = "operators"\nkind = "log"\n' if 'name = "operators"' not in text else ""
    (tmp_path / "limits.toml").write_text(channel + "\n".join(parts))
    code, said = run(str(tmp_path / "limits.toml"))
    assert code == 0, said


def test_the_lines_of_the_reference_are_read() -> None:
    text = (DOCS / "reference" / "targets.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `([^`]+ [<>]=? [^`]+)` \|", text, re.MULTILINE)
    assert len(lines) >= 10
    for line in lines:
        try:
            parse(line)
        except ConfigError as error:
            pytest.fail(str(error))
