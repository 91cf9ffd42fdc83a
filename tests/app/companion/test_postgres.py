"""Claims about a companion whose people are in PostgreSQL: all of it works as in files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope
from homeostat.companion.access.postgres_cabinet import PostgresCabinet
from homeostat.testing.dreamers import LIFE
from homeostat.testing.people_database import people_database


@pytest.fixture
def nodes(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[CompanionNode]]:
    """Two servers before one database, with one master key."""
    monkeypatch.setenv("HOMEOSTAT_COMPANION_KEY", "00" * 32)
    with people_database(postgres_url) as database:
        nodes = [CompanionNode(CompanionOptions(tmp_path / name, database.application)) for name in "ab"]
        yield nodes
        for node in nodes:
            node.close()


def test_what_one_server_was_told_another_finds_and_forgets(nodes: list[CompanionNode]) -> None:
    one, other = nodes
    assert isinstance(one.cabinet, PostgresCabinet)
    token = one.access.issue(frozenset(Scope))[0].text
    header = {"authorization": f"Bearer {token}"}
    with (
        TestClient(create_companion_app(one), headers=header) as first,
        TestClient(create_companion_app(other), headers=header) as second,
    ):
        for number in range(30):
            body = {"id": f"m{number}", "text": f"umbrella number {number}", "k": 3}
            assert (first, second)[number % 2].post("/people/ann/messages", json=body).status_code == 201
        hits = second.get("/people/ann/search?q=umbrella+number+28").json()["hits"]
        assert hits[0]["message"]["id"] == "m28"
        archive = second.get("/people/ann/export").content
        assert first.post("/people/zoe/import", content=archive).json()["whole"]
        one.enrichment.catch_up("ann")
        assert first.get("/people/ann/palace/rooms").json()["rooms"]
        assert second.delete("/people/ann").status_code == 204
        assert first.get("/people/ann").status_code == 404
        assert first.post("/people/ann/messages", json={"text": "another life"}).json()["seq"] == 1
        assert first.get("/audit?verify=1").status_code == 200
        assert second.get("/audit?verify=1").json() == first.get("/audit?verify=1").json()


def test_what_was_dreamed_at_one_server_stands_in_the_diary_at_another_and_goes_with_its_sources(
    nodes: list[CompanionNode],
) -> None:
    one, other = nodes
    header = {"authorization": f"Bearer {one.access.issue(frozenset(Scope))[0].text}"}
    dreams = "/people/ann/dreams"
    with (
        TestClient(create_companion_app(one), headers=header) as first,
        TestClient(create_companion_app(other), headers=header) as second,
    ):
        for number, text in enumerate(LIFE):
            body = {"id": f"m{number + 1}", "text": text}
            assert (first, second)[number % 2].post("/people/ann/messages", json=body).status_code == 201
        assert second.put(f"{dreams}/wishes", json={"consent": True}).status_code == 200
        assert first.post(dreams, json={}).status_code == 201
        with first.stream("GET", f"{dreams}/now") as answer:
            *_, last = (json.loads(line) for line in answer.iter_lines())
        assert last["how"] == "whole"
        (dream,) = second.get(dreams).json()["dreams"]
        gone = {source for claim in dream["scenes"][0]["claims"] for source in claim["sources"]}
        for seq in gone:
            assert second.delete(f"/people/ann/messages/m{seq}").status_code == 204
        (dream,) = first.get(dreams).json()["dreams"]
        kept = {
            source for scene in dream["scenes"] for claim in scene["claims"] for source in claim["sources"]
        }
        assert kept
        assert not kept & gone
