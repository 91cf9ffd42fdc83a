"""Claims about axe as a metric of the pages."""

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from homeostat.app.accessibility import check_pages, share_accessible
from homeostat.app.cli.main import build
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.web.app import create_app
from homeostat.companion.access.grant import PERSONS
from homeostat.companion.message import NewMessage
from homeostat.core.clock import DAY_NS, SECOND_NS, SystemClock
from homeostat.core.errors import InputError
from homeostat.core.query import FrameQuery
from homeostat.store.open import open_store
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode

CHROMIUM = os.environ.get("HOMEOSTAT_CHROMIUM", "/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"no Chromium at {CHROMIUM}")


@pytest.mark.browser
@pytest.mark.long
@needs_chromium
def test_axe_is_a_metric_of_the_pages(tmp_path: Path) -> None:
    node = SmallNode(token="let me in")
    store = str(tmp_path / "h.db")
    with served(create_app(node)) as address:
        pages = check_pages(address, "let me in")
        told = CliRunner().invoke(
            build(),
            [
                *("experience", "accessibility", f"{address}/metrics-catalogue"),
                *("--token", "let me in", "--store", store),
            ],
        )
    node.close()
    assert share_accessible(pages) == 1.0, pages
    assert {"/", "/experience", "/alerts"} <= {page.path for page in pages}
    assert told.exit_code == 0, told.output
    assert "pages without fault (100%)" in told.output
    kept = open_store(store)
    now_ns = SystemClock().now_ns()
    found = kept.read(FrameQuery(now_ns - DAY_NS, now_ns + DAY_NS, SECOND_NS, "experience.accessibility"))
    kept.close()
    assert [frame.last.tolist() for frame in found.values()] == [[1.0]]


@pytest.mark.browser
@pytest.mark.long
@needs_chromium
def test_a_page_with_a_fault_is_found_and_the_command_fails(tmp_path: Path) -> None:
    async def page(http: Request) -> Response:
        return HTMLResponse("<!doctype html><html><title>x</title><main><h1>x</h1><input></main></html>")

    with served(Starlette(routes=[Route("/", page)])) as address:
        told = CliRunner().invoke(build(), ["experience", "accessibility", address, "--store", "-", "--json"])
    assert told.exit_code == 1
    assert '"rule": "label"' in told.output
    assert '"rule": "html-has-lang"' in told.output


@pytest.mark.browser
@pytest.mark.long
@needs_chromium
def test_who_signs_in_has_all_pages_of_the_companion_checked_and_who_does_not_is_told(tmp_path: Path) -> None:
    node = CompanionNode(CompanionOptions(tmp_path / "companion"))
    node.companion.receive("ann", NewMessage(id="m1", text="hello", at_us=1_767_225_600_000_000))
    person, _ = node.access.issue(PERSONS, person="ann")
    service, _ = node.access.issue(PERSONS)
    with served(create_companion_app(node)) as address:
        pages = check_pages(address, person.text)
        for token, why in ((None, "give --token"), ("x", "not take this"), (service.text, "of one person")):
            with pytest.raises(InputError, match=why):
                check_pages(address, token)
    node.close()
    assert {page.path for page in pages} == {
        "/",
        "/palace",
        "/mirror",
        "/archaeology",
        "/dreams",
        "/experience",
    }
    assert share_accessible(pages) == 1.0, pages


def test_without_chromium_it_is_not_known_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEOSTAT_CHROMIUM", "/nowhere/chromium")
    told = CliRunner().invoke(build(), ["experience", "accessibility", "http://127.0.0.1:1"])
    assert told.exit_code == 3
    assert "not known" in told.output
