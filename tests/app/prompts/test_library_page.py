"""The page of a library shows its graph, loads nothing, and takes any text as text."""

import re
from pathlib import Path
from statistics import mean

import pytest

from homeostat.app.prompts.html import html
from homeostat.app.prompts.layout import layout
from homeostat.app.prompts.picture import NODES_MAX, picture
from homeostat.prompts.analysis.analysis import Priced
from homeostat.prompts.analysis.analyze import analyze, priced
from homeostat.prompts.library.library import load_library

NOW_NS = 1_763_600_000_000_000_000
HOSTILE = "<script>alert(1)</script>"


def made(root: Path, files: dict[str, str]) -> Priced:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return priced(analyze(load_library(root)), "claude-sonnet-4-5", NOW_NS)


@pytest.fixture
def found(tmp_path: Path) -> Priced:
    block = f"{HOSTILE} said twice, in a passage that is long enough to be told of\n"
    return made(
        tmp_path,
        {
            "commands/go.md": f"@a.md\n<module>b.md</module>\n@lost.md\n\n{block}",
            "a.md": f"- c.md\n\n{block}",
            "b.md": "",
            "c.md": "- a.md",
            "d&e.md": "",
        },
    )


def test_lines_lie_between_the_modules_that_they_connect(found: Priced) -> None:
    drawn = picture(found.analysis)
    kinds = {(e.source.path, e.target.path): e.kind for e in drawn.lines}
    assert kinds == {
        ("commands/go.md", "a.md"): "hard",
        ("commands/go.md", "b.md"): "conditional",
        ("a.md", "c.md"): "mention",
        ("c.md", "a.md"): "mention",
    }
    roles = {n.path: n.role for n in drawn.nodes}
    assert roles["commands/go.md"] == "entry"
    assert roles["a.md"] == "loaded"
    assert roles["d&e.md"] == "unused"
    assert all(0 < n.x < drawn.width and 0 < n.y < drawn.height for n in drawn.nodes)


def test_the_page_loads_nothing_and_takes_texts_as_texts(found: Priced) -> None:
    page = html(found, f"x{HOSTILE}")
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page
    assert re.findall(r"(?:src|href)=", page) == []
    assert page.count("<circle") == 5
    assert "d&amp;e.md" in page


def test_what_is_connected_lies_closer_than_what_is_not() -> None:
    pairs = [(a, b, 1.0) for group in (range(5), range(5, 10)) for a in group for b in group if a < b]
    places = layout(10, pairs)

    def distance(a: int, b: int) -> float:
        return float(((places[a] - places[b]) ** 2).sum() ** 0.5)

    within = mean(distance(a, b) for a, b, _ in pairs)
    across = mean(distance(a, b) for a in range(5) for b in range(5, 10))
    assert within < 0.7 * across
    assert layout(0, []).shape == (0, 2)
    assert layout(1, []).tolist() == [[0.5, 0.5]]


def test_a_large_library_is_drawn_in_part_and_says_so(tmp_path: Path) -> None:
    found = made(tmp_path, {f"m{i}.md": "x" for i in range(NODES_MAX + 7)} | {"commands/go.md": "@m3.md"})
    drawn = picture(found.analysis)
    assert (len(drawn.nodes), drawn.left_out) == (NODES_MAX, 8)
    assert {"commands/go.md", "m3.md"} <= {n.path for n in drawn.nodes}
    assert "8 modules are not drawn" in html(found, "x")


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1400])
def test_choosing_a_module_tells_what_it_loads(found: Priced, tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "library.html"
    path.write_text(html(found, "library"), encoding="utf-8")
    chromium = "/usr/bin/chromium"
    with sync_playwright() as playwright:
        executable = chromium if Path(chromium).exists() else None
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        wrong: list[str] = []
        shown = browser.new_page(viewport={"width": width, "height": 800})
        shown.on("pageerror", lambda e: wrong.append(str(e)))
        shown.goto(path.as_uri())
        shown.locator('g[data-path="commands/go.md"]').focus()
        shown.keyboard.press("Enter")
        said = shown.locator("#said").inner_text()
        assert said.startswith("commands/go.md loads 2 files")
        assert "may load, 3 files" in said
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert wrong == []
        browser.close()
