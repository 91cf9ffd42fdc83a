"""Who may be in danger is heard before anything else; what follows is done, and noted."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion import threads
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.crisis_hook import crisis_hook
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.access import Access
from homeostat.companion.access.audit import Act
from homeostat.companion.access.grant import Scope
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.companion.crisis_desk import CrisisDesk, Heard
from homeostat.companion.dream.session import Ended
from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.crisis import Kind
from homeostat.testing.bare_host import BareHost
from homeostat.testing.eventually import WITHIN_S
from homeostat.testing.notice_receiver import NoticeReceiver

DANGER = "I cannot go on, I want to kill myself"


@pytest.fixture
def receiver() -> Iterator[NoticeReceiver]:
    """The operator's server."""
    with NoticeReceiver() as receiver:
        yield receiver


@pytest.fixture
def watched(tmp_path: Path, receiver: NoticeReceiver) -> Iterator[CompanionNode]:
    """A companion that tells it."""
    node = CompanionNode(CompanionOptions(tmp_path / "companion", crisis_hook=receiver.url))
    yield node
    node.close()


def client_of(node: CompanionNode) -> TestClient:
    token, _ = node.access.issue(frozenset(Scope))
    return TestClient(create_companion_app(node), headers={"authorization": f"Bearer {token.text}"})


def acts(node: CompanionNode) -> list[tuple[Act, str]]:
    return [(entry.act, entry.about) for _, entry in node.audit.entries()]


def test_help_comes_at_once_the_message_is_kept_the_hook_is_told_and_all_is_noted(
    watched: CompanionNode, receiver: NoticeReceiver
) -> None:
    with client_of(watched) as client:
        answer = client.post("/people/ann/messages", json={"id": "m1", "text": DANGER})
        assert answer.status_code == 202
        crisis = answer.json()["crisis"]
        assert crisis["kind"] == "suicide"
        assert "988" in crisis["help"]
        assert receiver.wait_for(1)
        kept = client.get("/people/ann/messages/m1")
        assert kept.json()["text"] == DANGER
    assert {key: receiver.bodies[0][key] for key in ("person", "kind")} == {
        "person": "ann",
        "kind": "suicide",
    }
    assert DANGER not in str(receiver.bodies)
    assert (Act.CRISIS, "suicide") in acts(watched)
    assert (Act.CRISIS_TOLD, "yes") in acts(watched)
    assert watched.homeostat.snapshot("companion.crisis.duration").count == 1


def test_a_dream_under_way_ends_and_who_watches_it_is_told(watched: CompanionNode) -> None:
    session = watched.dreams.begin("ann")

    async def seen() -> list[object]:
        return [event async for event in session.watch()]

    with client_of(watched) as client:
        assert client.portal is not None
        watching = client.portal.start_task_soon(seen)
        assert client.post("/people/ann/messages", json={"text": DANGER}).status_code == 202
        (end,) = watching.result(60.0)
    assert isinstance(end, Ended)
    assert end.how == "stopped"
    assert not watched.dreams.dreaming("ann")


def test_what_others_said_is_no_cry_for_help(watched: CompanionNode) -> None:
    with client_of(watched) as client:
        told = {"text": DANGER, "own": False, "author": "a friend"}
        assert client.post("/people/ann/messages", json=told).status_code == 201
        assert client.post("/people/ann/messages", json={"text": "good morning"}).status_code == 201
    assert Act.CRISIS not in [act for act, _ in acts(watched)]


def test_neither_a_rate_limit_nor_busy_threads_keep_help_away(watched: CompanionNode) -> None:
    go = threading.Event()
    token, _ = watched.access.issue(frozenset((Scope.WRITE,)), person="ann")
    with client_of(watched) as client:
        assert client.portal is not None
        for _ in range(40):
            client.portal.start_task_soon(watched.threads.run, go.wait, WITHIN_S)
            client.portal.start_task_soon(watched.threads.run_for, "ann", go.wait, WITHIN_S)
        try:
            statuses = [
                client.post(
                    "/people/me/messages",
                    json={"id": f"m{number}", "text": DANGER},
                    headers={"authorization": f"Bearer {token.text}"},
                ).status_code
                for number in range(60)
            ]
        finally:
            go.set()
    assert statuses == [202] * 60
    assert watched.companion.extent("ann").count == 60


def test_who_writes_the_audit_keeps_nobody_from_help_whose_token_has_to_be_read(
    watched: CompanionNode,
) -> None:
    elsewhere = Access(watched.cabinet.drawers, watched.audit, watched.clock)
    token, _ = elsewhere.issue(frozenset((Scope.WRITE,)), person="ann")
    assert isinstance(watched.cabinet, SqliteCabinet)
    with client_of(watched) as client:
        headers = {"authorization": f"Bearer {token.text}"}
        with watched.cabinet.writing():
            answer = client.post("/people/me/messages", json={"text": DANGER}, headers=headers)
        assert answer.status_code == 202
    assert (Act.CRISIS, "suicide") in acts(watched)


def test_where_no_more_are_answered_who_is_in_danger_is_heard_and_what_they_said_is_kept(
    watched: CompanionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "ANSWERED_MAX", 0)
    with client_of(watched) as client:
        refused = client.post("/people/ann/messages", json={"id": "m0", "text": "good morning"})
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert client.post("/people/ann/messages", json={"id": "m1", "text": DANGER}).status_code == 202
    assert [message.id for message in watched.companion.read("ann")] == ["m1"]
    assert watched.homeostat.snapshot("companion.refused", status=503).total == 1


def test_a_stranger_is_refused_as_always(watched: CompanionNode) -> None:
    with client_of(watched) as client:
        answer = client.post(
            "/people/ann/messages", json={"text": DANGER}, headers={"authorization": "Bearer swordfish"}
        )
        assert answer.status_code == 401


def test_what_fails_keeps_nothing_else_from_being_done() -> None:
    noted: list[tuple[Act, str, str]] = []
    stopped: list[str] = []

    def broken(person: str) -> None:
        raise RuntimeError

    def hook(person: str, heard: Heard) -> None:
        raise ConnectionError

    host = BareHost()
    desk = CrisisDesk(
        host, lambda act, person, about: noted.append((act, person, about)), (broken, stopped.append), hook
    )
    heard = desk.heard(DANGER)
    assert heard is not None
    desk.stop("ann")
    desk.note("ann", heard)
    desk.tell("ann", heard)
    assert stopped == ["ann"]
    assert noted == [(Act.CRISIS, "ann", "suicide"), (Act.CRISIS_TOLD, "ann", "failed")]
    assert host.total("companion.crisis.hooks", told="failed") == 1


def test_the_hook_is_told_again_until_it_listens(receiver: NoticeReceiver) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            receiver.status = 204

    receiver.status = 503
    tell = crisis_hook(receiver.url, {"HOMEOSTAT_CRISIS_TOKEN": "swordfish"}, wait)
    tell("ann", Heard(kind=Kind.SUICIDE, help="", at_us=1))
    assert len(receiver.bodies) == 3
    assert receiver.headers[0]["authorization"] == "Bearer swordfish"
    assert waits == [0.5, 2.0]


def test_a_hook_that_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="not 'example'"):
        crisis_hook("example")
