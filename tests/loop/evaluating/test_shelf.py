"""Claims about the shelf of evaluators and the embedder that they share."""

from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.evaluate.evaluators import names, shipped
from homeostat.loop.evaluating.shelf import Shelf
from homeostat.runtime.embed import built
from homeostat.testing.bare_host import BareHost
from homeostat.testing.digest_embedder import DigestEmbedder

EMBEDDING = [name for name in names() if shipped(name).embedder]
PLAIN = [name for name in names() if not shipped(name).embedder]


@pytest.fixture
def nothing_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert built.status(built.default_folder(), built.MINILM).fault


@pytest.mark.usefixtures("nothing_built")
def test_without_a_built_model_they_judge_by_words_alone() -> None:
    shelf = Shelf(BareHost(), {})
    for name in names():
        assert shelf.get(name).name == name


@pytest.mark.usefixtures("nothing_built")
def test_an_embedder_that_was_asked_for_and_is_not_there_is_an_error_of_who_needs_it() -> None:
    shelf = Shelf(BareHost(), {})
    shelf.use("minilm")
    assert shelf.get(PLAIN[0]).name == PLAIN[0]
    for _ in range(2):
        with pytest.raises(NotAvailable, match="homeostat embedder build"):
            shelf.get(EMBEDDING[0])


def test_an_open_embedder_is_used_and_each_evaluator_made_once() -> None:
    embedder = DigestEmbedder()
    shelf = Shelf(BareHost(), {})
    shelf.use(embedder)
    assert shelf.get(EMBEDDING[0]) is shelf.get(EMBEDDING[0])
    shelf.use("none")
    assert shelf.get(EMBEDDING[0]).name == EMBEDDING[0]


def test_settings_and_names_that_are_none_are_refused() -> None:
    shelf = Shelf(BareHost(), {})
    with pytest.raises(ConfigError, match="no evaluator is named"):
        shelf.get("beauty")
    shelf.use("beauty")
    with pytest.raises(ConfigError, match="no embedder is named 'beauty'"):
        shelf.get(EMBEDDING[0])
