"""Claims about who may ask, and what a browser may do with the answer."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.testing.small_node import SmallNode

TOKEN = "correct-horse-battery"


@pytest.fixture
def locked() -> Iterator[TestClient]:
    node = SmallNode(token=TOKEN)
    with TestClient(create_app(node), base_url="http://metrics.example", follow_redirects=False) as client:
        yield client
    node.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.7:4318"])
def test_without_a_token_other_names_than_loopback_are_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/overview", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["remedy"]


@pytest.mark.parametrize("host", ["localhost:4318", "127.0.0.1", "[::1]:4318", "LOCALHOST"])
def test_loopback_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
    ],
)
def test_posts_from_pages_of_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/traces", content=b"", headers={"content-type": "application/json", **headers})
    assert answer.status_code == 403


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/api/overview", "/nowhere", "/healthz", "/static/0/live.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_pages_without_plots_allow_no_inline_styles(client: TestClient) -> None:
    assert "unsafe-inline" not in client.get("/spend").headers["content-security-policy"]


def test_with_a_token_nothing_but_health_and_assets_is_open(locked: TestClient) -> None:
    assert locked.get("/healthz").status_code == 200
    for path in ("/", "/api/overview", "/metrics", "/api/live", "/traces", "/nowhere"):
        answer = locked.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = locked.post("/v1/traces", content=b"{}", headers={"content-type": "application/json"})
    assert answer.status_code == 401


def test_the_bearer_token_lets_in_and_any_other_does_not(locked: TestClient) -> None:
    assert locked.get("/api/overview", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer", f"Basic {TOKEN}", "Bearer é"):
        answer = locked.get("/api/overview", headers={"authorization": wrong.encode("latin-1")})
        assert answer.status_code == 401
    senders = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    assert locked.post("/v1/traces", content=b"{}", headers=senders).status_code == 200


def test_a_browser_logs_in_once_and_the_token_is_in_no_address_and_no_cookie(locked: TestClient) -> None:
    answer = locked.get("/traces?range=1h", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Ftraces%3Frange%3D1h"
    assert locked.post("/login", data={"token": "wrong", "next": "/"}).status_code == 401
    answer = locked.post("/login", data={"token": TOKEN, "next": "/traces?range=1h"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/traces?range=1h")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert locked.get("/traces?range=1h").status_code == 200


def test_the_login_leads_to_no_other_site(locked: TestClient) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = locked.post("/login", data={"token": TOKEN, "next": target})
        assert answer.headers["location"] == "/"


def test_a_forged_cookie_does_not_let_in(locked: TestClient) -> None:
    for value in ("", "0" * 64, TOKEN, '"; x'):
        answer = locked.get("/api/overview", headers={"cookie": f"homeostat_session={value}"})
        assert answer.status_code == 401
