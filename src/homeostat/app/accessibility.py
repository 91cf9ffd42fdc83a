"""Accessibility: axe-core over the pages of a running server, in Chromium, light and dark, small and large.

Where there is no Chromium the share of accessible pages is not known, and that is said.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from homeostat.core.errors import InputError, NotAvailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_VARIABLE = "HOMEOSTAT_CHROMIUM"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SCHEMES = ("light", "dark")
WIDTHS = (360, 1_280)
PAGES_MAX = 60
TIMEOUT_MS = 20_000
ASKED = "form[action='/login'] input[name=token]"
WHOSE = "form[action='/person']"
"""Where our servers ask for a token; where the companion asks a service for a person."""

NEEDED = "pip install 'homeostat[accessibility]'"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that axe found on a page: its rule, how grave it is, where it stands, and how it was seen."""

    rule: str
    impact: str
    target: str
    seen: str


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """A page and what is to be mended on it."""

    path: str
    faults: tuple[Fault, ...]


def share_accessible(pages: tuple[CheckedPage, ...]) -> float:
    """Return the share of pages on which nothing was found.

    >>> fault = Fault("label", "serious", "input", "light")
    >>> share_accessible((CheckedPage("/", ()), CheckedPage("/a", (fault,))))
    0.5
    """
    return sum(not page.faults for page in pages) / len(pages)


def check_pages(address: str, token: str | None = None) -> tuple[CheckedPage, ...]:
    """Check a server's page, and all that the links of its header lead to, by axe-core.

    A page counts as accessible where nothing is found in light and dark, at 360 and at 1,280 pixels. A token
    is put into the form that asks for one, as a person does; InputError says what is needed. Raises
    NotAvailable without Chromium, playwright or axe-core: then it is not known.
    """
    with _browser() as (browser, axe):
        found: dict[str, list[Fault]] = {}
        for scheme in SCHEMES:
            for width in WIDTHS:
                context = browser.new_context(
                    viewport={"width": width, "height": 800},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                context.set_default_timeout(TIMEOUT_MS)
                page = context.new_page()
                _sign_in(page, address, token)
                for path in _paths(page, address):
                    faults = found.setdefault(path, [])
                    faults.extend(_faults(page, urljoin(address, path), axe, f"{scheme}, {width} px"))
                context.close()
    return tuple(CheckedPage(path, tuple(faults)) for path, faults in found.items())


@contextmanager
def _browser() -> Iterator[tuple["Browser", str]]:
    """Start Chromium; yield it with the source of axe-core."""
    spec = find_spec("axe_core_python")
    if spec is None or not spec.submodule_search_locations or find_spec("playwright") is None:
        raise NotAvailable(f"accessibility is not known: it needs axe-core and playwright ({NEEDED})")
    axe = Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")
    chromium = os.environ.get(CHROMIUM_VARIABLE, CHROMIUM)
    if not Path(chromium).exists():
        raise NotAvailable(
            f"accessibility is not known: there is no Chromium at {chromium}; {CHROMIUM_VARIABLE} names one"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield browser, axe
        finally:
            browser.close()


def _paths(page: "Page", address: str) -> list[str]:
    """Return the page at an address and what its header leads to on the same server, in order."""
    _open(page, address)
    links: list[str] = page.eval_on_selector_all("header nav a", "links => links.map(a => a.href)")
    own = urlsplit(page.url)
    paths = [own.path or "/"]
    paths += [urlsplit(link).path for link in links if urlsplit(link).netloc == own.netloc]
    return list(dict.fromkeys(paths))[:PAGES_MAX]


def _sign_in(page: "Page", address: str, token: str | None) -> None:
    """Give the token where it is asked for; what opens without one needs none."""
    _load(page, address)
    if not page.locator(ASKED).count():
        return
    if token is None:
        raise InputError(f"{address} asks for a token: give --token")
    page.fill(ASKED, token)
    with page.expect_navigation(wait_until="load"):
        page.press(ASKED, "Enter")
    if page.locator(ASKED).count():
        raise InputError(f"{address} does not take this token")
    if page.locator(WHOSE).count():
        raise InputError(f"{address} asks whose pages: give the token of one person")


def _open(page: "Page", url: str) -> None:
    status = _load(page, url)
    if status >= 400:
        raise InputError(f"{url} answered {status}")


def _load(page: "Page", url: str) -> int:
    from playwright.sync_api import Error

    try:
        answer = page.goto(url, wait_until="load")
    except Error as error:
        raise NotAvailable(f"{url} cannot be opened: {error.message.splitlines()[0]}") from None
    return 404 if answer is None else answer.status


def _faults(page: "Page", url: str, axe: str, seen: str) -> list[Fault]:
    _open(page, url)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(r => JSON.stringify(r.violations))")
    return [
        Fault(one["id"], one["impact"] or "minor", " ".join(map(str, node["target"])), seen)
        for one in json.loads(found)
        for node in one["nodes"]
    ]
