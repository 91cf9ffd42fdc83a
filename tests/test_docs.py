"""What the documentation says holds: its code runs, its commands exist, its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
IDS = [str(p.relative_to(ROOT)) for p in PAGES]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)|!\[[^\]]*\]\(([^)\s]+)\)")


def blocks(page: Path, language: str) -> list[str]:
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == language]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    targets = [a or b for a, b in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [t for t in targets if "://" not in t and not t.startswith("mailto:")]
    missing = [t for t in local if not (page.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=str)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HOMEOSTAT_STORE": str(tmp_path / "h.db")},
    )
    assert run.returncode == 0, run.stderr


def commands() -> list[tuple[str, str]]:
    lines = [
        (line[2:].strip(), str(page.relative_to(ROOT)))
        for page in PAGES
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    return sorted(set(lines))


@pytest.mark.parametrize(("command", "page"), commands())
def test_each_command_of_a_page_exists_with_its_options(command: str, page: str) -> None:
    words = command.split(" -- ")[0].split()
    words = [w for w in words if not re.fullmatch(r"[A-Z_]+=\S*", w)]
    if words[0] == "make":
        known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        assert set(words[1:2]) <= known
        return
    if words[0] != "homeostat":
        pytest.skip(f"not a command of ours: {words[0]}")
    from typer.main import get_command
    from typer.testing import CliRunner

    from homeostat.app.cli.main import build

    root: Any = get_command(build())
    path = [words[1]]
    group = root.commands.get(words[1])
    for word in words[2:]:
        if word not in getattr(group, "commands", {}):
            break
        path.append(word)
        group = group.commands[word]
    shown = CliRunner().invoke(build(), [*path, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert shown.exit_code == 0, shown.output
    for option in (w.split("=")[0] for w in words[2:] if w.startswith("--")):
        assert option in shown.output, f"{command} ({page})"


def test_the_reference_of_the_metrics_is_that_of_the_catalogue() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from metrics_reference import TARGET, reference
    finally:
        sys.path.pop(0)
    assert TARGET.read_text(encoding="utf-8") == reference(), "run `make docs`"
