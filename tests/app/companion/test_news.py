"""Claims about what servers of a companion tell each other: who was forgotten, what was changed."""

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope
from homeostat.companion.flags import Setting
from homeostat.companion.palace.views import Kind, Room
from homeostat.companion.palace.walk import Walk
from homeostat.companion.store.keys import KEY_VARIABLE
from homeostat.testing.eventually import until

ROOM = Room("r", Kind.TOPIC, "room", (0.0, 0.0, 0.0), 1.0, 3)


def client(node: CompanionNode) -> TestClient:
    """Return a client that may do everything."""
    token = node.access.issue(frozenset(Scope))[0].text
    return TestClient(create_companion_app(node), headers={"authorization": f"Bearer {token}"})


def walking(node: CompanionNode, person: str) -> None:
    """Have a person be on a walk, and held in memory."""
    walk = Walk([ROOM], np.array([1], np.int64), np.zeros((1, 3), np.float32))
    node.walks.begin(person, walk)
    node.residents.put(person, "index", [1], size_bytes=10)


def test_who_is_forgotten_by_a_command_is_on_no_walk_of_the_server_any_more(
    node: CompanionNode, service: TestClient
) -> None:
    for person in ("ann", "bob"):
        service.post(f"/people/{person}/messages", json={"text": "the tide was out", "id": "1"})
        walking(node, person)
    command = CompanionNode(CompanionOptions(node.options.folder))
    assert command.forget("ann", "command")
    command.close()
    until(lambda: len(node.walks) == 1)
    assert node.residents.get("ann", "index", list) is None
    assert node.residents.get("bob", "index", list) == [1]


def test_what_was_learned_of_an_edited_or_removed_message_is_learned_anew(
    node: CompanionNode, service: TestClient
) -> None:
    service.post("/people/ann/messages", json={"text": "the tide was out", "id": "1"})
    service.post("/people/ann/messages", json={"text": "and in again", "id": "2"})

    def taken() -> float:
        found = node.homeostat.snapshot("bus.outcomes", subscriber="enrichment", outcome="ok")
        return found.total if found.count else 0.0

    assert service.patch("/people/ann/messages/1", json={"text": "the tide was in"}).status_code == 200
    until(lambda: taken() == 1)
    assert service.delete("/people/ann/messages/2").status_code == 204
    until(lambda: taken() == 2)


def test_a_flag_that_a_command_sets_is_read_by_the_server_when_it_is_told(
    node: CompanionNode, service: TestClient
) -> None:
    assert node.flags.on("mirror", "ann")
    command = CompanionNode(CompanionOptions(node.options.folder))
    command.flags.set("mirror", Setting(killed=True))
    command.close()
    until(lambda: node.homeostat.snapshot("state.sync", state="flag").count == 1)
    assert not node.flags.on("mirror", "ann")


def test_servers_before_the_same_people_forget_together(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "ab" * 32)
    people = str(tmp_path / "people")
    one, other = (
        CompanionNode(CompanionOptions(tmp_path / name, store=people, bus=redis_url))
        for name in ("one", "other")
    )
    with client(one) as service, client(other) as elsewhere:
        service.post("/people/ann/messages", json={"text": "the tide was out", "id": "1"})
        assert elsewhere.get("/people/ann").status_code == 200
        walking(other, "ann")
        assert service.delete("/people/ann").status_code == 204
        until(lambda: len(other.walks) == 0)
        assert other.residents.get("ann", "index", list) is None
    one.close()
    other.close()
