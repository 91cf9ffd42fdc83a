"""Claims about a companion's node that cannot be made: nothing of it is left open."""

import threading
from pathlib import Path

import psutil
import pytest

from homeostat.app.companion import node as module
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.core.errors import ConfigError, HomeostatError, StoreError
from homeostat.testing.digest_embedder import DigestEmbedder
from homeostat.testing.eventually import until

BY_MEANING = ("Dread", "Turns")
"""What is made only where there is an embedder."""


class Fails:
    """A part that cannot be made, whichever way one tries."""

    def __call__(self, *_: object, **__: object) -> None:
        """Fail."""
        raise StoreError("injected")

    def __getattr__(self, name: str) -> None:
        raise StoreError("injected")


def steps() -> list[str]:
    """Return what the node makes of other modules, by name."""
    wired = [made for name, made in vars(CompanionNode).items() if name.startswith("_set_out")]
    used = {name for made in wired for name in made.__code__.co_names}
    ours = {
        name
        for name, value in vars(module).items()
        if callable(value) and value.__module__.startswith("homeostat.")
    }
    return sorted(used & ours)


def files_in(folder: Path) -> list[str]:
    """Return the files under a folder that this process has open."""
    return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(folder))]


class ClosedEmbedder(DigestEmbedder):
    """An embedder that knows whether it was closed."""

    closed = 0

    def close(self) -> None:
        """Count it."""
        self.closed += 1


def test_there_are_some_forty_steps_each_of_which_may_fail() -> None:
    assert {"open_store", "people_at", "cabinet_at", "Homeostat", "Models", "Threads", "Door"} <= set(steps())
    assert len(steps()) > 35


@pytest.mark.parametrize(
    "step",
    [pytest.param(step, marks=pytest.mark.long) if step in BY_MEANING else step for step in steps()],
)
def test_whatever_cannot_be_made_leaves_no_thread_and_no_file_open(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    monkeypatch.setattr(module, step, Fails())
    options = CompanionOptions(tmp_path / "companion", crisis_hook="https://example.org")
    with pytest.raises(HomeostatError, match="injected"):
        CompanionNode(options, DigestEmbedder() if step in BY_MEANING else None)
    until(lambda: set(threading.enumerate()) <= before)
    assert files_in(tmp_path) == []


def test_a_model_that_cannot_be_opened_lets_go_of_those_before_it(tmp_path: Path) -> None:
    embedder = ClosedEmbedder()
    with pytest.raises(ConfigError):
        CompanionNode(CompanionOptions(tmp_path / "companion", pictures="nonsense"), embedder)
    assert embedder.closed == 1
    assert files_in(tmp_path) == []


def test_a_node_that_was_closed_is_closed_and_closing_it_again_changes_nothing(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    node = CompanionNode(CompanionOptions(tmp_path / "companion"))
    assert files_in(tmp_path) != []
    node.close()
    node.close()
    until(lambda: set(threading.enumerate()) <= before)
    assert files_in(tmp_path) == []
