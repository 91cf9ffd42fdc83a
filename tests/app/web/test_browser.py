"""Claims about the pages in a real Chromium, against a real server on this machine."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.alerts.channel_file import LOG
from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.outbox import DEAD, NOTICE, Delivery, moved, records_of
from homeostat.app.alerts.target_file import Alerting
from homeostat.app.web.app import create_app
from homeostat.core.batch import Batch
from homeostat.core.change import Change, Move
from homeostat.core.clock import MINUTE_NS, SECOND_NS, SystemClock
from homeostat.core.interval import Interval
from homeostat.core.metric import Kind
from homeostat.core.notice import Notice, Occasion
from homeostat.core.order import Mode
from homeostat.core.point import Moments, Point
from homeostat.core.proof import Decision, Effect, GuardrailCheck, Proof
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.core.verdict import State
from homeostat.judge.targets.target import Handling, rule_of
from homeostat.judge.targets.target_language import parse
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.order_box import OrderBox
from homeostat.loop.governing.published import (
    Published,
    PublishedAdvice,
    PublishedKnob,
    PublishedTrial,
    publish,
)
from homeostat.loop.writer import together
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind
from homeostat.prove.ledger.records import read_ledger, record_of
from homeostat.testing.browsing import fits, painted_ms, quickest
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode

CHROMIUM = os.environ.get("HOMEOSTAT_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "/",
    "/operations",
    "/operations/answer",
    "/traces",
    "/spend",
    "/resources",
    "/metrics-catalogue",
    "/findings",
    "/alerts",
    "/experiments",
    "/knobs",
    "/hormones",
    "/experience",
    "/categories",
    "/watch",
    "/watch?series=operation.duration&warn=1ms&series=p99+llm.duration&critical=&critical=9s&only=service=assistant",
)
WIDTHS = (360, 1024, 1920)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}"),
]


def fill(node: SmallNode, minutes: int = 5, traffic: SampleTraffic | None = None) -> None:
    now_ns = node.clock.now_ns()
    source = traffic or SampleTraffic()
    node.store.write(together(list(source.seconds(now_ns - minutes * MINUTE_NS, now_ns - SECOND_NS))))


def alarm(node: SmallNode) -> None:
    """Let alerts be active, one silenced, one told, and one not delivered."""
    target = parse("p95(operation.duration) < 1 ms over 10 min by operation, service")
    rule = rule_of("answers are fast", target, node.catalogue, handling=Handling(for_ns=0))
    desk = AlertDesk(node.store, node.clock, node.losses, Alerting((rule,), (rule,), (LOG,)))
    desk.look()
    views = AlertViews(node.store, node.clock)
    active = views.active()
    assert active
    views.silence("answers are fast", active[0].group, MINUTE_NS, "a release")
    line = active[0].line()
    now_ns = node.clock.now_ns()
    severity = Severity.CRITICAL
    notice = Notice("n-1", "n", Occasion.BEGAN, severity, active[0].group, now_ns, line.words, (line,))
    lost = Delivery(notice, "log", 10, 0, "answered with status 500")
    node.store.write(Batch(records=tuple(records_of(notice, []))))
    node.store.write(moved(lost, DEAD))


TOLD = Change(
    (Move("layers", 6, 5), Move("model", "a rather long name", "another long name")), "climb", "it pays"
)


def run_loop(node: SmallNode, mode: Mode = Mode.ACT) -> None:
    """Let a loop be seen running now, trying something."""
    knobs = (
        PublishedKnob("layers", 5, 6, "1 to 8", "request", True, "of the prompt", (4,), 1, 8),
        PublishedKnob("cached", False, False, "False, True", "request", False, ""),
        PublishedKnob("model", "small", "small", "small, large", "process", False, ""),
    )
    trial = PublishedTrial("trial-2", "layers 5 → 4", "climb", "it pays", False, 0.63, "810 requests")
    advice = PublishedAdvice(
        "layers 5 → 3", "climb", "not tried", ("p95 is high",), (-0.2, 0.1), {"layers": 3}
    )
    now_ns = node.clock.now_ns()
    told = Published("web", now_ns, 1, mode, "p95", "normal", 9.0, knobs, (trial,), (advice,), (), {})
    publish(node.store, told)


@contextmanager
def running_on(node: SmallNode) -> Iterator[None]:
    """Let a loop be seen running until the block ends."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(5.0):
            run_loop(node)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(5)


def govern(node: SmallNode, mode: Mode = Mode.ACT) -> Book:
    """Let a loop have kept a change and rolled one back, and be trying another."""
    now_ns = node.clock.now_ns()
    keep = lambda entry: node.store.write(Batch(records=(record_of(entry, "web"),)))  # noqa: E731
    book = Book(read_ledger(node.store.read, "web"), keep)
    seen = Effect("p95 of duration", 412.0, 255.0, -0.38, Interval(-0.44, -0.31, 0.95))
    for decision, state in ((Decision.KEEP, State.WITHIN), (Decision.ROLL_BACK, State.VIOLATED)):
        checks = (GuardrailCheck("mean of quality worse by at most 1%", state, seen),)
        proof = Proof(
            decision, "seen", seen, (seen,), checks, 400, 410, now_ns - SECOND_NS, now_ns, "divided"
        )
        book.write(notes.decided("trial-1", TOLD, proof), now_ns - 30 * SECOND_NS)
    run_loop(node, mode)
    return book


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[SmallNode]:
    node = SmallNode(clock=SystemClock(), store=str(tmp_path / "page.db"))
    yield node
    node.close()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node = SmallNode(clock=SystemClock(), store=str(tmp_path_factory.mktemp("store") / "page.db"))
    fill(node, 15)
    alarm(node)
    govern(node)
    with served(create_app(node)) as address, running_on(node):
        yield address
    node.close()


class Watched:
    """A page, and what went wrong on it: errors in the console, requests that left the origin."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.wrong.append(str(e)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:", "blob:")) else self.wrong.append(r.url),
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_is_accessible_fits_and_is_silent(
    browser: Browser, busy: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    watched = Watched(context.new_page(), busy)
    page = watched.page
    page.goto(f"{busy}/traces")
    trace = page.locator("table a").first.get_attribute("href")
    for path in (*PAGES, trace, "/series/llm.duration", "/nowhere"):
        page.goto(f"{busy}{path}", wait_until="load")
        assert fits(page), f"{path} scrolls sideways at {width} px"
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        found = Axe().run(page)["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], path
    context.close()
    assert [w for w in watched.wrong if "404" not in w] == []


def test_the_page_is_painted_within_300_ms(browser: Browser, busy: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    best_ms = quickest(lambda: painted_ms(page, busy), 300)
    context.close()
    assert best_ms < 300


def test_without_javascript_everything_is_readable(browser: Browser, busy: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(busy)
    assert page.locator("table.variables tbody tr").count() > 5
    assert page.locator("svg.chart").count() >= 3
    assert page.locator("svg.spark").count() > 5
    assert not page.locator("[data-live-button]").is_visible()
    context.close()


def test_the_plots_become_live_when_they_come_into_view(browser: Browser, busy: str) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 700})
    watched = Watched(context.new_page(), busy)
    page = watched.page
    loaded: list[str] = []
    page.on("request", lambda r: loaded.append(r.url) if "plotly" in r.url else None)
    page.goto(busy, wait_until="load")
    page.wait_for_timeout(300)
    assert loaded == []
    page.locator("#over-time").scroll_into_view_if_needed()
    page.wait_for_selector(".plots-live .main-svg")
    assert len(loaded) == 1
    assert page.locator(".plots-live .scatterlayer path.js-line").count() >= 4
    assert page.locator(".plots-live .annotation-text").filter(has_text="!").count() >= 1
    assert Axe().run(page)["violations"] == []
    context.close()
    assert watched.wrong == []


def test_the_table_changes_by_itself_and_keeps_the_focus(browser: Browser, node: SmallNode) -> None:
    fill(node, 2)
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        link = page.locator("table.variables tbody a").first
        link.focus()
        counts = page.locator("table.variables .c-n").last
        before = counts.inner_text()
        node.store.write(SampleTraffic(seed=3, per_second=50).second(node.clock.now_ns()))
        page.wait_for_function(
            "before => [...document.querySelectorAll('table.variables .c-n')].at(-1).innerText !== before",
            arg=before,
        )
        assert page.evaluate("document.activeElement.closest('table.variables') !== null")
        page.context.close()


def test_the_empty_page_changes_by_itself_when_data_comes_in(browser: Browser, node: SmallNode) -> None:
    with served(create_app(node)) as address:
        watched = Watched(browser.new_context().new_page(), address)
        page = watched.page
        page.goto(address)
        assert "Nothing has been measured yet" in page.locator("h1").inner_text()
        assert Axe().run(page)["violations"] == []
        fill(node, 1)
        page.wait_for_selector("table.variables tbody tr")
        assert "measured yet" not in page.locator("h1").inner_text()
        page.context.close()
    assert watched.wrong == []


def test_a_watch_shows_a_crossing_by_itself_and_leaves_the_form_alone(
    browser: Browser, node: SmallNode
) -> None:
    def level(value: float) -> None:
        now_ns = node.clock.now_ns()
        key = SeriesKey.of("queue.depth", Kind.GAUGE, "1", {})
        node.store.write(Batch(points=(Point(key, now_ns, Moments(1, value, 0.0, value, value, value)),)))

    level(5.0)
    with served(create_app(node)) as address:
        watched = Watched(browser.new_context().new_page(), address)
        page = watched.page
        page.goto(f"{address}/watch?series=queue.depth&warn=10&every=1s")
        page.wait_for_selector("td .state-within")
        field = page.get_by_role("textbox", name="Critical").first
        field.fill("90")
        level(50.0)
        page.wait_for_selector("ol.events li")
        assert "◆ warning queue.depth: above warning: last 50 (warning > 10), was within" in (
            page.locator("ol.events li").inner_text()
        )
        assert field.input_value() == "90"
        assert Axe().run(page)["violations"] == []
        field.press("Enter")
        page.wait_for_url("**critical=90**")
        page.context.close()
    assert watched.wrong == []


def test_live_updates_can_be_paused(browser: Browser, node: SmallNode) -> None:
    fill(node, 2)
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        button = page.get_by_role("button", name="Live updates")
        button.click()
        assert button.get_attribute("aria-pressed") == "false"
        before = page.locator("main").inner_text()
        fill(node, 1, SampleTraffic(seed=5, per_second=30))
        page.wait_for_timeout(2_000)
        assert page.locator("main").inner_text() == before
        page.context.close()


def test_all_links_and_buttons_are_reached_by_keyboard_beginning_with_the_skip_link(
    browser: Browser, busy: str
) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{busy}/operations")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{busy}/operations")
    wanted = page.locator("a:visible, button:visible, input:visible, select:visible").count()
    reached = set()
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('a, button, input, select')].indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) >= wanted
    page.context.close()


def test_a_login_works_in_the_browser(browser: Browser, tmp_path: Path) -> None:
    node = SmallNode(token="open-sesame", clock=SystemClock(), store=str(tmp_path / "locked.db"))
    fill(node, 1)
    with served(create_app(node)) as address:
        watched = Watched(browser.new_context().new_page(), address)
        page = watched.page
        page.goto(f"{address}/spend?range=1h")
        assert Axe().run(page)["violations"] == []
        page.get_by_role("textbox", name="Token").fill("open-sesame")
        page.get_by_role("button", name="Enter").click()
        page.wait_for_url("**/spend?range=1h")
        assert "calls unpriced" in page.locator("h1").inner_text()
        page.context.close()
    node.close()
    assert watched.wrong == []


def test_a_thousand_series_are_shown_without_jank(browser: Browser, node: SmallNode) -> None:
    now_ns = node.clock.now_ns()
    moments = Moments(5, 10.0, 2.0, 8.0, 12.0, 11.0)
    keys = [SeriesKey.of("queue.depth", Kind.GAUGE, "1", {"shard": i}) for i in range(1_000)]
    for age in range(120, 0, -10):
        node.store.write(Batch(points=tuple(Point(k, now_ns - age * SECOND_NS, moments) for k in keys)))
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.add_init_script(
            "window.longest = 0; const seen = list => { for (const e of list.getEntries())"
            " window.longest = Math.max(window.longest, e.duration); };"
            " new PerformanceObserver(seen).observe({type: 'longtask', buffered: true});"
        )

        def longest_task_ms() -> float:
            page.goto(address)
            page.wait_for_timeout(3_500)
            return float(page.evaluate("window.longest"))

        assert quickest(longest_task_ms, 200) < 200
        assert "1,000" in page.locator(".pager").inner_text()
        page.get_by_role("link", name="Next").click()
        page.wait_for_url("**offset=25**")
        assert page.locator("table.variables tbody tr").count() == 25
        page.context.close()


def test_what_appears_and_goes_above_the_table_leaves_the_focus_in_it(
    browser: Browser, node: SmallNode
) -> None:
    fill(node, 2)
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        link = page.locator("table.variables tbody a").first
        link.focus()
        alarm(node)
        page.wait_for_selector("section[aria-labelledby=alerts]")
        page.wait_for_selector("details.event-list")
        assert page.evaluate("document.activeElement.closest('table.variables') !== null")
        state = AlertViews(node.store, node.clock).state()
        gone = [Record("alert.state", a.key, 0, b"") for a in state.active]
        gone += [Record(NOTICE, n.id, 0, b"") for n in state.history]
        node.store.write(Batch(records=tuple(gone)))
        page.wait_for_selector("section[aria-labelledby=alerts]", state="detached")
        assert page.evaluate("document.activeElement.closest('table.variables') !== null")
        page.context.close()


def test_a_lost_notice_is_sent_again_by_its_button(browser: Browser, node: SmallNode) -> None:
    fill(node, 2)
    alarm(node)
    with served(create_app(node)) as address:
        page = browser.new_context(viewport={"width": 360, "height": 800}).new_page()
        page.goto(f"{address}/alerts")
        page.get_by_role("button", name="to log again").click()
        page.wait_for_selector("section[aria-labelledby=dead]", state="detached")
        assert "1 notice is on its way" in page.inner_text(".lead-line")
        page.context.close()


def test_a_knob_is_pinned_by_keyboard_and_the_page_says_what_the_ledger_said(
    browser: Browser, node: SmallNode
) -> None:
    fill(node, 1)
    book = govern(node)
    with served(create_app(node)) as address, obeying(node, book):
        page = browser.new_context(viewport={"width": 360, "height": 800}).new_page()
        page.goto(f"{address}/knobs")
        page.get_by_role("spinbutton", name="Value for layers").fill("4")
        page.wait_for_timeout(1_500)
        assert page.get_by_role("spinbutton", name="Value for layers").input_value() == "4"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-key=answered]")
        assert "Pin layers 4" in page.inner_text("[data-key=answered]")
        assert Axe().run(page)["violations"] == []
        page.context.close()


def test_a_value_out_of_range_is_not_even_sent(browser: Browser, node: SmallNode) -> None:
    govern(node)
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.goto(f"{address}/knobs")
        page.get_by_role("spinbutton", name="Value for layers").fill("99")
        page.get_by_role("button", name="Pin layers at this value").click()
        page.wait_for_timeout(300)
        assert page.url == f"{address}/knobs"
        page.context.close()


@pytest.mark.parametrize("script", [True, False])
def test_the_kill_switch_takes_two_presses_with_and_without_script(
    browser: Browser, node: SmallNode, script: bool
) -> None:
    book = govern(node)
    with served(create_app(node)) as address, obeying(node, book):
        page = browser.new_context(java_script_enabled=script).new_page()
        page.goto(f"{address}/alerts")
        page.get_by_text("mode: act").click()
        sure = page.get_by_role("button", name="Yes, restore all defaults now")
        assert not sure.is_visible()
        page.get_by_text("Restore all defaults …").click()
        sure.click()
        page.wait_for_url("**/experiments?**")
        assert "Restore" in page.inner_text("[data-key=answered]")
        page.context.close()


def test_the_mode_in_the_header_changes_by_itself_while_its_menu_stays_open(
    browser: Browser, node: SmallNode
) -> None:
    fill(node, 1)
    govern(node)
    with served(create_app(node)) as address:
        page = browser.new_context().new_page()
        page.goto(address)
        page.get_by_text("mode: act").click()
        govern(node, Mode.ADVISE)
        page.get_by_text("mode: advise").wait_for()
        assert page.get_by_role("button", name="observe").is_visible()
        page.keyboard.press("Escape")
        assert not page.get_by_role("button", name="observe").is_visible()
        page.context.close()


def test_new_entries_come_in_by_themselves(browser: Browser, node: SmallNode) -> None:
    book = govern(node)
    with served(create_app(node)) as address:
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.goto(f"{address}/experiments")
        button = page.get_by_role("button", name="Undo entry 1")
        button.focus()
        book.write(notes.said(EntryKind.MODE, "ann", "to see it come in"), node.clock.now_ns())
        page.get_by_text("to see it come in").wait_for()
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Undo entry 1")
        page.context.close()


@contextmanager
def obeying(node: SmallNode, book: Book) -> Iterator[None]:
    """Write each order that is given into a ledger, as a loop would."""
    end = threading.Event()
    box = OrderBox(node.store, "web", node.losses)

    def run() -> None:
        while not end.wait(0.05):
            for order in box.take(node.clock.now_ns()):
                values = " ".join(str(getattr(order, f)) for f in order.__struct_fields__ if f != "by")
                said = notes.said(EntryKind.MODE, order.by, f"{type(order).__name__} {values}")
                book.write(said, node.clock.now_ns())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(5)
