"""Claims about signing in: no address has the token, the cookie is sealed, other sites change nothing."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.sessions import COOKIE, LASTS_S, Sessions
from homeostat.companion.access.grant import Scope
from homeostat.companion.store.keys import MasterKey
from homeostat.testing.clock import ManualClock

TokenOf = Callable[..., str]
PAGES = ("/", "/palace", "/mirror", "/archaeology", "/dreams")


def test_a_sealed_session_opens_with_its_key_alone_unchanged_and_for_a_week() -> None:
    clock = ManualClock()
    master = MasterKey.made()
    sealed = Sessions(master, clock).seal("hsc_token", "ann")
    found = Sessions(master, clock).open(sealed)
    assert found is not None
    assert (found.token, found.person) == ("hsc_token", "ann")
    assert "hsc_token" not in sealed
    assert Sessions(MasterKey.made(), clock).open(sealed) is None
    for at in range(0, len(sealed) - 2, 7):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        assert Sessions(master, clock).open(changed) is None
    for nonsense in ("", "x", "é" * 40, "=" * 40, "A" * 10_000):
        assert Sessions(master, clock).open(nonsense) is None
    clock.advance(LASTS_S)
    assert Sessions(master, clock).open(sealed) is None


def test_without_a_session_each_page_asks_for_the_token_and_goes_back_to_where_one_was(
    browser: TestClient, token_of: TokenOf
) -> None:
    for path in PAGES:
        answer = browser.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"][:12]) == (303, "/login?next=")
    form = browser.get("/palace?q=bread")
    assert 'value="/palace?q=bread"' in form.text
    answer = browser.post(
        "/login", data={"token": token_of(), "next": "/palace?q=bread"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/palace?q=bread"


def test_the_cookie_is_for_this_site_and_no_script_and_does_not_show_the_token(
    browser: TestClient, token_of: TokenOf
) -> None:
    token = token_of()
    answer = browser.post("/login", data={"token": token}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert token not in cookie
    assert token not in answer.headers["location"]
    secure = browser.post("https://testserver/login", data={"token": token}, follow_redirects=False)
    assert "Secure" in secure.headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "hsc_0000000000000000_" + "x" * 43, "é" * 50, "x" * 5_000])
def test_a_wrong_token_is_refused_in_words_and_leaves_no_cookie(browser: TestClient, token: str) -> None:
    answer = browser.post("/login", data={"token": token})
    assert answer.status_code == 401
    assert "no token that holds" in answer.text
    assert COOKIE not in answer.cookies


def test_nobody_is_sent_to_another_site_after_signing_in(browser: TestClient, token_of: TokenOf) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = browser.post("/login", data={"token": token_of(), "next": target}, follow_redirects=False)
        assert answer.headers["location"] == "/"


def test_what_another_site_sends_with_the_cookie_changes_nothing(
    ann: TestClient, node: CompanionNode
) -> None:
    changes = {
        "/mirror/switch": {"on": "false"},
        "/mirror/correction": {"aspect": "mood", "value": "sad"},
        "/forget": {"sure": "forget"},
        "/people/me/messages": {},
        "/login": {"token": "x"},
    }
    for path, form in changes.items():
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert ann.post(path, data=form, headers=headers).status_code == 403
    assert ann.delete("/people/me", headers={"sec-fetch-site": "same-site"}).status_code == 403
    assert node.companion.extent("ann").count == 641
    with node.people.open("ann") as memory:
        assert not node.mirror.is_off(memory)


def test_a_cookie_speaks_for_its_token_alone_and_not_beside_another_one(
    ann: TestClient, token_of: TokenOf
) -> None:
    assert ann.get("/people/me").json()["messages"] == 641
    assert ann.get("/people/zoe").status_code == 403
    assert ann.get("/tokens").status_code == 403
    assert ann.get("/people/me", headers={"authorization": "Bearer wrong"}).status_code == 401
    other = {"authorization": f"Bearer {token_of('zoe')}"}
    assert ann.get("/people/ann", headers=other).status_code == 403


def test_who_signs_out_or_whose_token_is_taken_back_sees_nothing_any_more(
    browser: TestClient, node: CompanionNode
) -> None:
    token, grant = node.access.issue(frozenset({Scope.READ}), person="ann")
    browser.post("/login", data={"token": token.text})
    assert browser.get("/", follow_redirects=False).status_code == 200
    node.access.revoke(grant.id)
    assert browser.get("/", follow_redirects=False).headers["location"].startswith("/login")
    browser.post("/login", data={"token": node.access.issue(frozenset({Scope.READ}), person="ann")[0].text})
    left = browser.post("/logout", follow_redirects=False)
    assert left.headers["location"] == "/login"
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_a_service_names_the_person_and_no_address_does(browser: TestClient, token_of: TokenOf) -> None:
    browser.post("/login", data={"token": token_of(None)})
    assert browser.get("/palace", follow_redirects=False).headers["location"] == "/person"
    answer = browser.post("/person", data={"person": "ann"}, follow_redirects=False)
    assert answer.headers["location"] == "/"
    page = browser.get("/palace")
    assert "641 memories" in page.text
    assert 'data-walk="/people/ann/walks"' in page.text
    wrong = browser.post("/person", data={"person": ""})
    assert (wrong.status_code, "is empty" in wrong.text) == (400, True)


def test_a_token_without_the_scope_gets_no_button_and_no_deed(
    browser: TestClient, token_of: TokenOf, node: CompanionNode
) -> None:
    browser.post("/login", data={"token": token_of("ann", Scope.READ)})
    page = browser.get("/").text
    assert "Export everything" not in page
    assert "destroy everything" not in page
    assert "/mirror/switch" not in browser.get("/mirror").text
    assert browser.post("/forget", data={"sure": "forget"}).status_code == 403
    assert browser.post("/mirror/switch", data={"on": "false"}).status_code == 403
    assert node.companion.extent("ann").count == 641


def test_pages_are_kept_by_no_cache_and_run_no_script_but_their_own(ann: TestClient) -> None:
    for path in PAGES:
        headers = ann.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "script-src 'self';" in headers["content-security-policy"]
        assert ("'unsafe-inline'" in headers["content-security-policy"]) == (path == "/palace")
        assert headers["x-frame-options"] == "DENY"
