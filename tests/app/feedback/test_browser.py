"""Claims about the widget and the page of experience in a real Chromium."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from homeostat.app.accessibility import ARGUMENTS
from homeostat.app.web.app import create_app
from homeostat.core.clock import DAY_NS, SECOND_NS, SystemClock
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import KEY_BYTES, Pseudonyms
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.served import served
from homeostat.testing.servers.programs import free_port
from homeostat.testing.small_node import SmallNode

CHROMIUM = os.environ.get("HOMEOSTAT_CHROMIUM", "/usr/bin/chromium")
WIDTHS = (360, 1280)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}"),
]


def fill(node: SmallNode) -> None:
    """Let 40 people have used a shop for five weeks."""
    now_ns = SystemClock().now_ns()
    clock = ManualClock(now_ns - 35 * DAY_NS)
    names = Pseudonyms(bytes(KEY_BYTES), "shop")
    used = Experience(BareHost(clock), Declaration(service="shop"), node.writer.offer, node.store, names)
    used.declare()
    for day in range(35):
        for i in range(40):
            if (i + day) % (3 + i % 9):
                continue
            used.interaction(f"u{i}", ("search", "export", "share")[(i + day) % 3])
            with used.task("export <all> & more", f"u{i}") as task:
                clock.advance(30.0 * (1 + day) ** -0.4)
                if i % 7 == 0:
                    task.error()
            used.adapted(f"u{i}", "shorter", accepted=bool(i % 4))
            used.prefer(f"u{i}", "tone", i % 2)
        clock.advance(max((now_ns - (34 - day) * DAY_NS - clock.now_ns()) / SECOND_NS, 0.0))
    used.close()
    for i in range(20):
        used.asked(f"u{i}", "rating")
        if i % 2:
            used.feedback(f"u{i}", rating=6 + i % 5, recommend=5 + i % 6, thumbs=i % 3 > 0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def filled() -> Iterator[str]:
    """A server whose shop people have used; read only."""
    node = SmallNode(clock=SystemClock())
    fill(node)
    with served(create_app(node)) as address:
        yield address
    node.close()


@pytest.fixture
def node() -> Iterator[SmallNode]:
    node = SmallNode(clock=SystemClock())
    yield node
    node.close()


def shop(address: str, attributes: str) -> Starlette:
    """Return a site of its own with the widget of a server in its page."""

    async def page(http: Request) -> Response:
        return HTMLResponse(
            '<!doctype html><html lang="en"><head><title>Shop</title>'
            '<meta name="viewport" content="width=device-width"></head>'
            f'<body><main><h1>Shop</h1></main><aside id="here"></aside>'
            f'<script src="{address}/feedback/widget.js" defer data-at="#here" {attributes}></script>'
            "</body></html>"
        )

    return Starlette(routes=[Route("/", page)])


@contextmanager
def sites(node: SmallNode, attributes: str) -> Iterator[tuple[str, str]]:
    """Serve a node, and a shop elsewhere whose pages may send feedback to it."""
    port = free_port()
    allowed = f"http://127.0.0.1:{port}"
    with (
        served(create_app(node, feedback_origins=[allowed])) as address,
        served(shop(address, attributes), port),
    ):
        yield address, allowed


def held(node: SmallNode, user: str) -> int:
    return node.experiences.of("shop").held(user)


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Give feedback").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_experience_is_accessible_and_fits(
    browser: Browser, filled: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(f"{filled}/experience")
    assert page.locator("svg.chart").count() == 1
    assert "Each doubling of practice saves" in page.locator("main").inner_text()
    assert page.get_by_role("table").count() == 4
    assert page.get_by_text("export <all> & more").count() >= 1
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    found = Axe().run(page)["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == []
    assert wrong == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_widget_is_accessible_and_fits_with_everything_it_can_ask(
    browser: Browser, node: SmallNode, scheme: str, width: int
) -> None:
    asks = 'data-service="shop" data-user="ann" data-ask="rating thumbs recommend usability comment"'
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    with sites(node, asks) as (_, site):
        page = context.new_page()
        opened(page, site)
        page.get_by_role("radio", name="8", exact=True).first.check()
        page.get_by_text("What is kept of you").click()
        page.get_by_role("button", name="Do not count me").wait_for()
        assert page.get_by_role("group").count() >= 13
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        found = Axe().run(page)["violations"]
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == []
    context.close()


def test_feedback_can_be_given_by_keyboard_alone_from_another_site(browser: Browser, node: SmallNode) -> None:
    context = browser.new_context()
    with sites(node, 'data-service="shop" data-user="ann"') as (_, site):
        page = context.new_page()
        page.goto(site)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.get_by_text("Thank you, that was sent.").wait_for()
        assert (
            page.evaluate(
                "document.querySelector('[data-homeostat-feedback]').shadowRoot.activeElement.textContent"
            )
            == "Give feedback"
        )
    context.close()
    found = node.experiences.of("shop")
    assert found.held("ann") == 2


def test_nothing_is_sent_before_somebody_presses_send_unless_it_opens_by_itself(
    browser: Browser, node: SmallNode
) -> None:
    context = browser.new_context()
    for attributes, kept in (("", 0), ("data-open", 1)):
        with sites(node, f'data-service="shop" data-user="ann" data-ask="rating" {attributes}') as (_, site):
            page = context.new_page()
            if attributes:
                with page.expect_response("**/feedback"):
                    page.goto(site)
            else:
                page.goto(site)
                page.get_by_role("button", name="Give feedback").click()
                page.get_by_role("button", name="Send").click()
                page.get_by_text("Nothing is chosen yet.").wait_for()
            assert held(node, "ann") == kept
            page.close()
    context.close()


def test_some_of_the_ten_statements_are_not_sent_as_if_they_were_all(
    browser: Browser, node: SmallNode
) -> None:
    context = browser.new_context()
    with sites(node, 'data-service="shop" data-user="ann" data-ask="usability"') as (_, site):
        page = context.new_page()
        opened(page, site)
        groups = page.get_by_role("group")
        groups.first.get_by_role("radio", name="4").check()
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Please answer all 10 statements").wait_for()
        for i in range(10):
            groups.nth(i).get_by_role("radio", name="42"[i % 2]).check()
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Thank you, that was sent.").wait_for()
    context.close()
    for i in range(5):
        node.experiences.of("shop").feedback(f"u{i}", statements=[4, 2] * 5)
    assert node.experiences.of("shop").figures().feedback["usability"].value == 75.0


def test_a_person_opts_out_in_the_widget(browser: Browser, node: SmallNode) -> None:
    node.experiences.of("shop").feedback("ann", rating=3)
    context = browser.new_context()
    with sites(node, 'data-service="shop" data-user="ann"') as (_, site):
        page = context.new_page()
        opened(page, site)
        page.get_by_text("What is kept of you").click()
        page.get_by_role("button", name="Do not count me").click()
        page.get_by_text("You are not counted any more; 1 entries were forgotten.").wait_for()
        assert held(node, "ann") == 0
        page.get_by_role("button", name="Count me again").click()
        page.get_by_text("You are counted again.").wait_for()
    context.close()


def test_a_comment_is_sent_where_it_is_declared_and_refused_in_words_where_it_is_not(
    browser: Browser, node: SmallNode
) -> None:
    context = browser.new_context()
    with sites(node, 'data-service="shop" data-user="ann" data-ask="comment"') as (_, site):
        page = context.new_page()
        opened(page, site)
        page.get_by_label("Anything else?").fill("the queue is slow")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("comments are not declared").wait_for()
        names = Pseudonyms(bytes(KEY_BYTES), "shop")
        declared = Declaration(service="shop", track=("feedback", "comments"))
        Experience(BareHost(node.clock), declared, node.writer.offer, node.store, names).declare()
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Thank you, that was sent.").wait_for()
    context.close()
    assert [text for _, text in node.experiences.of("shop").comments()] == ["the queue is slow"]
