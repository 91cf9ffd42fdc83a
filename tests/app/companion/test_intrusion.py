"""Claims about intruders at the door: they are blocked for a time, and people in danger are heard."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.checks import state_of
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.companion.pages.sessions import COOKIE
from homeostat.companion.access.audit import Act
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.access.secret import new_token
from homeostat.companion.security.sentry import Sentry, Watch

AWAY, OFFICE = "198.51.100.7", "203.0.113.9"
DANGER = "I cannot go on, I want to kill myself"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "companion"


@pytest.fixture
def node(folder: Path) -> Iterator[CompanionNode]:
    """A companion whose limits are out of the way."""
    node = CompanionNode(CompanionOptions(folder))
    for limit in ("person", "service", "stranger"):
        node.homeostat.knob_set.pin(f"companion_{limit}_rate", 1e6)
    yield node
    node.close()


def bearer(node: CompanionNode, person: str | None) -> dict[str, str]:
    scopes = frozenset(Scope) if person is None else PERSONS
    return {"authorization": f"Bearer {node.access.issue(scopes, person=person)[0].text}"}


@contextmanager
def at(node: CompanionNode, address: str) -> Iterator[TestClient]:
    """A client at an address, while the application runs."""
    with TestClient(create_companion_app(node), client=(address, 5_000)) as client:
        yield client


def guess(client: TestClient, count: int) -> list[int]:
    tried = ({"authorization": f"Bearer {new_token().text}"} for _ in range(count))
    return [client.get("/people/me", headers=shown).status_code for shown in tried]


def test_who_guesses_is_turned_away_until_somebody_lets_them_in(node: CompanionNode, folder: Path) -> None:
    admin, ann = bearer(node, None), bearer(node, "ann")
    with at(node, AWAY) as client:
        assert client.post("/people/me/messages", json={"text": "hello"}, headers=ann).status_code == 201
        assert client.get("/people", headers=admin).status_code == 200
        assert guess(client, 25) == [401] * 20 + [429] * 5
        assert client.get("/people/me", headers=ann).status_code == 200  # was there before
        late = bearer(node, "ann")
        turned = client.get("/people/me", headers=late)
        assert turned.status_code == 429
        assert int(turned.headers["retry-after"]) > 800
        (block,) = state_of(node).blocks
        assert (block.kind, AWAY in block.whom) == ("guessing", False)
        command = ["companion", "unblock", block.whom, "--data", str(folder)]
        assert CliRunner().invoke(build(), command).exit_code == 0
        assert CliRunner().invoke(build(), command).exit_code == 2
        node.sentry.follow()
        assert client.get("/people/me", headers=late).status_code == 200
        assert client.delete("/security/blocks/nobody", headers=admin).status_code == 404
        assert client.delete("/security/blocks/nobody", headers=ann).status_code == 403
    acts = [entry.act for _, entry in node.audit.entries()]
    assert acts.count(Act.BLOCKED) == acts.count(Act.UNBLOCKED) == 1


def test_a_token_that_tries_other_people_is_blocked_and_its_person_in_danger_is_heard(
    node: CompanionNode,
) -> None:
    ann, admin = bearer(node, "ann"), bearer(node, None)
    with at(node, OFFICE) as client:
        tried = [client.get(f"/people/person{n}", headers=ann).status_code for n in range(12)]
        assert tried == [403] * 10 + [429] * 2
        said = client.post("/people/me/messages", json={"text": "hello"}, headers=ann)
        assert said.status_code == 429
        danger = client.post("/people/me/messages", json={"text": DANGER}, headers=ann)
        assert danger.status_code == 202
        assert danger.json()["crisis"]["help"]
        (block,) = client.get("/security", headers=admin).json()["blocks"]  # at the same address
        assert client.delete(f"/security/blocks/{block['whom']}", headers=admin).status_code == 204
        assert client.post("/people/me/messages", json={"text": "hello"}, headers=ann).status_code == 201


def test_somebody_in_danger_at_a_blocked_address_is_heard(node: CompanionNode) -> None:
    with at(node, AWAY) as client:
        guess(client, 20)
        ann = bearer(node, "ann")
        assert client.post("/people/me/messages", json={"text": "hello"}, headers=ann).status_code == 429
        assert client.post("/people/me/messages", json={"text": DANGER}, headers=ann).status_code == 202


def test_a_service_that_tries_many_names_is_blocked_elsewhere_and_never_here(node: CompanionNode) -> None:
    node.sentry = node.door._sentry = Sentry(
        node.homeostat, node.cabinet.drawers, node.audit, b"addresses", Watch(unknown=30)
    )
    service = bearer(node, None)
    for address, status in (("127.0.0.1", 404), (AWAY, 429)):
        with at(node, address) as client:
            for number in range(30):
                client.get(f"/people/nobody{number}", headers=service)
            assert client.get("/people/nobody", headers=service).status_code == status


def test_who_tries_many_names_on_the_pages_is_blocked_as_well(node: CompanionNode) -> None:
    node.sentry = node.door._sentry = Sentry(
        node.homeostat, node.cabinet.drawers, node.audit, b"addresses", Watch(unknown=30)
    )
    token = node.access.issue(frozenset(Scope))[0].text
    with at(node, AWAY) as client:
        for number in range(31):
            client.cookies.set(COOKIE, node.sessions.seal(token, f"nobody{number}"))
            answer = client.get("/dreams")
            assert answer.status_code == (200 if number < 30 else 429)
            client.cookies.clear()


def test_refusals_are_counted_by_their_reason_and_the_time_of_a_block_is_measured(
    node: CompanionNode,
) -> None:
    registry = node.homeostat.registry
    ann = bearer(node, "ann")
    with at(node, AWAY) as client:
        client.post("/people/me/messages", json={"text": "hello"}, headers=ann)
        guess(client, 20)
        client.cookies.set("companion_session", "nonsense")
        client.get("/people/me", headers={"authorization": ""})
        client.get("/people/me")
    node.homeostat.flush()
    counted = {
        outcome: registry.snapshot("security.admissions", {"outcome": outcome}).total
        for outcome in ("admitted", "unknown")
    }
    assert counted == {"admitted": 1, "unknown": 20}
    assert registry.snapshot("security.sessions", {"outcome": "unreadable"}).total == 1
    assert registry.snapshot("security.turned_away", {}).total == 2
    assert registry.snapshot("security.response", {}).count == 1
