"""Each route of the companion against each scope: who may not is turned away, whatever else they may."""

import re
from collections.abc import Iterator

import pytest
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.companion.pages.sessions import COOKIE
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.message import NewMessage

READ, WRITE, EXPORT, FORGET, ADMIN = Scope
PERSON = "/people/{person}"

API: dict[tuple[str, str], Scope] = {
    ("GET", PERSON): READ,
    ("DELETE", PERSON): FORGET,
    ("POST", f"{PERSON}/messages"): WRITE,
    ("GET", f"{PERSON}/messages"): READ,
    ("POST", f"{PERSON}/messages/bulk"): WRITE,
    ("PATCH", f"{PERSON}/messages/{{id}}"): WRITE,
    ("DELETE", f"{PERSON}/messages/{{id}}"): FORGET,
    ("GET", f"{PERSON}/messages/{{id}}"): READ,
    ("GET", f"{PERSON}/search"): READ,
    ("GET", f"{PERSON}/palace/rooms"): READ,
    ("GET", f"{PERSON}/palace/memories"): READ,
    ("GET", f"{PERSON}/palace/near"): READ,
    ("GET", f"{PERSON}/palace/box"): READ,
    ("GET", f"{PERSON}/palace/tiers"): READ,
    ("POST", f"{PERSON}/walks"): READ,
    ("GET", f"{PERSON}/archaeology/gaps"): READ,
    ("GET", f"{PERSON}/archaeology/patterns"): READ,
    ("GET", f"{PERSON}/archaeology/reconstruction"): READ,
    ("GET", f"{PERSON}/mirror"): READ,
    ("PUT", f"{PERSON}/mirror"): WRITE,
    ("POST", f"{PERSON}/mirror/corrections"): WRITE,
    ("POST", f"{PERSON}/mirror/replies"): READ,
    ("POST", f"{PERSON}/mirror/reply"): READ,
    ("POST", f"{PERSON}/mirror/same-author"): READ,
    ("POST", f"{PERSON}/mirror/decisions"): WRITE,
    ("POST", f"{PERSON}/mirror/foretold"): READ,
    ("GET", f"{PERSON}/dreams"): READ,
    ("POST", f"{PERSON}/dreams"): WRITE,
    ("GET", f"{PERSON}/dreams/wishes"): READ,
    ("PUT", f"{PERSON}/dreams/wishes"): WRITE,
    ("GET", f"{PERSON}/dreams/now"): READ,
    ("POST", f"{PERSON}/dreams/now"): WRITE,
    ("DELETE", f"{PERSON}/dreams/now"): WRITE,
    ("DELETE", f"{PERSON}/dreams/{{name}}"): FORGET,
    ("GET", f"{PERSON}/dreams/{{name}}/scenes/{{number}}/speech"): READ,
    ("GET", f"{PERSON}/dreams/{{name}}/scenes/{{number}}/picture"): READ,
    ("GET", f"{PERSON}/export"): EXPORT,
    ("POST", f"{PERSON}/import"): WRITE,
    ("GET", "/people"): ADMIN,
    ("GET", "/tokens"): ADMIN,
    ("POST", "/tokens"): ADMIN,
    ("DELETE", "/tokens/{id}"): ADMIN,
    ("GET", "/flags"): ADMIN,
    ("PUT", "/flags/{name}"): ADMIN,
    ("GET", "/audit"): ADMIN,
    ("GET", "/reviews"): ADMIN,
    ("POST", "/reviews/{id}"): ADMIN,
    ("GET", "/security"): ADMIN,
    ("DELETE", "/security/blocks/{whom}"): ADMIN,
    ("GET", "/feedback"): WRITE,
    ("POST", "/feedback"): WRITE,
    ("DELETE", "/feedback"): WRITE,
}

PAGES: dict[tuple[str, str], Scope] = {
    ("GET", "/"): READ,
    ("POST", "/forget"): FORGET,
    ("GET", "/palace"): READ,
    ("GET", "/palace/points"): READ,
    ("GET", "/mirror"): READ,
    ("POST", "/mirror/switch"): WRITE,
    ("POST", "/mirror/correction"): WRITE,
    ("POST", "/mirror/replies"): READ,
    ("GET", "/archaeology"): READ,
    ("GET", "/dreams"): READ,
    ("POST", "/dreams/wishes"): WRITE,
    ("POST", "/dreams/forgotten"): FORGET,
    ("GET", "/experience"): READ,
    ("POST", "/experience"): WRITE,
    ("GET", "/review"): ADMIN,
    ("POST", "/review"): ADMIN,
}

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/person"),
    ("POST", "/person"),
    ("GET", "/static/{digest}/{name}"),
    ("GET", "/feedback/widget.js"),
}
"""What anybody may ask for: nothing of it is about a person."""

SOCKETS = {"/walks/{id}"}
"""Whose key is the id."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompanionNode]:
    """A companion for all of these."""
    node = CompanionNode(CompanionOptions(tmp_path_factory.mktemp("companion")))
    yield node
    node.close()


@pytest.fixture(scope="module")
def client(node: CompanionNode) -> Iterator[TestClient]:
    """A client without a token, and ann who has said something."""
    for limit in ("person", "service", "stranger"):
        node.homeostat.knob_set.pin(f"companion_{limit}_rate", 1e6)
    with TestClient(create_companion_app(node), follow_redirects=False) as client:
        yield client


def remember(node: CompanionNode) -> None:
    """Have ann say something, unless it is kept already."""
    node.companion.receive_many("ann", [NewMessage(id="m1", text="My sister moved to Lisbon", at_us=1)])


def bearer(node: CompanionNode, scopes: frozenset[Scope], person: str | None = None) -> dict[str, str]:
    """Return what shows a token."""
    return {"authorization": f"Bearer {node.access.issue(scopes, person=person)[0].text}"}


def address(path: str) -> str:
    """Return an address of a route."""
    return re.sub(r"{\w+(:\w+)?}", "m1", path.replace("{person}", "ann"))


def test_the_tables_name_every_route_once(node: CompanionNode) -> None:
    found, sockets = [], set()
    for route in create_companion_app(node).routes:
        if isinstance(route, Route):
            path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path)
            found += [(method, path) for method in (route.methods or set()) - {"HEAD", "OPTIONS"}]
        else:
            assert isinstance(route, WebSocketRoute)
            sockets.add(route.path)
    assert sorted(found) == sorted([*API, *PAGES, *OPEN])
    assert sockets == SOCKETS


@pytest.mark.parametrize(("asked", "scope"), API.items(), ids=str)
def test_the_api_lets_in_who_has_its_scope_and_nobody_else(
    client: TestClient, node: CompanionNode, asked: tuple[str, str], scope: Scope
) -> None:
    method, path = asked[0], address(asked[1])
    body = b'{"rating": 5}' if path == "/feedback" else b"{}"
    remember(node)
    client.cookies.clear()

    def status(shown: dict[str, str]) -> int:
        return client.request(method, path, headers=shown, content=body).status_code

    assert status({}) == 401
    assert status(bearer(node, frozenset(Scope) - {scope})) == 403
    assert status(bearer(node, frozenset({scope}))) not in (401, 403)
    if scope is not ADMIN:
        remember(node)
        other = status(bearer(node, PERSONS, "bob"))
        assert (other == 403) == ("{person}" in asked[1])


@pytest.mark.parametrize(("asked", "scope"), PAGES.items(), ids=str)
def test_a_page_lets_in_who_has_its_scope_and_nobody_else(
    client: TestClient, node: CompanionNode, asked: tuple[str, str], scope: Scope
) -> None:
    method, path = asked
    remember(node)

    def status(scopes: frozenset[Scope] | None) -> int:
        client.cookies.clear()
        if scopes is not None:
            token = node.access.issue(scopes)[0].text
            client.cookies.set(COOKIE, node.sessions.seal(token, "ann"))
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = client.request(method, path, headers=form, content=b"")
        return 401 if answer.headers.get("location", "").startswith("/login") else answer.status_code

    assert status(None) == 401
    assert status(frozenset(Scope) - {scope}) == 403
    assert status(frozenset({scope})) not in (401, 403)
