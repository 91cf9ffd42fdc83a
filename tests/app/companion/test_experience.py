"""Claims about people's experience at the companion: whose it is, what is counted, and how it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import PERSONS, Scope

Headers = dict[str, str]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[CompanionNode]:
    node = CompanionNode(CompanionOptions(tmp_path / "companion"))
    yield node
    node.close()


@pytest.fixture
def client(node: CompanionNode) -> Iterator[TestClient]:
    with TestClient(create_companion_app(node), base_url="http://127.0.0.1:4380") as client:
        yield client


def shown(node: CompanionNode, person: str | None, *scopes: Scope) -> Headers:
    usual = PERSONS if person is not None else frozenset(Scope)
    token, _ = node.access.issue(frozenset(scopes) or usual, person=person)
    return {"authorization": f"Bearer {token.text}"}


def test_a_persons_token_gives_their_own_feedback_and_a_services_that_of_whom_it_names(
    client: TestClient, node: CompanionNode
) -> None:
    ann, service = shown(node, "ann"), shown(node, None)
    assert client.post("/feedback", json={"rating": 7}, headers=ann).status_code == 201
    assert client.post("/feedback", json={"rating": 7, "user": "bob"}, headers=ann).status_code == 403
    assert client.post("/feedback", json={"rating": 7, "user": "bob"}, headers=service).status_code == 201
    assert client.post("/feedback", json={"rating": 7}).status_code == 401
    reader = shown(node, "ann", Scope.READ)
    assert client.post("/feedback", json={"rating": 7}, headers=reader).status_code == 403
    assert client.post("/feedback", json={"rating": 0}, headers=ann).status_code == 400
    node.homeostat.flush()
    assert (node.experience.held("ann"), node.experience.held("bob")) == (1, 1)


def test_what_people_do_counts_as_sessions_and_features(client: TestClient, node: CompanionNode) -> None:
    for person in ("a", "b", "c", "d", "e"):
        own = shown(node, person)
        client.post("/people/me/messages", json={"text": "hello"}, headers=own)
        client.get("/people/me/search?q=hello", headers=own)
    node.experience.close()
    node.homeostat.flush()
    found = node.experience.figures()
    assert (found.people, found.sessions, found.interactions) == (5, 5, 10)
    assert {f.feature for f in found.features} == {"messages", "search"}


def test_who_opts_out_is_served_as_before_and_not_counted(client: TestClient, node: CompanionNode) -> None:
    ann = shown(node, "ann")
    client.post("/people/me/messages", json={"text": "hello"}, headers=ann)
    assert client.post("/feedback", json={"opt_out": True}, headers=ann).json()["opted_out"]
    assert client.post("/people/me/messages", json={"text": "again"}, headers=ann).status_code == 201
    node.experience.close()
    node.homeostat.flush()
    assert node.experience.held("ann") == 0
    assert client.get("/feedback", headers=ann).json()["opted_out"]


def test_who_is_forgotten_is_forgotten_here_too(client: TestClient, node: CompanionNode) -> None:
    ann = shown(node, "ann")
    client.post("/people/me/messages", json={"text": "hello"}, headers=ann)
    client.post("/feedback", json={"rating": 7}, headers=ann)
    node.homeostat.flush()
    assert node.experience.held("ann") == 2
    assert client.delete("/people/me", headers=ann).status_code in (200, 204)
    node.homeostat.flush()
    assert node.experience.held("ann") == 0


def test_the_page_tells_what_is_kept_and_its_buttons_end_it(client: TestClient, node: CompanionNode) -> None:
    ann = shown(node, "ann")
    client.post("/feedback", json={"rating": 7}, headers=ann)
    node.homeostat.flush()
    page = client.get("/experience", headers=ann)
    assert page.status_code == 200
    assert "/feedback/widget.js" in page.text
    assert "anything that you write" in page.text
    done = client.post("/experience", data={"order": "out"}, headers=ann)
    assert "not counted" in done.text
    assert node.experience.opted_out("ann")
    assert "Do not count me" in client.post("/experience", data={"order": "in"}, headers=ann).text
    assert client.post("/experience", data={"order": "sing"}, headers=ann).status_code == 400
    reader = shown(node, "ann", Scope.READ)
    assert "may only read" in client.get("/experience", headers=reader).text
