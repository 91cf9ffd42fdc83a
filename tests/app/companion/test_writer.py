"""Claims about the writer: where a model is set it words a reply, and each reply says who wrote it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope
from homeostat.companion.writer import writer_at
from homeostat.core.errors import ConfigError
from homeostat.testing.bare_host import BareHost
from homeostat.testing.child import Child


def test_a_reply_says_which_model_wrote_it(tmp_path: Path) -> None:
    quick = ["--overhead-ms", "5", "--prefill-rate", "100000", "--decode-rate", "10000"]
    with Child("homeostat.testing.simulated_model", ["--port", "0", *quick]) as model:
        options = CompanionOptions(tmp_path / "companion", writer=f"{model.url}/v1?model=gpt-4o-mini")
        node = CompanionNode(options)
        token = node.access.issue(frozenset(Scope))[0].text
        with TestClient(create_companion_app(node), headers={"authorization": f"Bearer {token}"}) as client:
            client.post("/people/ann/messages", json={"text": "I would rather cook at home", "k": 0})
            answer = client.post("/people/ann/mirror/reply", json={"turns": [{"text": "What shall we eat?"}]})
        node.close()
    reply = answer.json()["reply"]
    assert reply["written_by"] == "model:gpt-4o-mini"
    assert reply["text"]


def test_without_a_model_none_is_asked(tmp_path: Path) -> None:
    assert writer_at(BareHost(), "none", {}) is None


@pytest.mark.parametrize("setting", ["", "gpt", "http://a.example", "http://a.example?model=m&key=secret"])
def test_a_setting_that_makes_no_sense_is_refused_and_not_quoted(setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        writer_at(BareHost(), setting, {})
    assert "secret" not in str(caught.value)
