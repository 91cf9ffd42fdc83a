"""Claims about security: every promise is tried on canaries, and a broken one is told."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import homeostat.companion.store.sqlite.people as sqlite_people
from homeostat.app.cli.main import build
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.canary_front import CanaryFront
from homeostat.app.companion.checks import security_of
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.access import Access
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Grant, Scope
from homeostat.companion.message import NewMessage
from homeostat.companion.security.figures import Figure
from homeostat.companion.security.life import NAMED
from homeostat.testing.eventually import eventually
from homeostat.testing.people_database import people_database

CHECKS = {"encryption", "integrity", "access", "authentication", "audit", "privacy"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "companion"


@pytest.fixture
def node(folder: Path) -> Iterator[CompanionNode]:
    """A companion whose canaries live when they are told to."""
    node = CompanionNode(CompanionOptions(folder))
    node.homeostat.knob_set.pin("companion_learning_share", 1.0)
    yield node
    node.close()


@pytest.fixture
def client(node: CompanionNode) -> Iterator[TestClient]:
    """An administrator, while the application runs."""
    token, _ = node.access.issue(frozenset(Scope))
    app = create_companion_app(node)
    with TestClient(app, headers={"authorization": f"Bearer {token.text}"}) as client:
        yield client


@pytest.fixture
def round_(node: CompanionNode, client: TestClient) -> Callable[[], dict[str, Figure]]:
    """Every check once, from the beginning to the end."""
    return rounds_of(node, client)


def rounds_of(node: CompanionNode, client: TestClient) -> Callable[[], dict[str, Figure]]:
    """Return what goes through every check of a companion that serves a client."""

    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert client.portal is not None
    front = CanaryFront(client.app, client.portal.call(loop))  # type: ignore[arg-type]

    def go() -> dict[str, Figure]:
        security_of(node, front).round()
        return node.figures.all()

    return go


Round = Callable[[], dict[str, Figure]]


def test_where_every_promise_is_kept_each_share_is_one_and_nothing_is_left_of_canaries(
    node: CompanionNode, client: TestClient, round_: Round, folder: Path
) -> None:
    client.post("/people/ann/messages", json={"text": "hello"})
    left = NewMessage(id="m", text="of a life that a killed process left", at_us=1)
    node.companion.receive_many(f"{NAMED}1700000000.00000000", [left])
    found = round_()
    assert {check: (figure.share, figure.faults) for check, figure in found.items()} == dict.fromkeys(
        CHECKS, (1.0, ())
    )
    assert found["access"].tried >= 17
    assert not [name for name in node.people.names("", 100) if name.startswith(NAMED)]
    assert not [grant for grant in node.access.all() if (grant.person or "").startswith(NAMED)]
    shown = client.get("/security").json()
    assert shown["checks"]["privacy"]["share"] == 1.0
    assert {plain["file"] for plain in shown["plain"]} >= {"homeostat.db", "access.db", "master.key"}
    told = CliRunner().invoke(build(), ["companion", "security", "--json", "--data", str(folder)])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["checks"]["audit"]["share"] == 1.0


def test_canaries_at_the_door_are_in_no_figure_of_peoples_refusals(
    node: CompanionNode, client: TestClient, round_: Round
) -> None:
    round_()
    assert Act.REFUSED not in {entry.act for _, entry in node.audit.entries()}


def test_a_door_that_opens_for_another_persons_token_is_told(
    round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Grant, "opens", lambda self, person: True)
    found = round_()["access"]
    assert found.share is not None
    assert found.share < 1
    assert any("another person's token" in fault for fault in found.faults)


def test_tokens_that_are_believed_after_their_end_are_told(
    round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Grant, "valid", lambda self, now_us: True)
    faults = round_()["access"].faults
    assert any("expired" in fault for fault in faults)
    assert any("revoked" in fault for fault in faults)


@pytest.mark.long
def test_a_door_that_lets_nobody_in_is_told(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grant, "valid", lambda self, now_us: False)
    assert round_()["authentication"].share == 0.0


def test_an_act_that_is_not_noted_is_told(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    note = Audit.note

    def forgetful(self: Audit, act: Act, by: str, **what: str) -> int:
        return 0 if act is Act.EXPORTED else note(self, act, by, **what)

    monkeypatch.setattr(Audit, "note", forgetful)
    found = round_()["audit"]
    assert found.faults == ("person.exported was done, and is not in the audit",)


def test_a_deletion_that_leaves_the_file_is_told(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_people, "destroy", lambda path: None)
    found = round_()["privacy"]
    assert found.share is not None
    assert found.share < 1
    assert ".db" in found.faults[0]


def test_a_deletion_that_leaves_the_tokens_is_told(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Access, "forget", lambda self, person: 0)
        faults = round_()["privacy"].faults
    assert "a token of somebody who was forgotten still opens" in faults
    assert any("access.db" in fault for fault in faults)  # with the name


def test_a_table_of_jobs_that_holds_what_somebody_said_is_told(
    node: CompanionNode, round_: Round, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive_many = node.companion.receive_many
    leak = sqlite3.connect(folder / "jobs.db", check_same_thread=False)
    leak.execute("CREATE TABLE leak (text)")

    def leaking(person: str, messages: list[object]) -> list[int]:
        leak.execute("INSERT INTO leak VALUES (?)", (str(messages),))
        leak.commit()
        return receive_many(person, messages)  # type: ignore[arg-type]

    monkeypatch.setattr(node.companion, "receive_many", leaking)
    faults = round_()["privacy"].faults
    leak.close()
    assert any("jobs.db" in fault for fault in faults)


def test_an_export_that_lacks_messages_is_told(
    node: CompanionNode, round_: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.companion.exchange.archive._lines", lambda page: b"")
    assert "an export lacks 39 of 39 messages" in " ".join(round_()["privacy"].faults)


def test_a_plain_file_among_the_memories_is_told(client: TestClient, round_: Round, folder: Path) -> None:
    client.post("/people/ann/messages", json={"text": "hello"})
    part = next((folder / "people" / "people").glob("??"))
    (part / ("0" * 32 + ".db")).write_bytes(b"SQLite format 3\0" + b"somebody said this. " * 1_000)
    found = round_()["encryption"]
    assert found.share is not None
    assert found.share < 0.95
    assert "0" * 32 in found.faults[0]


def test_a_server_that_stops_in_the_middle_of_a_life_leaves_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.app.companion.background.SECURITY_S", 0.001)
    node = CompanionNode(CompanionOptions(folder, canaries=1))

    def living() -> bool:
        return any((grant.person or "").startswith(NAMED) for grant in node.access.all())

    with TestClient(create_companion_app(node)):
        asyncio.run(eventually(living))
    assert not living()
    assert not [name for name in node.people.names("", 100) if name.startswith(NAMED)]
    node.close()


@pytest.mark.long
def test_people_in_a_database_are_checked_as_far_as_can_be_seen_from_here(
    tmp_path: Path, postgres_url: str
) -> None:
    with people_database(postgres_url) as database:
        node = CompanionNode(CompanionOptions(tmp_path / "companion", database.application))
        with TestClient(create_companion_app(node)) as client:
            found = rounds_of(node, client)()
        node.close()
    assert {check: figure.share for check, figure in found.items()} == {
        **dict.fromkeys(CHECKS, 1.0),
        "encryption": None,
    }
    assert "sealed" in found["encryption"].note


@pytest.mark.long
def test_an_audit_that_keeps_more_than_it_should_is_told(node: CompanionNode, round_: Round) -> None:
    node.audit._kept_max = 3
    for _ in range(3):
        Audit(node.cabinet.trail, node.audit._key, node.clock).note(Act.EXPORTED, "t")
    node.audit.note = Audit(node.cabinet.trail, node.audit._key, node.clock).note  # type: ignore[method-assign]
    assert any("beyond its retention" in fault for fault in round_()["privacy"].faults)


def test_figures_outlast_the_server(node: CompanionNode, round_: Round, folder: Path) -> None:
    at_us = round_()["privacy"].at_us
    again = CompanionNode(CompanionOptions(folder))
    assert again.figures.all()["privacy"].at_us == at_us
    again.close()
