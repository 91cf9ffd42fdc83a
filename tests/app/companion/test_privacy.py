"""Claims about privacy: what people say is in no file as they said it, in no log, no metric and no span."""

import logging
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import POLICY, CompanionOptions
from homeostat.companion.access.grant import Scope

WORD = "mandragora"


def test_a_word_that_was_said_is_in_no_file_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "companion"
    node = CompanionNode(CompanionOptions(folder, policy=POLICY))
    token = node.access.issue(frozenset(Scope))[0].text
    with TestClient(create_companion_app(node), headers={"authorization": f"Bearer {token}"}) as client:
        for number in range(80):
            text = f"the {WORD} number {number} is in the garden of {WORD}s"
            client.post("/people/ann/messages", json={"id": f"m{number}", "text": text, "author": "Ann"})
        node.enrichment.catch_up("ann")
        client.get(f"/people/ann/search?q={WORD}")
        client.patch("/people/ann/messages/m1", json={"text": f"no {WORD} any more"})
        client.delete("/people/ann/messages/m2")
        client.post("/people/ann/messages", content=f'{{"text": "{WORD}", "{WORD}": 1}}')
        client.post("/people/ann/messages", json={"id": "m3", "text": f"another {WORD}"})
        client.post("/people/ann/messages/bulk", content=f'{WORD}\n{{"text": "", "id": "{WORD}"}}\n')
        assert client.get("/people/ann/mirror").status_code == 200
        assert client.get("/people/ann/palace/rooms").status_code == 200
        node.homeostat.flush()
        found = [path for path in folder.rglob("*") if path.is_file() and WORD in _text(path)]
        assert found == []
        client.delete("/people/ann")
    node.close()
    assert [path for path in folder.rglob("*") if path.is_file() and WORD in _text(path)] == []
    assert WORD not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx2")


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1").lower()
