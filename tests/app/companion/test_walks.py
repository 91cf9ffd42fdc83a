"""Walks over the API: begun with a token, watched by their id, resumed where they were."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from homeostat.app.companion.node import CompanionNode
from homeostat.companion.message import NewMessage
from homeostat.companion.palace.walk import FRAMES_A_SECOND

SAID = ("tulips and seeds", "invoice and tax", "violins in concert", "a volcano erupts")


def remember(node: CompanionNode, person: str) -> None:
    """Have a person say something, and the palace learn it."""
    with node.people.open(person, create=True) as memory:
        memory.messages.add(
            [NewMessage(id=f"m{i}", text=SAID[i // 16], at_us=i * 10_000_000_000) for i in range(64)]
        )
        assert not node.palace.catch_up(memory, 64)


def begun(service: TestClient, person: str = "ann", **body: Any) -> dict[str, Any]:
    """Begin a walk."""
    answer = service.post(f"/people/{person}/walks", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_walk_is_watched_by_its_id_and_goes_on_where_it_was(
    node: CompanionNode, service: TestClient
) -> None:
    remember(node, "ann")
    walk = begun(service)
    assert walk["frames_a_second"] == FRAMES_A_SECOND
    assert {"id", "name", "centre", "radius", "size", "kind"} <= set(walk["rooms"][0])
    with service.websocket_connect(f"/walks/{walk['id']}") as socket:
        frames = [json.loads(socket.receive_text()) for _ in range(6)]
        socket.send_json({"ack": frames[-1]["number"]})
        socket.receive_text()
    assert frames[0]["number"] == 0
    assert {"number", "at", "look_at", "room", "near"} == set(frames[0])
    with service.websocket_connect(f"/walks/{walk['id']}") as socket:
        assert json.loads(socket.receive_text())["number"] == frames[-1]["number"] + 1
    last = walk["frames"] - 1
    with service.websocket_connect(f"/walks/{walk['id']}?from={last}") as socket:
        assert json.loads(socket.receive_text())["number"] == last
        assert json.loads(socket.receive_text())["end"] == walk["frames"]


@pytest.mark.parametrize(("path", "code"), [("/walks/nobody-knows-it", 4404), ("/walks/x?from=-1", 4400)])
def test_what_is_no_walk_is_told_with_a_code(service: TestClient, path: str, code: int) -> None:
    with service.websocket_connect(path) as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == code


@pytest.mark.parametrize("text", ["hello", '{"ack": "x"}', '{"ack": 1, "more": 2}', "[" * 500, b"\0"])
def test_a_watcher_who_says_something_else_is_sent_away(
    node: CompanionNode, service: TestClient, text: str | bytes
) -> None:
    remember(node, "ann")
    with service.websocket_connect(f"/walks/{begun(service)['id']}") as socket:
        if isinstance(text, str):
            socket.send_text(text)
        else:
            socket.send_bytes(text)
        message = socket.receive()
        while message["type"] == "websocket.send":
            message = socket.receive()
    assert (message["type"], message["code"]) == ("websocket.close", 4400)


def test_who_has_no_token_begins_no_walk(node: CompanionNode, service: TestClient) -> None:
    remember(node, "ann")
    answer = service.post("/people/ann/walks", json={}, headers={"authorization": "Bearer no"})
    assert answer.status_code == 401
    assert service.post("/people/ann/walks", json={"rooms": ["cellar"]}).status_code == 422
    assert service.post("/people/nobody/walks", json={}).status_code == 404
