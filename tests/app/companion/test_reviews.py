"""Claims about the guard in the companion: what it holds waits for people of administration."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope

CARD = "My card is 4111 1111 1111 1111, <b>keep</b> it."


@pytest.fixture(params=[False, True], ids=["without words", "with words"])
def texts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def node(tmp_path: Path, texts: bool) -> Iterator[CompanionNode]:
    node = CompanionNode(CompanionOptions(tmp_path / "companion", review_texts=texts))
    yield node
    node.close()


@pytest.fixture
def client(node: CompanionNode) -> Iterator[TestClient]:
    token, _ = node.access.issue(frozenset(Scope))
    headers = {"authorization": f"Bearer {token.text}"}
    with TestClient(create_companion_app(node), headers=headers) as client:
        yield client


def hold(node: CompanionNode, person: str = "ann") -> None:
    assert not node.guarding.check(CARD, person=person, place="mirror", language="en").allowed


def test_what_waits_is_told_with_its_words_only_where_they_are_kept(
    client: TestClient, node: CompanionNode, texts: bool
) -> None:
    hold(node)
    found = client.get("/reviews").json()
    assert (found["waiting"], found["decided"]) == (1, 0)
    (review,) = found["reviews"]
    assert (review["category"], review["action"], review["place"]) == ("personal", "soften", "mirror")
    assert review["text"] == (CARD if texts else "")
    assert "ann" not in str(review)


def test_a_decision_is_kept_noted_and_becomes_a_figure(client: TestClient, node: CompanionNode) -> None:
    hold(node)
    (review,) = client.get("/reviews").json()["reviews"]
    said = {"verdict": "wrong", "action": "allow"}
    assert client.post(f"/reviews/{review['id']}", json=said).json()["said"]["action"] == "allow"
    found = client.get("/reviews").json()
    assert (found["reviews"], found["decided"]) == ([], 1)
    overall = found["accuracy"]["reviewed"][0]
    assert (overall["held_rightly"]["value"], overall["held_rightly"]["n"]) == (0.0, 1)
    noted = client.get("/audit").json()["entries"][-1]
    assert (noted["act"], noted["about"]) == ("guard.reviewed", review["id"])


@pytest.mark.parametrize(
    ("id", "body", "status"),
    [
        ("none", {"verdict": "right"}, 404),
        ("", {"verdict": "right", "action": "block"}, 422),
        ("", {"verdict": "perhaps"}, 422),
        ("", {"verdict": "wrong", "category": "cats"}, 422),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(
    client: TestClient, node: CompanionNode, id: str, body: dict[str, str], status: int
) -> None:
    hold(node)
    (review,) = client.get("/reviews").json()["reviews"]
    assert client.post(f"/reviews/{id or review['id']}", json=body).status_code == status


def test_who_is_forgotten_leaves_no_review(client: TestClient, node: CompanionNode) -> None:
    client.post("/people/ann/messages", json={"text": "hello"})
    hold(node)
    hold(node, "bob")
    assert client.delete("/people/ann").status_code == 204
    assert client.get("/reviews").json()["waiting"] == 1


def test_the_page_shows_one_escaped_and_takes_a_decision(
    client: TestClient, node: CompanionNode, texts: bool
) -> None:
    client.post("/people/ann/messages", json={"text": "hello"})
    hold(node)
    token, _ = node.access.issue(frozenset(Scope))
    del client.headers["authorization"]
    client.post("/login", data={"token": token.text, "person": "ann"})
    client.post("/person", data={"person": "ann"})
    page = client.get("/review").text
    assert "Was the guard right?" in page
    assert ("&lt;b&gt;keep" in page) == texts
    assert "<b>keep" not in page
    ((waiting),) = node.guarding.reviews.waiting()  # type: ignore[union-attr]
    answer = client.post("/review", data={"id": waiting.id, "verdict": "right"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    page = client.get("/review").text
    assert "Nothing waits for you" in page
    assert "personal: held rightly" in page
    assert client.post("/review", data={"id": waiting.id, "verdict": "no"}).status_code == 400


def test_administration_is_about_nobody_and_no_persons_visit(client: TestClient, node: CompanionNode) -> None:
    hold(node)
    token, _ = node.access.issue(frozenset({Scope.ADMIN, Scope.READ}))
    del client.headers["authorization"]
    client.post("/login", data={"token": token.text})
    assert "Was the guard right?" in client.get("/review").text
    client.post("/person", data={"person": "ann"}, follow_redirects=False)
    assert "Was the guard right?" in client.get("/review").text
    node.experience.close()
    node.homeostat.flush()
    assert node.experience.held("ann") == 0


def test_a_person_sees_neither_page_nor_queue(client: TestClient, node: CompanionNode) -> None:
    client.post("/people/ann/messages", json={"text": "hello"})
    token, _ = node.access.issue(frozenset({Scope.READ, Scope.WRITE}), person="ann")
    header = {"authorization": f"Bearer {token.text}"}
    assert client.get("/reviews", headers=header).status_code == 403
    assert client.post("/reviews/x", json={"verdict": "right"}, headers=header).status_code == 403
    del client.headers["authorization"]
    client.post("/login", data={"token": token.text})
    assert client.get("/review").status_code == 403
    assert 'href="/review"' not in client.get("/").text
