"""The HTML report is one file that needs nothing else, and says what Markdown and JSON say."""

import html as entities
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from homeostat.app.report.files import compare_tables, recording_of
from homeostat.app.report.html import html
from homeostat.app.report.plot import time_ticks
from homeostat.core.clock import DAY_NS, HOUR_NS
from homeostat.judge.reports.report import Report, make_report
from homeostat.judge.reports.report_markdown import markdown
from homeostat.judge.tabular.read import read_table
from homeostat.observe.catalogue import load_catalogue

VOID = {"meta", "path", "rect", "br", "link", "img"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and gathers tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(k, v or "") for k, v in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(k, v or "") for k, v in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def table_file(path: Path, values: np.ndarray, name: str = "latency_ms") -> Path:
    lines = [f"{1_767_225_600 + 60 * i},{v:.4f}" for i, v in enumerate(values)]
    path.write_text(f'timestamp,"{name}"\n' + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("report")
    rng = np.random.default_rng(1)
    values = rng.lognormal(4, 0.3, 700)
    values[500:] *= 1.5
    tables = [
        read_table(table_file(folder / name, v, 'latency <script>alert(1)</script> & "so" ms'))
        for name, v in (("before.csv", rng.lognormal(4, 0.3, 700)), ("after.csv", values))
    ]
    metrics = load_catalogue()
    comparison = compare_tables(tables[0], tables[1], metrics, {})
    return make_report(recording_of(tables[1:], metrics, {}, comparison), 1_767_300_000 * 10**9, "0")


@pytest.fixture(scope="module")
def page(report: Report) -> Reader:
    reader = Reader()
    reader.feed(html(report))
    return reader


def test_it_is_well_formed_and_has_no_script_and_no_address(report: Report, page: Reader) -> None:
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "a"} & set(page.tags)
    assert not [a for a in page.attributes if a[0] in ("src", "href") or a[0].startswith("on")]
    text = html(report)
    assert "://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert {"svg", "table", "h1", "h2"} <= set(page.tags)


def test_names_of_metrics_are_text_and_no_markup(page: Reader, report: Report) -> None:
    assert "<script>alert(1)</script>" in page.text
    assert "<script" not in html(report)
    assert "<script" not in markdown(report)


def test_html_markdown_and_json_say_the_same(report: Report, page: Reader) -> None:
    said = " ".join(page.text.split())
    text = entities.unescape(markdown(report)).replace("\\", "")
    found = json.loads(msgspec.json.encode(report))
    words = [*found["summary"], report.span_words]
    for m in found["metrics"]:
        words += [
            m["value_words"],
            m["interval_words"],
            m["trend"],
            m["state_words"],
            m["distribution_words"],
        ]
    for r in found["comparison"]["rows"]:
        words += [r["baseline_words"], r["candidate_words"], r["change_words"], r["words"]]
    words += [found["comparison"]["score"]["words"]]
    words += [w for f in found["findings"] for w in (f["at_words"], f["size_words"])]
    words += [w for r in found["recommendations"] for w in (r["action"], r["gain_words"], r["reason"])]
    words += [o["words"] for o in found["outlooks"]]
    for word in words:
        assert " ".join(word.split()) in said, word
        assert " ".join(word.replace("\\", "").split()) in text, word


def test_the_figures_of_the_picture_are_finite(report: Report) -> None:
    drawing = "".join(re.findall(r"<svg.*?</svg>", html(report), re.DOTALL))
    assert "nan" not in drawing.lower().replace("&lt;", "")
    assert 'class="mark"' in drawing
    assert 'class="ahead"' in drawing


@pytest.mark.parametrize("span", [1, 10**9, HOUR_NS, DAY_NS, 40 * DAY_NS, 400 * DAY_NS, 40_000 * DAY_NS])
@pytest.mark.parametrize("origin", ["epoch", "relative", "rows"])
def test_there_are_a_few_round_moments_on_every_axis(span: int, origin: str) -> None:
    ticks = time_ticks(0, span, origin)
    assert len(ticks) <= 12
    assert all(0 <= ns <= span for ns, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_fits_every_width_and_loads_nothing(report: Report, tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(html(report), encoding="utf-8")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    chromium = "/usr/bin/chromium"
    with sync_playwright() as playwright:
        executable = chromium if Path(chromium).exists() else None
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        asked: list[str] = []
        wrong: list[str] = []
        shown = browser.new_page(viewport={"width": width, "height": 800})
        shown.on("request", lambda r: asked.append(r.url))
        shown.on("console", lambda m: wrong.append(m.text))
        shown.goto(path.as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert asked == [path.as_uri()]
        assert wrong == []
        assert len(shown.pdf()) > 10_000
        browser.close()
