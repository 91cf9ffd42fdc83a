"""Claims about a model that words scenes: it rests on the sources, or the grammar tells them."""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence

import pytest

from homeostat.companion.dream import wording
from homeostat.companion.dream.session import Session
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.errors import NotAvailable
from homeostat.testing.dreamers import LIFE, Dreamers


class Model:
    """A model that answers by a function of the memories that it was given."""

    model = "made-up"

    def __init__(self, answer: Callable[[list[dict[str, str]]], str]) -> None:
        self._answer = answer
        self.calls = 0

    def write(self, messages: Sequence[dict[str, str]], tokens_max: int) -> str:
        """Answer."""
        self.calls += 1
        return self._answer(json.loads(messages[1]["content"])["memories"])


def faithful(memories: list[dict[str, str]]) -> str:
    """Tell each memory in other words around its own."""
    return " ".join(
        f"You are there again and hear: {one['words'].rstrip('.!?')}. [{one['n']}]" for one in memories * 2
    )


def dreamt(people: SqlitePeople, model: Model) -> tuple[Dreamers, Session]:
    """Dream with a model."""
    dreamers = Dreamers(people, model)
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    return dreamers, dreamers.dream("ann")


def test_a_model_that_rests_on_its_sources_tells_the_scenes(people: SqlitePeople) -> None:
    dreamers, session = dreamt(people, Model(faithful))
    assert {scene.told_by for scene in session.scenes} == {"made-up"}
    messages = dreamers.messages("ann")
    assert not any(untraced(scene, messages) for scene in session.scenes)
    assert dreamers.diary("ann")[0].scenes == tuple(session.scenes)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I am sorry, I cannot help with that.",
        "You sail to Atlantis with Napoleon. [1] You find 99 coins. [2]",
        "You are in Lisbon.",
        "You are in Lisbon. [7] You are in Graz. [0]",
        "[1] [2] [3]",
        "\ud7ff\0\x1b[31m" * 50,
        "You hear the trams. [1] " * 1_000,
        '{"scene": "You hear the trams"}',
        "<b>You hear the trams.</b> [1] <i>You hear them.</i> [1]",
    ],
)
def test_rubbish_of_a_model_is_not_told(people: SqlitePeople, answer: str) -> None:
    _, session = dreamt(people, Model(lambda memories: answer))
    assert session.ended is not None
    assert session.ended.how == "whole"
    assert {scene.told_by for scene in session.scenes} == {"grammar"}


def test_a_model_that_fails_is_left_alone_for_a_while(people: SqlitePeople) -> None:
    def failing(memories: list[dict[str, str]]) -> str:
        raise NotAvailable("away")

    model = Model(failing)
    _, session = dreamt(people, model)
    assert len(session.scenes) == 6
    assert model.calls == 1


def test_a_model_that_stalls_keeps_no_dream_waiting(
    people: SqlitePeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "WAIT_S", 0.05)
    free = threading.Event()

    def stalled(memories: list[dict[str, str]]) -> str:
        free.wait(60.0)
        return ""

    model = Model(stalled)
    dreamers = Dreamers(people, model)
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")

    async def dreamed() -> Session:
        session = dreamers.dreams.begin("ann")
        await dreamers.dreams.run(session)
        free.set()
        return session

    session = asyncio.run(dreamed())
    assert model.calls == 1
    assert [scene.told_by for scene in session.scenes] == ["grammar"] * 6


def test_a_dream_is_stopped_while_a_model_stalls(people: SqlitePeople) -> None:
    free, begun = threading.Event(), threading.Event()

    def stalled(memories: list[dict[str, str]]) -> str:
        begun.set()
        free.wait(120.0)
        return ""

    dreamers = Dreamers(people, Model(stalled))
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")

    async def stopped() -> Session:
        session = dreamers.dreams.begin("ann")
        running = asyncio.create_task(dreamers.dreams.run(session))
        assert await asyncio.to_thread(begun.wait, 60)
        dreamers.dreams.stop("ann")
        await asyncio.wait_for(running, 60)
        free.set()
        return session

    session = asyncio.run(stopped())
    assert session.ended is not None
    assert session.ended.how == "stopped"
    assert not session.scenes
