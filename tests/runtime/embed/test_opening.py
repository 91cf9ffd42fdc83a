"""Opening an embedder by its setting."""

from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError, EmbedderError, NotAvailable
from homeostat.runtime.embed.endpoint import EndpointEmbedder
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.runtime.embed.opening import embedder_at
from homeostat.runtime.embed.static import Static
from homeostat.testing.bare_host import BareHost
from homeostat.testing.simulated_model.serving import served_model


def test_each_setting_opens_its_embedder(made_models: Path) -> None:
    host = BareHost()
    assert embedder_at(host, "none", {}) is None
    assert isinstance(embedder_at(host, "minilm", {}, made_models), MiniLm)
    assert isinstance(embedder_at(host, "static", {}, made_models), Static)
    with served_model() as url:
        found = embedder_at(host, f"{url}?model=text-embedding-3-small&dimensions=64", {})
        assert isinstance(found, EndpointEmbedder)
        assert found.embed(["a"]).shape == (1, 64)
        assert found.model.endswith("/text-embedding-3-small/64")
        found.close()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("bert", "no embedder is named 'bert': give none, minilm"),
        ("", "no embedder is named ''"),
        ("https://a.example/v1", r"needs \?model=NAME"),
        ("https://a.example/v1?model=m&key=x", r"takes &dimensions=NUMBER, and nothing else"),
        ("https://a.example/v1?model=m&dimensions=many", "whole number, not 'many'"),
        ("https://a.example/v1?model=m&dimensions=0", "whole number, not '0'"),
        ("https://user:word@a.example/v1?model=m", "keys go into HOMEOSTAT_ENDPOINT_KEY"),
    ],
)
def test_a_setting_that_says_nothing_is_refused(setting: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        embedder_at(BareHost(), setting, {})


def test_what_is_not_built_is_said_with_the_remedy(tmp_path: Path) -> None:
    for setting in ("minilm", "static", "minilm-gpu"):
        with pytest.raises(NotAvailable, match="homeostat embedder build"):
            embedder_at(BareHost(), setting, {}, tmp_path)


def test_an_endpoint_that_does_not_answer_is_said_at_once() -> None:
    with pytest.raises(EmbedderError, match="cannot be asked"):
        embedder_at(BareHost(), "http://127.0.0.1:1/v1?model=m", {})
