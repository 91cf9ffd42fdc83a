"""Claims about the pages of a person in a real Chromium, against a real server on this machine."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.dream.wishes import Wishes, keep_wishes
from homeostat.companion.message import NewMessage
from homeostat.testing.browsing import fits, painted_ms, quickest
from homeostat.testing.served import served

CHROMIUM = os.environ.get("HOMEOSTAT_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
"""WebGL is drawn by software, so that a machine without a display has it."""

WIDTHS = (360, 1280)
DRAWN_MS = 60_000
HARMLESS = ("willReadFrequently", "GPU stall", "GroupMarkerNotSet", "[.WebGL")
"""What the plotting library and drawing by software say by the way."""

CAMERA = "() => document.querySelector('.space')._fullLayout.scene._scene.getCamera().eye"
FRAME = "() => Number(document.querySelector('[data-palace]').dataset.frame || -1)"
CURRENT_END = "() => document.querySelector('nav [aria-current]')?.getBoundingClientRect().right || 0"
ENDED = "() => document.querySelector('[data-palace]').dataset.walking === 'ended'"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(node: CompanionNode) -> Iterator[str]:
    """Serve the companion on a free port."""
    with served(create_companion_app(node)) as address:
        yield address


class Watched:
    """A page of somebody who is signed in, and what went wrong on it."""

    def __init__(self, context: BrowserContext, address: str, token: str) -> None:
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
                else self.wrong.append(r.url)
            ),
        )
        self.page.goto(f"{address}/login")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{address}/")

    def _said(self, message: object) -> None:
        kind, text = message.type, message.text  # type: ignore[attr-defined]
        if kind in ("error", "warning") and not any(word in text for word in HARMLESS):
            self.wrong.append(text)


Open = Callable[..., Watched]


@pytest.fixture
def open_page(chromium: Browser, node: CompanionNode, address: str) -> Iterator[Open]:
    """Signs a person in, in a browser of some kind."""
    contexts: list[BrowserContext] = []

    def made(person: str = "ann", **kind: object) -> Watched:
        context = chromium.new_context(**kind)  # type: ignore[arg-type]
        contexts.append(context)
        token, _ = node.access.issue(PERSONS, person=person)
        return Watched(context, address, token.text)

    yield made
    for context in contexts:
        context.close()


def drawn(page: Page) -> None:
    page.wait_for_selector(".space[data-drawn]", timeout=DRAWN_MS)


def accessible(page: Page, path: str) -> None:
    found = Axe().run(page)["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found] == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_each_page_is_accessible_fits_and_is_silent(
    open_page: Open, address: str, scheme: str, width: int, hostile: str
) -> None:
    watched = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = watched.page
    paths = (
        "/",
        "/experience",
        "/palace",
        "/palace?q=Lisbon",
        "/palace?near=641",
        "/mirror",
        "/archaeology",
        "/dreams",
    )
    for path in (*paths, "/archaeology?before=320&after=321", "/palace?begin=x"):
        page.goto(f"{address}{path}", wait_until="load")
        if path.startswith("/palace") and "begin" not in path:
            drawn(page)
        assert fits(page), f"{path} scrolls sideways at {width} px"
        assert page.evaluate(CURRENT_END) <= width, f"which page {path} is cannot be seen at {width} px"
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        accessible(page, path)
        assert page.evaluate("window.stolen") is None
    assert [w for w in watched.wrong if "400" not in w] == []


def test_the_form_for_the_token_is_accessible(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(f"{address}/mirror")
    accessible(page, "/login")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    accessible(page, "/login")
    page.close()


def test_the_plot_has_each_memory_and_lights_up_what_is_found(open_page: Open, address: str) -> None:
    watched = open_page(viewport={"width": 1280, "height": 800})
    page = watched.page
    page.goto(f"{address}/palace")
    drawn(page)
    assert page.evaluate("() => document.querySelector('.space').data[0].x.length") == 641
    page.get_by_label("Search your memories").fill("the trams in Lisbon")
    page.get_by_role("button", name="Search").click()
    page.wait_for_function("() => document.querySelector('.space').data[2].x.length === 12")
    assert "q=the+trams" in page.url
    assert page.locator(".memories > li").count() == 12
    assert "12 of the list are lit up" in page.inner_text("[data-words]")
    page.go_back()
    page.wait_for_function("() => document.querySelector('.space').data[2].x.length === 0")
    assert watched.wrong == []


def test_of_names_that_would_cover_one_another_that_of_the_larger_room_is_shown(
    open_page: Open, address: str
) -> None:
    watched = open_page(viewport={"width": 1280, "height": 800})
    page = watched.page
    page.goto(f"{address}/palace")
    drawn(page)
    shown = "document.querySelector('.space').data[3].text.filter(Boolean)"
    assert 1 < page.evaluate(f"{shown}.length") <= 12
    look = "(away) => Plotly.relayout(document.querySelector('.space'), {'scene.camera.eye': away})"
    page.evaluate(look, {"x": 400, "y": 400, "z": 200})  # from afar all rooms are at one place
    page.wait_for_function(f"() => {shown}.length === 1")
    largest = page.locator("[data-rooms] a").first.text_content() or ""
    assert page.evaluate(f"{shown}[0]") in largest
    page.evaluate(look, {"x": 3.3, "y": 3.3, "z": 1.9})
    page.wait_for_function(f"() => {shown}.length > 1")
    assert watched.wrong == []


def test_a_memory_that_is_pointed_at_tells_what_stands_near(open_page: Open, address: str) -> None:
    page = open_page(viewport={"width": 1280, "height": 800}).page
    page.goto(f"{address}/palace")
    drawn(page)
    page.evaluate(
        "() => document.querySelector('.space')"
        ".emit('plotly_click', {points: [{curveNumber: 0, pointNumber: 4}]})"
    )
    page.wait_for_selector(".is-here")
    assert "near=5" in page.url
    assert page.locator(".memories > li").count() == 11


def test_a_room_is_opened_by_keyboard_and_keeps_the_focus(open_page: Open, address: str) -> None:
    page = open_page(viewport={"width": 1280, "height": 800}).page
    page.goto(f"{address}/palace")
    drawn(page)
    second = page.locator("[data-room]").nth(1)
    id = second.get_attribute("data-room")
    second.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-room][aria-current=true]")
    assert page.evaluate("document.activeElement.dataset.room") == id
    assert f"room={id}" in page.url
    assert page.locator(".memories > li").count() > 0


def test_a_walk_moves_the_camera_pauses_goes_on_and_arrives(open_page: Open, address: str) -> None:
    watched = open_page(viewport={"width": 1000, "height": 800})
    page = watched.page
    page.goto(f"{address}/palace")
    drawn(page)
    before = page.evaluate(CAMERA)
    page.evaluate(
        "() => { window.looks = 0; document.querySelector('[data-palace]')"
        ".addEventListener('palace:look', () => { window.looks += 1; }); }"
    )
    page.get_by_role("button", name="Walk").click()
    page.wait_for_function("() => window.looks >= 3", timeout=DRAWN_MS)
    assert page.evaluate(CAMERA) != before
    page.get_by_role("button", name="Pause").click()
    assert "Paused in the room" in page.get_by_role("status").inner_text()
    at = None
    while at != (at := page.evaluate(FRAME)):  # what was under way may still arrive
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_function(ENDED, timeout=DRAWN_MS)
    assert page.evaluate(FRAME) > at
    assert "Arrived in the room" in page.get_by_role("status").inner_text()
    assert page.locator("[data-way] li[aria-current=step]").count() == 1
    accessible(page, "after a walk")
    assert watched.wrong == []


def test_a_dream_is_told_steered_and_stopped_by_keyboard(
    open_page: Open, address: str, node: CompanionNode
) -> None:
    with node.people.open("ann") as memory:
        keep_wishes(memory.notes, Wishes(consent=True))
    watched = open_page(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page = watched.page
    page.goto(f"{address}/dreams")
    page.get_by_label("Follow").fill("bread")
    page.keyboard.press("Enter")
    page.wait_for_selector(".dreaming > li", timeout=DRAWN_MS)
    assert "/palace?near=" in (page.locator(".dreaming > li a").first.get_attribute("href") or "")
    assert page.locator(".dreaming > li .stamp").first.text_content() == "dreamed"
    page.get_by_label("Leave out").fill("guitar")
    page.get_by_role("button", name="Steer it so").press("Enter")
    page.wait_for_function("() => document.querySelector('[data-said]').textContent.startsWith('Steered')")
    page.get_by_role("button", name="Stop").press("Enter")
    page.wait_for_function("() => document.querySelector('[data-said]').textContent.startsWith('Stopped')")
    assert page.evaluate("document.activeElement.textContent") == "Dream"
    page.goto(f"{address}/dreams")
    assert "1 dream is in the diary" in page.locator("h1").inner_text()
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    accessible(page, "/dreams")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert watched.wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_review_is_decided_by_one_key_on_a_page_that_fits_and_is_accessible(
    chromium: Browser, address: str, node: CompanionNode, scheme: str, width: int
) -> None:
    node.guarding.measure()
    assert node.guarding.reviews is not None
    for _ in range(2):
        node.guarding.check("My card is 4111 1111 1111 1111.", person="ann", place="mirror", language="en")
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    token, _ = node.access.issue(frozenset(Scope))
    page.goto(f"{address}/login")
    page.get_by_label("Token").fill(token.text)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{address}/review")
    accessible(page, "/review of nobody's memory")
    page.goto(f"{address}/person")
    page.get_by_role("textbox").first.fill("ann")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.get_by_role("link", name="Review").click()
    page.wait_for_url(f"{address}/review")
    accessible(page, "/review")
    assert fits(page), f"scrolls sideways at {width} px"
    waiting, decided = node.guarding.reviews.counts()
    for key in ("r", "w"):
        page.wait_for_function("() => document.activeElement.matches('[data-key]')")
        with page.expect_navigation():
            page.keyboard.press(key)
    assert node.guarding.reviews.counts() == (waiting - 2, decided + 2)
    assert "Nothing waits for you" in page.locator("h1").inner_text()
    accessible(page, "/review when nothing waits")
    context.close()


def test_who_wants_no_motion_is_put_from_room_to_room(open_page: Open, address: str) -> None:
    page = open_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce").page
    page.goto(f"{address}/palace")
    drawn(page)
    page.evaluate(
        "() => { window.looks = 0; document.querySelector('[data-palace]')"
        ".addEventListener('palace:look', () => { window.looks += 1; }); }"
    )
    page.get_by_role("button", name="Walk").click()
    page.wait_for_function(ENDED, timeout=DRAWN_MS)
    assert 1 <= page.evaluate("window.looks") <= page.locator("[data-way] li").count()


def test_without_javascript_everything_is_listed(
    chromium: Browser, node: CompanionNode, address: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    token, _ = node.access.issue(PERSONS, person="ann")
    watched = Watched(context, address, token.text)
    page = watched.page
    page.goto(f"{address}/palace")
    assert not page.locator("[data-palace]").is_visible()
    page.locator("[data-room]").first.click()
    assert page.locator(".memories > li").count() > 0
    page.get_by_label("Search your memories").fill("Lisbon")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".why").count() == 12
    context.close()


def test_the_palace_is_painted_before_its_plot_is_there(open_page: Open, address: str) -> None:
    page = open_page(viewport={"width": 1280, "height": 800}).page
    assert quickest(lambda: painted_ms(page, f"{address}/palace"), 600) < 600


def test_ten_thousand_memories_are_drawn_and_a_step_of_a_walk_takes_less_than_a_frame(
    open_page: Open, address: str, node: CompanionNode
) -> None:
    words = ("bread", "oven", "tram", "Lisbon", "guitar", "song", "garden", "rain", "train", "book")
    for start in range(0, 10_000, 1_000):
        node.companion.receive_many(
            "many",
            [
                NewMessage(id=f"{i}", text=f"{words[i // 97 % 10]} {words[i % 10]} {i}", at_us=i * 60_000_000)
                for i in range(start, start + 1_000)
            ],
        )
    assert node.enrichment.catch_up("many")
    page = open_page("many", viewport={"width": 1280, "height": 800}).page
    page.goto(f"{address}/palace")
    drawn(page)
    assert page.evaluate("() => document.querySelector('.space').data[0].x.length") == 10_000

    def median_step_ms() -> float:
        times = page.evaluate(
            "() => Array.from({length: 30}, (_, i) => { const begin = performance.now();"
            " document.querySelector('[data-palace]').dispatchEvent(new CustomEvent('palace:look',"
            " {detail: {at: [i / 10, 1, 1], lookAt: [0, 0, 0]}})); return performance.now() - begin; })"
        )
        return float(sorted(times)[15])

    assert quickest(median_step_ms, 16) < 16


def test_everything_is_forgotten_in_two_steps(open_page: Open, address: str, node: CompanionNode) -> None:
    node.companion.receive_many("gone", [NewMessage(id="1", text="hello", at_us=1)])
    page = open_page("gone", viewport={"width": 360, "height": 700}).page
    sure = page.get_by_role("button", name="Yes, destroy everything now")
    assert not sure.is_visible()
    page.get_by_text("Forget everything …").click()
    sure.click()
    page.wait_for_timeout(200)
    assert node.companion.extent("gone").count == 1
    page.get_by_label("to be sure").fill("forget")
    sure.click()
    page.get_by_role("heading", name="Everything is forgotten").wait_for()
    assert "gone" not in node.people.names("", 100)
